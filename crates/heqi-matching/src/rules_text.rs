//! Each rule in words 规则说明, generated from the rule itself.

use heqi_domain::Lang;

use crate::ruleset::{References, RuleSet};

impl RuleSet {
    /// The rules that hold, one sentence each, in the order in which they run.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> Vec<String> {
        let pick = |zh: String, en: String| if lang == Lang::Zh { zh } else { en };
        let mut said = vec![match self.references {
            References::Folded => pick(
                "单号比较时忽略前缀、前导零、分隔符、年份和全半角".into(),
                "references are compared without prefix, zeros, separators, year and width".into(),
            ),
            References::AsWritten => {
                pick("单号按原文比较".into(), "references are compared as written".into())
            }
        }];
        let (passes, dates, sums) = (&self.passes, &self.dates, &self.combination);
        let rules = [
            (
                passes.exact,
                pick(
                    format!(
                        "精确:单号相同、金额相同、日期相差不超过 {} 天,即核对一致",
                        dates.later
                    ),
                    format!("exact: same reference and amount, at most {} days apart", dates.later),
                ),
            ),
            (
                passes.contra,
                pick(
                    "对冲:同一方的一笔与其红冲相抵".into(),
                    "contra: an entry and its reversal on one side cancel out".into(),
                ),
            ),
            (
                passes.same_reference_sum,
                pick(
                    "同号合计:同一单号各笔合计相等,即核对一致".into(),
                    "same reference, summed: the sums of one reference agree".into(),
                ),
            ),
            (
                passes.mentioned,
                pick(
                    "摘要提及:摘要所列单号合计等于本笔金额".into(),
                    "mentioned: the documents a memo names sum to the amount".into(),
                ),
            ),
            (
                passes.same_reference,
                pick(
                    "同号不同额:单号相同而金额不符,差额列为差异并定性".into(),
                    "same reference, different amount: the difference is explained".into(),
                ),
            ),
            (
                passes.variant_reference,
                pick(
                    "号码变体:金额相同、单号仅差一处笔误,且双方唯一".into(),
                    "variant reference: same amount, one slip in the number, unique both ways"
                        .into(),
                ),
            ),
            (
                passes.amount_date,
                pick(
                    format!(
                        "金额日期:无可用单号,金额相同,对方早 {} 天至晚 {} 天之内双方唯一",
                        dates.earlier, dates.later
                    ),
                    format!(
                        "amount and date: no usable reference, same amount, theirs {} days earlier to {} later, unique both ways",
                        dates.earlier, dates.later
                    ),
                ),
            ),
            (
                passes.combination,
                pick(
                    format!("组合:至多 {} 笔之和等于一笔,且唯一、非巧合", sums.lines),
                    format!(
                        "combination: at most {} lines make one amount, unique and no accident",
                        sums.lines
                    ),
                ),
            ),
            (passes.diagnostic, pick("诊断:仅提示,不核销".into(), "diagnostic: hints only".into())),
        ];
        said.extend(rules.into_iter().filter(|rule| rule.0).map(|rule| rule.1));
        said
    }
}
