//! Words 用语 of the workbook that no other crate has.

use heqi_domain::{Lang, Reason};
use heqi_matching::{Pass, State, Verdict};

/// How far a line or group is decided, as an accountant says it.
pub const fn state(state: Option<State>, lang: Lang) -> &'static str {
    match state {
        Some(State::Settled) => lang.pick("已核对", "Settled"),
        Some(State::Differs) => lang.pick("有差异", "Differs"),
        Some(State::Suggested) => lang.pick("待确认", "To confirm"),
        None => lang.pick("未达", "Open"),
    }
}

/// How a group was found.
pub const fn pass(pass: Pass, lang: Lang) -> &'static str {
    match pass {
        Pass::Decided => lang.pick("人工勾对", "Decided by a person"),
        Pass::Contra => lang.pick("本方红蓝对冲", "Entry and reversal on one side"),
        Pass::Exact => lang.pick("单号金额一致", "Same number and amount"),
        Pass::SameReferenceSum => lang.pick("同单号合计一致", "Same number, sums agree"),
        Pass::SameReference => lang.pick("同单号金额不一致", "Same number, amounts differ"),
        Pass::Mentioned => lang.pick("摘要列明单号", "Numbers named in the memo"),
        Pass::VariantReference => lang.pick("单号写法不同", "Number written differently"),
        Pass::AmountDate => lang.pick("金额日期相符", "Amount and date"),
        Pass::Combination => lang.pick("多笔合计相符", "Several lines make one amount"),
        Pass::Diagnostic => lang.pick("疑似，仅供参考", "A hint only"),
    }
}

/// The reasons of a verdict, main reason first: `税差（日期不符）`.
pub fn verdict(verdict: Verdict, lang: Lang) -> String {
    let label = |reason: Reason| reason.label(lang);
    let notes: Vec<&str> = verdict.notes().map(label).collect();
    match (verdict.main, notes.is_empty()) {
        (None, _) => notes.join(lang.pick("、", ", ")),
        (Some(main), true) => label(main).to_owned(),
        (Some(main), false) => {
            let notes = notes.join(lang.pick("、", ", "));
            match lang {
                Lang::Zh => format!("{}（{notes}）", label(main)),
                Lang::En => format!("{} ({notes})", label(main)),
            }
        }
    }
}

/// The reason that a discrepancy is filed under.
pub fn filed_under(verdict: Verdict) -> Reason {
    verdict.main.or_else(|| verdict.notes().next()).unwrap_or(Reason::Unexplained)
}
