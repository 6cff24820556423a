//! How fast ledgers are read: `read_speed [--text] [--runs N] FILE…`.
//!
//! Prints, for each run, the seconds of each file and of all, lines and lines a second, and at
//! the end the peak of resident memory. Memos are left out unless `--text` is given.

use std::error::Error;
use std::fs::File;
use std::time::Instant;

use heqi_domain::{NoProgress, Side};
use heqi_intake::{ReadOptions, Source};

struct OnDisk {
    file: File,
    len: u64,
}

impl Source for OnDisk {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }
}

/// Peak resident memory of this process in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut runs, mut keep_text, mut paths) = (1, false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--text" => keep_text = true,
            "--runs" => runs = arguments.next().ok_or("--runs N")?.parse()?,
            _ => paths.push(argument),
        }
    }
    let mut totals = Vec::new();
    let mut lines = 0;
    for run in 0..runs {
        let start = Instant::now();
        let mut kept = Vec::new();
        for path in &paths {
            let begun = Instant::now();
            let file = File::open(path)?;
            let source = OnDisk { len: file.metadata()?.len(), file };
            let options = ReadOptions { keep_text, ..ReadOptions::new(Side::Ours) };
            let reading = heqi_intake::read(&source, path, &options, &NoProgress)?;
            println!(
                "run {run} {path}: {:.4} s, {} lines, {} rejects, sum {}",
                begun.elapsed().as_secs_f64(),
                reading.lines.len(),
                reading.rejects.len(),
                reading.inspection.sum,
            );
            kept.push(reading);
        }
        totals.push(start.elapsed().as_secs_f64());
        lines = kept.iter().map(|reading| reading.lines.len()).sum();
    }
    totals.sort_by(f64::total_cmp);
    let median = totals.get(totals.len() / 2).copied().unwrap_or_default();
    println!("median {median:.4} s of {runs}; {:.1} M lines/s", lines as f64 / median / 1e6);
    if let Some(peak) = peak() {
        println!("peak {} MB, {:.1} bytes a line", peak >> 20, peak as f64 / lines.max(1) as f64);
    }
    Ok(())
}
