//! Typed ids 编号: the number of a customer is not the number of a statement.
//!
//! One registry, alphabetical. Every id has its own prefix in text form (`customer-17`), so a
//! pasted id cannot be taken for another kind either. Ids do not mix:
//!
//! ```compile_fail,E0308
//! use heqi_domain::{CustomerId, StatementId};
//! let customer = CustomerId::new(17).unwrap();
//! let statement: StatementId = customer;
//! ```
//!
//! The same with the right type compiles:
//!
//! ```
//! use heqi_domain::CustomerId;
//! let customer: CustomerId = CustomerId::new(17).unwrap();
//! assert_eq!(customer.to_string(), "customer-17");
//! assert_eq!("customer-17".parse(), Ok(customer));
//! ```

use serde::{Deserialize, Serialize};

/// The text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected} id; expected a form like {expected}-17")]
pub struct MalformedId {
    /// The text as it was given.
    pub text: String,
    /// The prefix that the kind has.
    pub expected: &'static str,
}

/// What every kind of id has in common.
pub trait Id: Copy + std::fmt::Display + std::str::FromStr<Err = MalformedId> {
    /// What the text form begins with.
    const PREFIX: &'static str;

    /// Wraps the number that the store gave out; none unless it is positive.
    fn new(number: i64) -> Option<Self>;

    /// The number in the store.
    fn number(self) -> i64;

    /// The text form of a number of this kind; empty unless it is positive.
    fn text(number: i64) -> String {
        Self::new(number).map(|id| id.to_string()).unwrap_or_default()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[derive(Serialize, Deserialize)]
            #[serde(try_from = "String", into = "String")]
            pub struct $name(i64);

            impl $name {
                /// What the text form begins with.
                pub const PREFIX: &'static str = $prefix;

                /// Wraps the number that the store gave out; none unless it is positive.
                #[must_use]
                pub const fn new(number: i64) -> Option<Self> {
                    if number > 0 { Some(Self(number)) } else { None }
                }

                /// The number in the store.
                #[must_use]
                pub const fn number(self) -> i64 {
                    self.0
                }
            }

            impl Id for $name {
                const PREFIX: &'static str = $prefix;
                fn new(number: i64) -> Option<Self> {
                    Self::new(number)
                }
                fn number(self) -> i64 {
                    self.0
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(formatter, "{}-{}", Self::PREFIX, self.0)
                }
            }

            impl std::str::FromStr for $name {
                type Err = MalformedId;
                fn from_str(text: &str) -> Result<Self, MalformedId> {
                    parse_number(text, Self::PREFIX).map(Self)
                }
            }

            impl TryFrom<String> for $name {
                type Error = MalformedId;
                fn try_from(text: String) -> Result<Self, MalformedId> {
                    text.parse()
                }
            }

            impl From<$name> for String {
                fn from(id: $name) -> Self {
                    id.to_string()
                }
            }
        )*

        /// Every prefix of the registry, to prove that no two kinds share one.
        #[cfg(test)]
        const PREFIXES: &[&str] = &[$($prefix,)*];
    };
}

ids! {
    /// What a person did to matches in one go 操作: undone as one.
    ActId = "act",
    /// An adjustment 调整 that is proposed, approved, posted.
    AdjustmentId = "adjustment",
    /// A file attached to something 附件.
    AttachmentId = "attachment",
    /// A new bank account of a customer 账号变更 that somebody else has to approve.
    BankChangeId = "bankchange",
    /// A batch of lines that came in one file 导入批次.
    BatchId = "batch",
    /// A comment 批注.
    CommentId = "comment",
    /// A company 账套: the enterprise whose books these are.
    CompanyId = "company",
    /// A person at a customer 联系人.
    ContactId = "contact",
    /// A customer 客户(往来单位).
    CustomerId = "customer",
    /// A discrepancy 差异 that is kept from run to run.
    DiscrepancyId = "discrepancy",
    /// A document 单据 of ours: one line, or the two of an exchange or a transfer.
    DocumentId = "document",
    /// A role granted to a user 授权.
    GrantId = "grant",
    /// Lines that settle each other 匹配组.
    GroupId = "group",
    /// Long work 任务.
    JobId = "job",
    /// New limits for adjustments 限额变更, asked for.
    LimitChangeId = "limitchange",
    /// A line 明细 of a ledger, ours or theirs.
    LineId = "line",
    /// What a person is told 通知.
    NotificationId = "notification",
    /// The period of a customer 对账期间.
    PeriodId = "period",
    /// A plan of a run 匹配方案.
    PlanId = "plan",
    /// A price list 价格表.
    PriceListId = "pricelist",
    /// A product or service 商品与服务.
    ProductId = "product",
    /// A role of one's own 自定义角色.
    RoleId = "role",
    /// A version of a rule set 规则版本.
    RulesId = "rules",
    /// A run of the matching 对账批次.
    RunId = "run",
    /// A session 会话.
    SessionId = "session",
    /// A statement 对账单 that we issue.
    StatementId = "statement",
    /// An import template 导入模板.
    TemplateId = "template",
    /// A key for programs 接口令牌.
    TokenId = "token",
    /// A person who signs in 用户.
    UserId = "user",
    /// A saved view 方案.
    ViewId = "view",
}

/// The positive number after `prefix-`, in its one canonical form.
fn parse_number(text: &str, prefix: &'static str) -> Result<i64, MalformedId> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    digits
        .filter(|digits| !digits.starts_with(['0', '+', '-']))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| MalformedId { text: text.to_owned(), expected: prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_canonical() {
        for number in [1, 17, i64::MAX] {
            let id = StatementId::new(number).unwrap();
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in [
            "",
            "17",
            "statement-",
            "statement-0",
            "statement-017",
            "statement-+1",
            "customer-1",
            "statement--1",
        ] {
            let expected = MalformedId { text: text.into(), expected: "statement" };
            assert_eq!(text.parse::<StatementId>(), Err(expected), "{text}");
        }
        assert_eq!(StatementId::new(0), None);
    }

    #[test]
    fn no_two_kinds_share_a_prefix_and_the_registry_is_sorted() {
        let mut distinct = PREFIXES.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), PREFIXES.len());
        // A prefix that begins another would let `user-group-1` pass for a user.
        for (one, other) in distinct.iter().zip(distinct.iter().skip(1)) {
            assert!(!other.starts_with(&format!("{one}-")), "{one} begins {other}");
        }
    }
}
