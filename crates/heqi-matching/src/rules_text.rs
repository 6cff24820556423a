//! Each rule in words 规则说明, generated from the rule itself.

use heqi_domain::Lang;

use crate::explain::sentence::percent_text;
use crate::ruleset::{References, RuleSet};

/// A sentence in both languages.
type Said = (String, String);

impl RuleSet {
    /// The rules that hold, one sentence each, in the order in which they run.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> Vec<String> {
        let rules = [
            (true, self.references_said()),
            (self.passes.exact, self.exact_said()),
            (self.passes.contra, contra_said()),
            (self.passes.same_reference_sum, sum_said()),
            (self.passes.mentioned, mentioned_said()),
            (self.passes.same_reference, self.difference_said()),
            (self.passes.variant_reference, variant_said()),
            (self.passes.amount_date, self.amount_date_said()),
            (self.passes.combination, self.combination_said()),
            (self.passes.diagnostic, diagnostic_said()),
        ];
        let holding = rules.into_iter().filter(|(holds, _)| *holds);
        holding.map(|(_, (zh, en))| if lang == Lang::Zh { zh } else { en }).collect()
    }

    fn references_said(&self) -> Said {
        match self.references {
            References::Folded => said(
                "单号比较时忽略前缀、前导零、分隔符、年份和全半角",
                "references are compared without prefix, zeros, separators, year and width",
            ),
            References::AsWritten => said("单号按原文比较", "references are compared as written"),
        }
    }

    fn exact_said(&self) -> Said {
        let days = self.dates.later;
        (
            format!("精确：单号、金额相同，日期相差不超过 {days} 天，即核对一致"),
            format!("exact: same reference and amount, at most {days} days apart"),
        )
    }

    fn difference_said(&self) -> Said {
        let rounding = self.differences.rounding;
        let mut zh =
            format!("同号不同额：差额列为差异并定性；{rounding} 个最小货币单位以内作尾差核对");
        let mut en = format!(
            "same reference, different amount: the difference is explained; up to {rounding} \
             minor units settle as rounding"
        );
        let agreed = [
            (&self.differences.discount_ppm, "约定折扣", "agreed discounts"),
            (&self.differences.withholding_ppm, "客户代扣", "withheld by the customer"),
        ];
        for (rates, name_zh, name_en) in agreed.into_iter().filter(|it| !it.0.is_empty()) {
            let rates: Vec<String> = rates.iter().map(|rate| percent_text(*rate) + "%").collect();
            zh.push_str(&format!("；{name_zh} {}", rates.join("、")));
            en.push_str(&format!("; {name_en} {}", rates.join(", ")));
        }
        (zh, en)
    }

    fn amount_date_said(&self) -> Said {
        let (earlier, later) = (self.dates.earlier, self.dates.later);
        (
            format!(
                "金额日期：没有可用单号，金额相同，对方早 {earlier} 天至晚 {later} 天内双方唯一；\
                 双方各有单号而不相同的，还须不可能是巧合，否则只作提示"
            ),
            format!(
                "amount and date: no usable reference, same amount, theirs {earlier} days earlier \
                 to {later} later, unique both ways; where both bear numbers that differ, only if \
                 it is no accident"
            ),
        )
    }

    fn combination_said(&self) -> Said {
        let (lines, candidates) = (self.combination.lines, self.combination.candidates);
        (
            format!(
                "组合：至多 {lines} 笔之和等于一笔，唯一且不可能是巧合；未达越多越容易碰巧，\
                 按全部搜索一并判断。只搜日期最近的 {candidates} 笔，更多时注明搜索未完成"
            ),
            format!(
                "combination: at most {lines} lines make one amount, unique and no accident; the \
                 more lines are open the likelier an accident, so all searches are judged \
                 together. The nearest {candidates} are searched; where there are more, it says so"
            ),
        )
    }
}

fn said(zh: &str, en: &str) -> Said {
    (zh.to_owned(), en.to_owned())
}

fn contra_said() -> Said {
    said(
        "对冲：同一方的一笔与其红冲相抵",
        "contra: an entry and its reversal on one side cancel out",
    )
}

fn sum_said() -> Said {
    said(
        "同号合计：同一单号双方各笔合计相等，即核对一致",
        "same reference, summed: the sums of one reference agree",
    )
}

fn mentioned_said() -> Said {
    said(
        "摘要提及：摘要所列单号的合计等于本笔金额",
        "mentioned: the documents a memo names sum to the amount",
    )
}

fn variant_said() -> Said {
    said(
        "号码变体：金额相同，单号只差一处笔误，且双方唯一",
        "variant reference: same amount, one slip in the number, unique both ways",
    )
}

fn diagnostic_said() -> Said {
    said("诊断：只作提示，不核对", "diagnostic: hints only")
}
