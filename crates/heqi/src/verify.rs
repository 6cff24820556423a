//! `heqi verify`: whether a result follows from its inputs, claim by claim.

use heqi_domain::Lang;
use heqi_results::{Finding, Unsound, Verified, VerifyError};
use serde_json::json;

use crate::arguments::Verify;
use crate::failure::{Failure, Kind};
use crate::input::cannot_open;
use crate::reading::name_of;
use crate::terminal::{Paint, Terminal, Watch, count, say};

/// Findings told one by one without `--verbose`.
const TOLD: usize = 20;

/// Runs the command.
///
/// # Errors
/// The folder holds no result, or the result does not hold.
pub fn run(arguments: &Verify, terminal: &Terminal) -> Result<(), Failure> {
    let folder = name_of(&arguments.folder);
    let mut watch = Watch::new(terminal);
    let verified = heqi_results::verify(&arguments.folder, &watch);
    watch.finish();
    match verified {
        Ok(verified) => {
            if arguments.json {
                terminal.data(&machine(&folder, Some(&verified), &[])?)
            } else if terminal.quiet {
                Ok(())
            } else {
                terminal.data(&passed(&folder, &verified, terminal))
            }
        }
        Err(VerifyError::Unsound(unsound)) => {
            if arguments.json {
                terminal.data(&machine(&folder, None, &unsound.findings)?)?;
            } else if !terminal.quiet {
                terminal.data(&findings(&unsound, terminal))?;
            }
            Err(verdict(&unsound, terminal))
        }
        Err(error) => Err(explain(&error, arguments, terminal)),
    }
}

fn machine(
    folder: &str,
    verified: Option<&Verified>,
    findings: &[Finding],
) -> Result<String, Failure> {
    let proved = verified.map(|Verified { plan, files, checked, from_tables, repeated }| {
        json!({
            "plan": plan,
            "files": files,
            "lines": { "ours": checked.lines[0], "theirs": checked.lines[1] },
            "pairs": checked.pairs,
            "groups": checked.groups,
            "residuals": checked.residuals,
            "discrepancies": checked.discrepancies,
            "bridges": checked.blocks,
            "from_tables": from_tables,
            "repeated": repeated,
        })
    });
    let report = json!({
        "ok": verified.is_some(),
        "folder": folder,
        "proved": proved,
        "findings": findings,
    });
    serde_json::to_string_pretty(&report)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))
}

fn passed(folder: &str, verified: &Verified, terminal: &Terminal) -> String {
    let checked = &verified.checked;
    let plan = verified.plan.get(..12).unwrap_or(&verified.plan);
    let groups = count(checked.pairs + checked.groups);
    let lines = count(checked.lines[0] + checked.lines[1]);
    let (residuals, rows) = (count(checked.residuals), count(checked.discrepancies));
    let (blocks, files) = (count(checked.blocks), count(verified.files));
    let title = say!(terminal, "{folder}：复核通过", "{folder}: verified");
    let body = say!(
        terminal,
        "  {lines} 行明细各在一处；{groups} 组、{residuals} 行未达、{rows} 项差异逐一复核\n  \
         {blocks} 份余额调节表全部平衡；{files} 份结果文件与原始文件未经改动\n",
        "  {lines} lines stand in one place each; {groups} groups, {residuals} residuals and \
         {rows} discrepancies were proved again\n  {blocks} bridges close; {files} files and \
         both inputs are unchanged\n"
    );
    let repeated = match verified.repeated {
        true => say!(
            terminal,
            "  按同一规则重新核对，结果逐字节一致（计划摘要 {plan}…）\n",
            "  the run was repeated and gave the same bytes (plan {plan}…)\n"
        ),
        false => say!(
            terminal,
            "  结果由其他版本写出，未重新核对（计划摘要 {plan}…）\n",
            "  written by another version, so the run was not repeated (plan {plan}…)\n"
        ),
    };
    format!("{}\n{body}{repeated}", terminal.paint(Paint::Good, &title))
}

fn findings(unsound: &Unsound, terminal: &Terminal) -> String {
    let told = if terminal.verbose { Unsound::MOST } else { TOLD };
    let mut text = String::new();
    for finding in unsound.findings.iter().take(told) {
        text.push_str(&finding.say(terminal.lang));
        text.push('\n');
    }
    let shown = unsound.findings.len().min(told) as u64;
    if unsound.total > shown {
        let rest = count(unsound.total - shown);
        text.push_str(&say!(terminal, "另有 {rest} 处\n", "and {rest} more\n"));
    }
    text
}

fn verdict(unsound: &Unsound, terminal: &Terminal) -> Failure {
    let number = count(unsound.total);
    if unsound.only_missing_inputs() {
        let message = say!(
            terminal,
            "有 {number} 份原始文件找不到，无法复核",
            "{number} input files are not where they were; nothing can be proved"
        );
        let hint = terminal.pick(
            "把原始文件放回原处，或放到结果目录旁边",
            "put them back, or beside the result folder",
        );
        return Failure::new(Kind::Input, message).hint(hint);
    }
    let message = say!(
        terminal,
        "复核不通过，有 {number} 处问题，这份结果不能作为依据",
        "verification failed with {number} findings; do not rely on this result"
    );
    let hint = terminal.pick("用原始文件重新核对", "match the original files again");
    Failure::new(Kind::Integrity, message).hint(hint)
}

fn explain(error: &VerifyError, arguments: &Verify, terminal: &Terminal) -> Failure {
    match error {
        VerifyError::Cancelled => {
            Failure::new(Kind::Interrupted, terminal.pick("已中断，未完成复核", "interrupted"))
        }
        VerifyError::Io { path, source } => cannot_open(path, source, terminal),
        _ if !arguments.folder.exists() => {
            cannot_open(&arguments.folder, &std::io::ErrorKind::NotFound.into(), terminal)
        }
        VerifyError::NotAResult { path, what } => {
            let path = path.display();
            let message = match terminal.lang {
                Lang::Zh => format!("{path} 不是 Heqi 的结果目录（{what}）"),
                Lang::En => format!("{path} is no result of Heqi: {what}"),
            };
            Failure::new(Kind::Input, message).hint(terminal.pick(
                "给出 heqi match --out 写出的目录",
                "name the folder that heqi match --out wrote",
            ))
        }
        VerifyError::Unsound(unsound) => verdict(unsound, terminal),
    }
}
