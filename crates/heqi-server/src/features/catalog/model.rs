//! What is said about products, services and prices.

use garde::Validate;
use heqi_domain::CustomerId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A product or service: to be added, or as it shall be.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Our code for it, unique in the company.
    #[garde(length(chars, min = 1, max = 40))]
    pub code: String,
    /// Its name, as it stands on invoices.
    #[garde(length(chars, min = 1, max = 120))]
    pub name: String,
    /// Goods or a service.
    #[garde(skip)]
    pub kind: ProductKind,
    /// Specification 规格型号.
    #[serde(default)]
    #[garde(length(chars, max = 120))]
    pub spec: String,
    /// Unit 计量单位.
    #[serde(default)]
    #[garde(length(chars, max = 20))]
    pub unit: String,
    /// Barcode: 8 to 14 digits.
    #[serde(default)]
    #[garde(pattern("^([0-9]{8,14})?$"))]
    pub barcode: String,
    /// 税收分类编码: 19 digits.
    #[serde(default)]
    #[garde(pattern("^([0-9]{19})?$"))]
    pub tax_category: String,
    /// Tax rate in millionths: 13% is 130000.
    #[garde(range(min = 0, max = 1_000_000))]
    pub tax_ppm: i64,
    /// How a service is billed 计费规则: per use, per month, in tiers; in words.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub billing_rule: String,
    /// Whether it is sold no more.
    #[serde(default)]
    #[garde(skip)]
    pub stopped: bool,
}

/// Goods or a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// 商品.
    Goods,
    /// 服务.
    Service,
}

impl ProductKind {
    /// The word in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Service => "service",
        }
    }
}

/// A product or service.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// What was entered.
    #[serde(flatten)]
    pub entered: NewProduct,
    /// Changes with every change.
    pub version: i64,
    /// Where the search ranks it; 0 first.
    #[serde(skip)]
    pub place: i64,
}

/// Products to be added.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductBatch {
    /// At most 1000.
    #[garde(length(min = 1, max = 1000), dive)]
    pub items: Vec<NewProduct>,
}

/// How many of a batch were added.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductBatchResult {
    /// Those that were added.
    pub created: usize,
    /// The codes that existed already, or came twice.
    pub existing: Vec<String>,
}

/// Which products a list shows.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default)]
pub struct ProductQuery {
    /// Words that each have to occur: name, code, pinyin, initials.
    pub keyword: Option<String>,
    /// `active` or `stopped`.
    pub status: Option<String>,
    /// `goods` or `service`.
    pub kind: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// `csv` or `xlsx`, for an export.
    pub format: Option<String>,
}

/// A price to be added.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrice {
    /// For whom; none: for everybody who has no price of their own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub customer: Option<CustomerId>,
    /// ISO 4217.
    #[garde(pattern("^[A-Z]{3}$"))]
    pub currency: String,
    /// Price of one unit without tax, in millionths of the currency unit: 12.5 is 12500000.
    #[garde(range(min = 0, max = 1_000_000_000_000_000))]
    pub price_micro: i64,
    /// The first day: `2026-11-01`.
    #[garde(length(min = 10, max = 10))]
    pub valid_from: String,
    /// The last day; none: until further notice.
    #[serde(default)]
    #[garde(inner(length(min = 10, max = 10)))]
    pub valid_to: Option<String>,
}

/// The last day of a price.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceEnd {
    /// The last day; none: until further notice.
    #[garde(inner(length(min = 10, max = 10)))]
    pub valid_to: Option<String>,
}

/// For whom and when.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default)]
pub struct PriceQuery {
    /// The customer whose price is asked for, with `date`.
    pub customer: Option<String>,
    /// The day: `2026-11-24`.
    pub date: Option<String>,
}
