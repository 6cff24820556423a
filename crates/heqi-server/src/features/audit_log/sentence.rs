//! What happened, in a sentence: who, verb, what. One table of verbs; a noun and a verb that are
//! not in it are shown as they stand.

/// Verbs: code, Chinese, English in the past.
const VERBS: &[(&str, &str, &str)] = &[
    ("add", "添加了", "added"),
    ("approve", "复核通过了", "approved"),
    ("assign", "分派了", "assigned"),
    ("cancel", "取消了", "canceled"),
    ("commit", "提交了", "committed"),
    ("confirm", "确认了", "confirmed"),
    ("create", "新建了", "created"),
    ("delete", "删除了", "deleted"),
    ("disable", "停用了", "disabled"),
    ("download", "下载了", "downloaded"),
    ("end", "结束了", "ended"),
    ("export", "导出了", "exported"),
    ("grant", "授予了", "granted"),
    ("hold", "挂起了", "put on hold"),
    ("import", "导入了", "imported"),
    ("merge", "合并了", "merged"),
    ("open", "登录，打开了", "opened"),
    ("post", "过账了", "posted"),
    ("prepare", "提交了", "prepared"),
    ("propose", "提出了", "proposed"),
    ("read", "查看了", "read"),
    ("reject", "退回了", "rejected"),
    ("release", "解除挂起了", "released"),
    ("remove", "移除了", "removed"),
    ("reopen", "批准反结账，重新打开了", "reopened"),
    ("reopen_request", "申请反结账", "asked to reopen"),
    ("resolve", "处理完了", "resolved"),
    ("reverse", "红冲了", "reversed"),
    ("revoke", "撤销了", "revoked"),
    ("set_up", "初始化了", "set up"),
    ("sign_off", "签认了", "signed off"),
    ("undo", "撤回了", "undid"),
    ("unmatch", "取消匹配了", "unmatched"),
    ("update", "修改了", "changed"),
    ("verify", "核验了", "verified"),
    ("withdraw", "撤回了", "withdrew"),
];

/// Nouns: code, Chinese, English.
const NOUNS: &[(&str, &str, &str)] = &[
    ("adjustment", "调整", "adjustment"),
    ("attachment", "附件", "attachment"),
    ("audit", "审计记录", "audit log"),
    ("batch", "导入批次", "import batch"),
    ("checkpoint", "审计检查点", "audit checkpoint"),
    ("company", "账套", "company"),
    ("contact", "联系人", "contact"),
    ("customer", "客户", "customer"),
    ("discrepancy", "差异", "discrepancy"),
    ("grant", "授权", "role"),
    ("group", "匹配组", "match"),
    ("import", "导入", "import"),
    ("installation", "系统", "installation"),
    ("job", "任务", "job"),
    ("ledger", "往来明细", "ledger"),
    ("line", "单据", "entry"),
    ("match", "匹配", "match"),
    ("period", "对账期间", "period"),
    ("product", "商品", "product"),
    ("role", "角色", "role"),
    ("rules", "匹配规则", "rules"),
    ("run", "对账批次", "run"),
    ("session", "会话", "session"),
    ("token", "接口令牌", "token"),
    ("user", "用户", "user"),
];

/// The sentence of a record: Chinese, English.
#[must_use]
pub fn sentence(actor: &str, action: &str, object: &str, label: &str) -> [String; 2] {
    let (noun, verb) = action.split_once('.').unwrap_or((action, ""));
    let (noun_zh, noun_en) = word(NOUNS, noun);
    let (verb_zh, verb_en) = word(VERBS, verb);
    let what = if label.is_empty() { object } else { label };
    let (zh, en) = match what {
        "" => (String::new(), String::new()),
        what => (format!("“{what}”"), format!(" “{what}”")),
    };
    let who = |none: &'static str| if actor.is_empty() { none } else { actor };
    [
        format!("{}{verb_zh}{noun_zh}{zh}", who("系统")),
        format!("{} {verb_en} {noun_en}{en}", who("The system")),
    ]
}

fn word<'a>(table: &'a [(&str, &'a str, &'a str)], code: &'a str) -> (&'a str, &'a str) {
    let found = table.binary_search_by_key(&code, |(known, _, _)| known);
    found.map_or((code, code), |at| (table[at].1, table[at].2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(VERBS.is_sorted_by_key(|word| word.0) && NOUNS.is_sorted_by_key(|word| word.0));
    }

    #[test]
    fn a_record_reads_as_a_sentence() {
        let [zh, en] = sentence("王芳", "period.sign_off", "period-3", "海仓贸易 2026-10");
        assert_eq!(zh, "王芳签认了对账期间“海仓贸易 2026-10”");
        assert_eq!(en, "王芳 signed off period “海仓贸易 2026-10”");
        let [zh, _] = sentence("", "thing.frob", "thing-1", "");
        assert_eq!(zh, "系统frobthing“thing-1”");
    }
}
