//! Files and standard input as sources of bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;

use heqi_intake::Source;

use crate::failure::{Failure, Kind, kind_of_io};
use crate::reading::stopped;
use crate::terminal::{Terminal, interrupted, say};

/// What standard input is called in messages and results.
pub const STDIN: &str = "-";

/// A file, read at offsets so that several threads can read at once.
struct FileSource {
    file: File,
    length: u64,
}

/// Standard input, taken into memory: it cannot be read at an offset.
struct Buffer(Vec<u8>);

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_once(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(unix)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

impl Source for Buffer {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.as_slice().read_at(offset, buffer)
    }
}

/// Opens a file, or takes standard input for `-`.
///
/// # Errors
/// The file is not there, is a folder, or may not be read.
pub fn open(path: &Path, terminal: &Terminal) -> Result<Box<dyn Source>, Failure> {
    if path.as_os_str() == STDIN {
        return read_stdin(terminal);
    }
    let file = File::open(path).map_err(|error| cannot_open(path, &error, terminal))?;
    let metadata = file.metadata().map_err(|error| cannot_open(path, &error, terminal))?;
    if metadata.is_dir() {
        let name = path.display();
        let message = say!(terminal, "{name} 是目录，不是文件", "{name} is a folder, not a file");
        return Err(Failure::new(Kind::Input, message));
    }
    if !metadata.is_file() {
        // A pipe or device has no length and no offsets.
        let bytes = drain(file, terminal)?;
        let bytes = bytes.map_err(|error| cannot_open(path, &error, terminal))?;
        return Ok(Box::new(Buffer(bytes)));
    }
    Ok(Box::new(FileSource { length: metadata.len(), file }))
}

fn read_stdin(terminal: &Terminal) -> Result<Box<dyn Source>, Failure> {
    let bytes = drain(io::stdin(), terminal)?.map_err(|error| {
        let what = terminal.pick("无法读取标准输入", "cannot read standard input");
        Failure::new(Kind::Input, format!("{what}: {error}"))
    })?;
    Ok(Box::new(Buffer(bytes)))
}

/// Takes a stream to its end. A read that waits for data cannot be stopped, so it waits on a
/// thread of its own while this one watches for Ctrl-C.
fn drain(
    mut stream: impl Read + Send + 'static,
    terminal: &Terminal,
) -> Result<io::Result<Vec<u8>>, Failure> {
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let result = stream.read_to_end(&mut bytes).map(|_| bytes);
        // Nobody listens any more after an interruption.
        drop(done.send(result));
    });
    loop {
        match ended.recv_timeout(std::time::Duration::from_millis(20)) {
            Ok(result) => return Ok(result),
            Err(_) if interrupted() => return Err(stopped(terminal)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(io::Error::other("the reading thread ended early")));
            }
        }
    }
}

/// Reads a small text file: a template, a rule set.
///
/// # Errors
/// The file is not there, may not be read, or is not UTF-8.
pub fn read_text(path: &Path, terminal: &Terminal) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| cannot_open(path, &error, terminal))
}

/// The failure of a file that cannot be opened, with a name nearby if there is one.
pub fn cannot_open(path: &Path, error: &io::Error, terminal: &Terminal) -> Failure {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let failure = Failure::new(
                Kind::Input,
                say!(terminal, "找不到文件 {name}", "file not found: {name}"),
            );
            match neighbor(path) {
                Some(near) => failure.hint(say!(
                    terminal,
                    "同一目录下有 {near}，是不是它？",
                    "did you mean {near}, which is in the same folder?"
                )),
                None => failure.hint(terminal.pick(
                    "检查路径和文件名，含空格时加引号",
                    "check the path; quote names with spaces",
                )),
            }
        }
        io::ErrorKind::PermissionDenied => Failure::new(
            Kind::Permission,
            say!(terminal, "没有权限读取 {name}", "no permission to read {name}"),
        )
        .hint(terminal.pick(
            "换有权限的账号运行，或把文件复制到自己的目录",
            "run as a user who may, or copy the file to a folder of your own",
        )),
        io::ErrorKind::InvalidData => Failure::new(
            Kind::Input,
            say!(terminal, "{name} 不是 UTF-8 文本", "{name} is not UTF-8 text"),
        )
        .hint(terminal.pick("以 UTF-8 另存后重试", "save it as UTF-8 and try again")),
        _ => Failure::new(
            kind_of_io(error),
            say!(terminal, "无法读取 {name}：{error}", "cannot read {name}: {error}"),
        ),
    }
}

/// The file of the same folder whose name is most like the missing one's.
fn neighbor(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names: Vec<String> = entries
        .take(1_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    crate::nearest::nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned)
}
