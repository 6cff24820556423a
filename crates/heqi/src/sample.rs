//! `heqi sample`: ledgers of an invented company, or the benchmark's pair.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use heqi_sample::{BenchSummary, Spec};

use crate::arguments::Sample;
use crate::failure::{Failure, Kind, cannot_write};
use crate::terminal::{Terminal, count, say};

/// Runs the command.
///
/// # Errors
/// The folder cannot be written, or holds other files.
pub fn run(arguments: &Sample, terminal: &Terminal) -> Result<(), Failure> {
    let folder = &arguments.out;
    prepare(folder, terminal)?;
    match arguments.bench {
        Some(lines) => bench(folder, lines, arguments.seed, terminal),
        None => company(arguments, terminal),
    }
}

/// Makes the folder. One that holds anything but a sample is left alone.
fn prepare(folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error, terminal))?;
    let entries =
        std::fs::read_dir(folder).map_err(|error| cannot_write(folder, &error, terminal))?;
    for entry in entries {
        let entry = entry.map_err(|error| cannot_write(folder, &error, terminal))?;
        let name = entry.file_name();
        if !FILES.iter().any(|ours| name == *ours) {
            let (folder, name) = (folder.display(), name.to_string_lossy().into_owned());
            let message = say!(
                terminal,
                "{folder} 已有其他文件（{name}），不写入",
                "{folder} holds other files ({name}); nothing was written"
            );
            return Err(Failure::new(Kind::Conflict, message).hint(
                terminal.pick("用 --out 换一个空目录", "choose an empty folder with --out"),
            ));
        }
    }
    Ok(())
}

/// Every file that a sample consists of.
const FILES: [&str; 3] = ["ours.csv", "theirs.csv", "truth.csv"];

/// A file of the sample, open for writing.
struct Page {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Page {
    fn new(folder: &Path, name: &str, terminal: &Terminal) -> Result<Self, Failure> {
        let path = folder.join(name);
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: BufWriter::with_capacity(1 << 20, file) }),
            Err(error) => Err(cannot_write(&path, &error, terminal)),
        }
    }

    fn write(
        mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        write(&mut self.file)
            .and_then(|()| self.file.flush())
            .map_err(|error| cannot_write(&self.path, &error, terminal))
    }
}

fn company(arguments: &Sample, terminal: &Terminal) -> Result<(), Failure> {
    let sample =
        heqi_sample::generate(&Spec::new(arguments.customers, arguments.lines, arguments.seed));
    let page = |name| Page::new(&arguments.out, name, terminal);
    page("ours.csv")?.write(|file| sample.write_ours(file), terminal)?;
    page("theirs.csv")?.write(|file| sample.write_theirs(file), terminal)?;
    page("truth.csv")?.write(|file| sample.write_truth(file), terminal)?;
    let name = &sample.company;
    terminal.note(&say!(terminal, "{name}（虚构）", "{name} (invented)"));
    said(&arguments.out, sample.ours.len() as u64, sample.theirs.len() as u64, terminal)
}

fn bench(folder: &Path, lines: u32, seed: u64, terminal: &Terminal) -> Result<(), Failure> {
    let pair = heqi_sample::bench_pair(lines, seed);
    let page = |name| Page::new(folder, name, terminal).map(|page| page.file);
    let (mut ours, mut theirs) = (page("ours.csv")?, page("theirs.csv")?);
    let mut truth = page("truth.csv")?;
    let summary = pair
        .write(&mut ours, &mut theirs, &mut truth)
        .and_then(|summary| {
            ours.flush()?;
            theirs.flush()?;
            truth.flush()?;
            Ok(summary)
        })
        .map_err(|error| cannot_write(folder, &error, terminal))?;
    let BenchSummary { ours, theirs, .. } = summary;
    said(folder, ours, theirs, terminal)
}

/// Says what was written and what to do with it.
fn said(folder: &Path, ours: u64, theirs: u64, terminal: &Terminal) -> Result<(), Failure> {
    if terminal.quiet {
        return Ok(());
    }
    let (ours, theirs, folder) = (count(ours), count(theirs), folder.display());
    terminal.data(&say!(
        terminal,
        "示例账已写入 {folder}：我方 {ours} 行，对方 {theirs} 行\n\
         试一试：heqi match {folder}/ours.csv {folder}/theirs.csv\n",
        "Sample in {folder}: {ours} lines ours, {theirs} theirs\n\
         Try: heqi match {folder}/ours.csv {folder}/theirs.csv\n"
    ))
}
