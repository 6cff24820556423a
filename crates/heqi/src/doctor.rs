//! `heqi doctor`: everything on which the promises of a server rest, looked at.

use heqi_server::maintenance::doctor::{Finding, Level, doctor};
use serde_json::json;

use crate::arguments::Doctor;
use crate::books::with_existing;
use crate::failure::{Failure, Kind};
use crate::terminal::{Paint, Terminal, say};

/// Runs the command.
///
/// # Errors
/// The books cannot be opened, or a promise does not hold.
pub fn run(arguments: &Doctor, terminal: &Terminal) -> Result<(), Failure> {
    let findings = with_existing(&arguments.books, terminal, async |app| Ok(doctor(&app).await))?;
    let bad = findings.iter().filter(|finding| finding.level == Level::Bad).count();
    if arguments.json {
        let report = json!({ "ok": bad == 0, "findings": findings });
        let text = serde_json::to_string_pretty(&report);
        let text = text.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
        terminal.data(&(text + "\n"))?;
    } else {
        let lines: String = findings.iter().map(|finding| line(finding, terminal)).collect();
        terminal.data(&lines)?;
    }
    if bad > 0 {
        let what = say!(
            terminal,
            "体检不合格：{bad} 项有问题，处理办法见上",
            "{bad} findings are bad; what to do about each is said above"
        );
        return Err(Failure::new(Kind::Integrity, what));
    }
    Ok(())
}

fn line(finding: &Finding, terminal: &Terminal) -> String {
    let (paint, word) = match finding.level {
        Level::Ok => (Paint::Good, terminal.pick("正常", "ok  ")),
        Level::Warn => (Paint::Attention, terminal.pick("注意", "warn")),
        Level::Bad => (Paint::Bad, terminal.pick("异常", "bad ")),
    };
    let sentence = finding.sentence(terminal.lang);
    format!("{}  {:<18}  {sentence}\n", terminal.paint(paint, word), finding.code)
}
