//! Products and services 商品与服务, and their prices 价格表.
//!
//! Invariants: the prices of one list (a product, for one customer or for everybody, in one
//! currency) do not overlap in time; a product is never deleted, only stopped. Prices are
//! millionths of the currency unit, rates are millionths: 13% is 130 000.

pub mod model;
mod prices;
mod routes;
mod store;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub use prices::{Price, price_on};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::product_list, routes::product_create))
        .routes(routes!(routes::product_view, routes::product_change))
        .routes(routes!(routes::product_batch))
        .routes(routes!(routes::product_export))
        .routes(routes!(prices::price_list, prices::price_create))
        .routes(routes!(prices::price_end))
        .routes(routes!(prices::price_view))
}
