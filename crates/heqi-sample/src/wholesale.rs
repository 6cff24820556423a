//! An invented wholesale firm: staff, customers, catalog and six months of dealings.
//!
//! It is what the server's demo shows. Our ledger and the customers' own statements are told
//! from both sides; whatever keeps them apart is labeled as a [`Discrepancy`], so that
//!
//! our closing balance − theirs = the sum of the discrepancies open at that month's end
//!
//! holds for every customer and month. Of the first five months every discrepancy is cleared
//! by a later entry; the sixth is in work. Amounts are minor units of CNY (分) signed from the
//! receivable's side, plus = the customer owes more. All persons, firms, phones, bank accounts
//! and credit codes are invented; codes pass their check, phones and accounts belong to ranges
//! that nobody has.

mod catalog;
mod customers;
mod draft;
mod finish;
mod goods;
mod kind;
mod model;
mod people;
mod slips;
mod statement_csv;
mod theirs;
mod trade;

pub use goods::GoodsLine;
pub use kind::Kind;
pub use model::{
    Cleared, Company, Contact, ContactRole, Customer, Discrepancy, Entry, Month, Product, Staff,
    StaffRole, Statement, StatementLine, StatementStyle, Wholesale,
};

use crate::company::names;
use crate::random::Random;

/// The seed of the firm that the demo shows: with it every kind of entry occurs.
pub const DEMO_SEED: u64 = 2026;

/// Invents the firm; the same seed makes the same firm.
#[must_use]
pub fn wholesale(seed: u64) -> Wholesale {
    let mut random = Random::at(seed, STREAM, 0);
    let months = model::months();
    let products = catalog::products();
    // The firm's own brand is the last, so that no customer shares it.
    let brands = names::brands(customers::COUNT + 1, &mut random);
    let (brands, own) = brands.split_at(customers::COUNT);
    let (company, staff) = people::company(&own.concat(), &mut random);
    let invented = customers::customers(brands, &mut random);
    let mut books = draft::Books::new(&months);
    for (place, profile) in invented.profiles.iter().enumerate() {
        let random = Random::at(seed, STREAM + 1, place as u64);
        trade::trade(&mut books, place, &invented.customers[place], profile, &products, random);
    }
    trade::transfers(&mut books, &invented.customers, &mut random);
    theirs::tell(&mut books, &invented, &products, seed);
    let invented = (invented.customers, invented.profiles);
    finish::finish(books, company, staff, invented, products)
}

/// Streams of random numbers of this module, apart from those of the benchmark.
const STREAM: u64 = 700;

#[cfg(test)]
mod tests;
