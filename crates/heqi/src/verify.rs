//! `heqi verify`: whether a result folder is as it was written, and stands on the same inputs.

use std::path::{Path, PathBuf};

use heqi_results::{InputRecord, SUMMARY_FILE, Summary, digest_of};
use serde::Serialize;

use crate::arguments::Verify;
use crate::failure::{Failure, Kind};
use crate::input::{STDIN, cannot_open};
use crate::terminal::{Paint, Terminal, count, say};

/// The one file that no digest covers: it says when and how long.
const TIMINGS: &str = "timings.json";

/// What is wrong, in the order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Code {
    /// `summary.json` is not what its seal covers.
    SealBroken,
    /// A file of the result is not what was written.
    FileChanged,
    /// A file of the result is gone.
    FileMissing,
    /// A file that the result does not name.
    FileAdded,
    /// An input is not the file that was matched.
    InputChanged,
    /// An input is not where it was; it cannot be checked.
    InputMissing,
}

impl Code {
    const fn words(self, terminal: &Terminal) -> &'static str {
        match self {
            Self::SealBroken => terminal.pick("封签不符，汇总被改过", "its seal is broken"),
            Self::FileChanged => terminal.pick("内容被改过", "was changed"),
            Self::FileMissing => terminal.pick("文件缺失", "is missing"),
            Self::FileAdded => terminal.pick("不是结果的一部分", "is not part of the result"),
            Self::InputChanged => {
                terminal.pick("与核对时的文件不同", "is not the file that was matched")
            }
            Self::InputMissing => terminal.pick("找不到，未能复核", "not found, not checked"),
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Serialize)]
struct Finding {
    code: Code,
    place: String,
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    folder: String,
    plan: &'a str,
    files: usize,
    findings: &'a [Finding],
}

/// Runs the command.
///
/// # Errors
/// The folder holds no result, or does not agree with what was written.
pub fn run(arguments: &Verify, terminal: &Terminal) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let summary = read_summary(folder, terminal)?;
    let mut findings = Vec::new();
    if summary.seal != summary.seal_of() {
        findings.push(Finding { code: Code::SealBroken, place: SUMMARY_FILE.to_owned() });
    }
    files(folder, &summary, &mut findings, terminal)?;
    for input in [&summary.inputs.ours, &summary.inputs.theirs] {
        findings.extend(check_input(folder, input));
    }
    let report = Report {
        ok: findings.is_empty(),
        folder: folder.to_string_lossy().into_owned(),
        plan: &summary.plan,
        files: summary.files.len() + 1,
        findings: &findings,
    };
    if arguments.json {
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
        terminal.data(&(text + "\n"))?;
    } else if !terminal.quiet {
        terminal.data(&render(&report, terminal))?;
    }
    verdict(&findings, terminal)
}

fn verdict(findings: &[Finding], terminal: &Terminal) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    let number = count(findings.len() as u64);
    if findings.iter().all(|finding| finding.code == Code::InputMissing) {
        let message = say!(
            terminal,
            "有 {number} 份输入文件找不到，复核不完整",
            "{number} input files are not where they were; the check is incomplete"
        );
        let hint = terminal.pick("把原文件放回原处后重试", "put them back and try again");
        return Err(Failure::new(Kind::Input, message).hint(hint));
    }
    let message = say!(
        terminal,
        "复核不通过，有 {number} 处问题，这份结果不能作为依据",
        "verification failed with {number} findings; do not rely on this result"
    );
    let hint = terminal.pick("用原文件重新核对", "match the original files again");
    Err(Failure::new(Kind::Integrity, message).hint(hint))
}

fn read_summary(folder: &Path, terminal: &Terminal) -> Result<Summary, Failure> {
    let path = folder.join(SUMMARY_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => {
            let folder = folder.display();
            let message = say!(
                terminal,
                "{folder} 不是 Heqi 的结果目录（没有 {SUMMARY_FILE}）",
                "{folder} is no result of Heqi (it has no {SUMMARY_FILE})"
            );
            return Err(Failure::new(Kind::Input, message));
        }
        Err(error) => return Err(cannot_open(folder, &error, terminal)),
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        let path = path.display();
        let message = say!(terminal, "{path} 已损坏：{error}", "{path} is damaged: {error}");
        Failure::new(Kind::Integrity, message)
    })
}

/// Every file that the summary names, and none beside.
fn files(
    folder: &Path,
    summary: &Summary,
    findings: &mut Vec<Finding>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    for file in &summary.files {
        let code = match digest_of(&folder.join(&file.name)) {
            Ok((bytes, sha256)) if (bytes, &sha256) == (file.bytes, &file.sha256) => continue,
            Ok(_) => Code::FileChanged,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Code::FileMissing,
            Err(error) => return Err(cannot_open(&folder.join(&file.name), &error, terminal)),
        };
        findings.push(Finding { code, place: file.name.clone() });
    }
    let entries =
        std::fs::read_dir(folder).map_err(|error| cannot_open(folder, &error, terminal))?;
    let mut added: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name != SUMMARY_FILE && name != TIMINGS)
        .filter(|name| summary.files.iter().all(|file| file.name != *name))
        .collect();
    added.sort();
    findings.extend(added.into_iter().map(|place| Finding { code: Code::FileAdded, place }));
    Ok(())
}

/// The input where it was read, else of the same name beside the result.
fn check_input(folder: &Path, input: &InputRecord) -> Option<Finding> {
    let finding = |code, place: &Path| Finding { code, place: place.display().to_string() };
    let first = PathBuf::from(&input.path);
    if input.path == STDIN {
        return Some(finding(Code::InputMissing, &first));
    }
    let beside = folder.parent().map(|parent| parent.join(&input.name));
    let mut found = None;
    for path in [Some(first.clone()), beside].into_iter().flatten() {
        match digest_of(&path) {
            Ok((_, sha256)) if sha256 == input.sha256 => return None,
            Ok(_) => found = found.or(Some(path)),
            Err(_) => {}
        }
    }
    Some(match found {
        Some(path) => finding(Code::InputChanged, &path),
        None => finding(Code::InputMissing, &first),
    })
}

fn render(report: &Report, terminal: &Terminal) -> String {
    let (folder, files) = (&report.folder, report.files);
    if report.ok {
        let plan = report.plan.get(..12).unwrap_or(report.plan);
        let passed = say!(
            terminal,
            "{folder}：复核通过。{files} 份结果文件与 2 份原始文件都没有改动（计划摘要 {plan}…）",
            "{folder}: verified. {files} files of the result and 2 inputs are unchanged \
             (plan {plan}…)"
        );
        return terminal.paint(Paint::Good, &passed) + "\n";
    }
    let mut text = String::new();
    for finding in report.findings {
        let (place, words) = (&finding.place, finding.code.words(terminal));
        text.push_str(&say!(terminal, "{place}：{words}\n", "{place}: {words}\n"));
    }
    text
}
