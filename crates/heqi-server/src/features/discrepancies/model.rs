//! What is said about discrepancies: shapes of requests and answers.

use garde::Validate;
use heqi_domain::{CustomerId, Id, Lang, Reason, UserId, day_from_iso};
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::diff::Marked;
use super::store::Stored;
use crate::page::PageQuery;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident {
        $($variant:ident = $code:literal, $zh:literal, $en:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[doc = $en] $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word used in the database and in JSON.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The word for people.
            #[must_use]
            pub const fn label(self, lang: Lang) -> &'static str {
                match self { $(Self::$variant => lang.pick($zh, $en),)* }
            }

            /// The one that a code names.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How far a discrepancy has come.
    Status {
        Open = "open", "待处理", "open";
        Held = "held", "挂起", "on hold";
        Resolved = "resolved", "已处理", "resolved";
        Carried = "carried", "结转下期", "carried forward";
        Gone = "gone", "已消失", "gone";
    }
}

impl Status {
    /// Whether somebody can still work on it.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Held | Self::Carried)
    }
}

words! {
    /// What was done about a discrepancy.
    Resolution {
        AcceptedByCustomer = "accepted_by_customer", "客户认可我方", "Accepted by the customer";
        CorrectedByCustomer = "corrected_by_customer", "客户已更正", "Corrected by the customer";
        OurCorrection = "our_correction", "我方已更正", "Corrected by us";
        WrittenOff = "written_off", "尾差核销", "Written off";
        NoEffect = "no_effect", "不影响金额", "No effect on the amount";
    }
}

/// Which discrepancies.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiscrepancyQuery {
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    #[garde(skip)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[garde(skip)]
    pub cursor: Option<String>,
    /// `age` (oldest first, the default), `newest` or `amount` (largest first).
    #[garde(inner(pattern("^(age|newest|amount)$")))]
    pub sort: Option<String>,
    /// The id of a customer.
    #[garde(skip)]
    pub customer: Option<String>,
    /// `open`, `held`, `resolved`, `carried`, `gone`, `all`; what can be worked on if not given.
    #[garde(inner(pattern("^(open|held|resolved|carried|gone|all)$")))]
    pub status: Option<String>,
    /// A code of a reason; notes beside it do not matter.
    #[garde(skip)]
    pub reason: Option<String>,
    /// The id of a user, `me`, or `none`.
    #[garde(skip)]
    pub owner: Option<String>,
    /// Only those whose due date or hold is over.
    #[garde(skip)]
    pub overdue: Option<bool>,
    /// At least so many days since it was first seen.
    #[garde(range(min = 0, max = 36_500))]
    pub age_min: Option<i64>,
    /// At most so many days since it was first seen.
    #[garde(range(min = 0, max = 36_500))]
    pub age_max: Option<i64>,
    /// At least this amount, whatever its sign, in minor units.
    #[garde(range(min = 0))]
    pub amount_min: Option<i64>,
    /// At most this amount, whatever its sign, in minor units.
    #[garde(range(min = 0))]
    pub amount_max: Option<i64>,
    /// A word in the customer's name or code, the sentence, a document number or a memo.
    #[garde(inner(length(chars, max = 100)))]
    pub q: Option<String>,
}

impl DiscrepancyQuery {
    /// Which page.
    #[must_use]
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NotificationQuery {
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Only those not read yet.
    pub unread: Option<bool>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// The id.
    pub id: String,
    /// The name as it is shown.
    pub name: String,
}

/// A discrepancy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Discrepancy {
    /// Its id.
    pub id: String,
    /// The id of the customer.
    pub customer: String,
    /// Our code for the customer.
    pub customer_code: String,
    /// The customer's name.
    pub customer_name: String,
    /// ISO 4217.
    pub currency: String,
    /// Ours - theirs, in minor units.
    pub amount: i64,
    /// What is left after the entries that stand against it.
    pub remaining: i64,
    /// What was seen: a code, with `+note`.
    pub reason: String,
    /// The reason's name.
    pub reason_label: String,
    /// The reason's meaning.
    pub meaning: String,
    /// What happened, in a sentence with figures.
    pub sentence: String,
    /// Who takes such a thing up unless somebody is named.
    pub default_owner: String,
    /// What that person does first.
    pub next_step: String,
    /// How far it has come.
    pub status: Status,
    /// The word for it.
    pub status_label: String,
    /// Who clears it.
    pub owner: Option<Person>,
    /// Until when: `2026-11-24`.
    pub due_date: Option<String>,
    /// Whether the due date or the hold is over.
    pub overdue: bool,
    /// Days since it was first seen; runs do not restart them.
    pub age_days: i64,
    /// When a run saw it first.
    #[schema(value_type = String)]
    pub first_seen_at: Timestamp,
    /// The code of the reason that a person holds for the cause; empty if nobody said.
    pub cause: String,
    /// On hold until this day; for an item in transit the day it is expected to clear.
    pub hold_until: Option<String>,
    /// What was done about it; none before.
    pub resolution: Option<Resolution>,
    /// The match that it comes from, if any.
    pub group: Option<String>,
    /// The run that saw it.
    pub run: Option<String>,
    /// Changes with every change.
    pub version: i64,
}

impl Discrepancy {
    /// What is said of it on a day, in a language.
    #[must_use]
    pub fn of(found: &Stored, now: Timestamp, lang: Lang) -> Self {
        let reason = found.main_reason();
        let today = now.book_date();
        let days = |text: &str| i64::from(day_from_iso(text).unwrap_or_default());
        let over = |date: &Option<String>| date.as_ref().is_some_and(|date| *date < today);
        let live = found.status.is_live();
        let said = lang.pick(&found.sentence_zh, &found.sentence_en);
        let sentence = if said.is_empty() { reason.meaning(lang) } else { said };
        Self {
            id: found.text(),
            customer: CustomerId::text(found.customer),
            customer_code: found.customer_code.clone(),
            customer_name: found.customer_name.clone(),
            currency: found.currency.clone(),
            amount: found.amount,
            remaining: found.remaining,
            reason: found.reason.clone(),
            reason_label: reasons_label(&found.reason, lang),
            meaning: reason.meaning(lang).to_owned(),
            sentence: sentence.to_owned(),
            default_owner: reason.owner(lang).to_owned(),
            next_step: reason.next_step(lang).to_owned(),
            status: found.status,
            status_label: found.status.label(lang).to_owned(),
            owner: found
                .owner
                .map(|id| Person { id: UserId::text(id), name: found.owner_name.clone() }),
            due_date: found.due_date.clone(),
            overdue: live && (over(&found.due_date) || over(&found.hold_until)),
            age_days: days(&today) - days(&found.first_seen_at.book_date()),
            first_seen_at: found.first_seen_at,
            cause: found.cause.clone(),
            hold_until: found.hold_until.clone(),
            resolution: Resolution::from_code(&found.resolution),
            group: found.group.map(heqi_domain::GroupId::text),
            run: found.run.map(heqi_domain::RunId::text),
            version: found.version,
        }
    }
}

/// `尾差、日期不同` of `rounding+date`.
fn reasons_label(codes: &str, lang: Lang) -> String {
    let labels = codes.split('+').filter_map(Reason::from_code).map(|reason| reason.label(lang));
    labels.collect::<Vec<_>>().join(lang.pick("、", ", "))
}

/// A line of one side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SideLine {
    /// Its id.
    pub id: String,
    /// What it records.
    pub kind: String,
    /// Document number.
    pub reference: String,
    /// Further keys.
    pub other_reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document.
    pub business_date: String,
    /// Due date.
    pub due_date: Option<String>,
    /// Signed minor units.
    pub amount: i64,
}

/// What differs between two lines, character by character.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Marks {
    /// The document numbers.
    pub reference: Marked,
    /// The amounts as they are written.
    pub amount: Marked,
    /// The days.
    pub date: Marked,
    /// The memos.
    pub memo: Marked,
}

/// Two lines side by side, or one that has no partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pair {
    /// Ours.
    pub ours: Option<SideLine>,
    /// Theirs.
    pub theirs: Option<SideLine>,
    /// What differs; none without a partner.
    pub marks: Option<Marks>,
}

/// An entry that stands against a discrepancy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Settlement {
    /// The line.
    pub line: String,
    /// What it takes off the amount, signed as that.
    pub effect: i64,
    /// The adjustment that posted it; none if a person named the line.
    pub adjustment: Option<String>,
}

/// A discrepancy with both sides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiscrepancyView {
    /// The discrepancy.
    pub discrepancy: Discrepancy,
    /// The lines that it stands on.
    pub pairs: Vec<Pair>,
    /// The entries that stand against it.
    pub settlements: Vec<Settlement>,
}

/// What becomes of owner, due date and cause. A field that is left out stays as it is; an empty
/// text takes the value away.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscrepancyUpdate {
    /// The id of the user who clears it; has to be able to see the customer.
    #[garde(skip)]
    pub owner: Option<String>,
    /// Until when: `2026-11-24`.
    #[garde(inner(custom(date_or_empty)))]
    pub due_date: Option<String>,
    /// The code of the reason that is held for the cause.
    #[garde(inner(custom(reason_or_empty)))]
    pub cause: Option<String>,
}

/// Why it has to wait.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Until which day: `2026-11-24`.
    #[garde(custom(is_date))]
    pub until: String,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
}

/// An item in transit 在途: both have it, in different periods.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// The day on which the other side is expected to have it.
    #[garde(custom(is_date))]
    pub expected: String,
    /// How that is known: the number of the transport, the bank's slip.
    #[garde(length(chars, max = 500))]
    #[serde(default)]
    pub note: String,
}

/// Why.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
}

/// How it was cleared.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// What was done.
    #[garde(skip)]
    pub resolution: Resolution,
    /// How that is known.
    #[garde(length(chars, min = 1, max = 1000))]
    pub note: String,
    /// The posted entries, ours or theirs, that clear what is left of it.
    #[serde(default)]
    #[garde(length(max = 50))]
    pub lines: Vec<String>,
}

/// Something that happened to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Happening {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Who: the name; empty for a run.
    pub who: String,
    /// The code of what happened.
    pub action: String,
    /// What happened, in words.
    pub words: String,
}

/// A day as `2026-11-24`.
pub(crate) fn is_date(text: &str, (): &()) -> garde::Result {
    match day_from_iso(text) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new(
            crate::problem::lang().pick("日期应写成 2026-11-24", "A date is written 2026-11-24"),
        )),
    }
}

fn date_or_empty(text: &str, context: &()) -> garde::Result {
    if text.is_empty() { Ok(()) } else { is_date(text, context) }
}

fn reason_or_empty(code: &str, (): &()) -> garde::Result {
    if code.is_empty() || Reason::from_code(code).is_some() {
        return Ok(());
    }
    Err(garde::Error::new(crate::problem::lang().pick("没有这个原因代码", "No such reason")))
}
