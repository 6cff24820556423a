//! Accounts, currencies and kinds by the text of their cells, looked up once per distinct text.

use hashbrown::HashTable;
use heqi_domain::{Account, Currency, EntryKind};

use crate::words;

/// The accounts that one thread has met, in the order in which it met them.
#[derive(Default)]
pub(crate) struct Accounts {
    table: HashTable<Entry>,
    count: u32,
    /// Accounts not yet handed on.
    pub fresh: Vec<Account>,
    /// Customers longer than an entry holds; index = `Entry::long`.
    long: Vec<Box<[u8]>>,
    /// Currencies by number.
    currencies: Vec<Currency>,
}

/// An account in the table. Texts of up to 16 bytes stand in the entry itself.
#[derive(Clone, Copy)]
struct Entry {
    head: u128,
    length: u32,
    currency: u32,
    long: u32,
    index: u32,
}

/// Bit of `Entry::index`: the customer's cell was found plain, so an equal one is too.
const PLAIN: u32 = 1 << 31;

/// A customer cell with its first 16 bytes as a number, zero beyond its end.
#[derive(Clone, Copy)]
pub(crate) struct Customer<'a> {
    pub text: &'a str,
    head: u128,
}

impl<'a> Customer<'a> {
    /// The text at `start..end` of a buffer.
    #[inline]
    pub fn at(text: &'a str, buffer: &[u8], start: usize) -> Self {
        let head = match buffer.get(start..).and_then(<[u8]>::first_chunk::<16>) {
            Some(bytes) if text.len() >= 16 => u128::from_le_bytes(*bytes),
            Some(bytes) => u128::from_le_bytes(*bytes) & ((1 << (text.len() * 8)) - 1),
            None => Self::of(text).head,
        };
        Self { text, head }
    }

    /// Any text.
    pub fn of(text: &'a str) -> Self {
        let mut head = [0; 16];
        let count = text.len().min(16);
        head[..count].copy_from_slice(&text.as_bytes()[..count]);
        Self { text, head: u128::from_le_bytes(head) }
    }

    #[inline]
    fn hash(self, currency: u32) -> u64 {
        let salt = u64::from(currency) << 32 | self.text.len() as u64;
        let mut head = self.head;
        if self.text.len() > 16 {
            head ^= u128::from(twox_hash::XxHash3_64::oneshot(self.text.as_bytes()));
        }
        let low = (head as u64) ^ 0x9E37_79B9_7F4A_7C15;
        let high = ((head >> 64) as u64) ^ salt ^ 0xD1B5_4A32_D192_ED03;
        let product = u128::from(low) * u128::from(high);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

impl Accounts {
    /// The number of a currency among this thread's.
    #[inline]
    pub fn currency(&mut self, currency: Currency) -> u32 {
        let known = self.currencies.iter().position(|it| *it == currency);
        known.unwrap_or_else(|| {
            self.currencies.push(currency);
            self.currencies.len() - 1
        }) as u32
    }

    /// The number of an account among this thread's, if [`Accounts::plain`] has named its
    /// customer before.
    #[inline]
    pub fn known_plain(&self, customer: Customer<'_>, currency: u32) -> Option<u32> {
        let index = self.find(customer.hash(currency), customer, currency)?.index;
        (index & PLAIN != 0).then_some(index & !PLAIN)
    }

    /// The number of an account whose customer stands in a plain cell.
    #[cold]
    pub fn plain(&mut self, customer: Customer<'_>, currency: u32) -> u32 {
        let index = self.index(customer, currency);
        let same = |entry: &Entry| entry.index & !PLAIN == index;
        if let Some(entry) = self.table.find_mut(customer.hash(currency), same) {
            entry.index |= PLAIN;
        }
        index
    }

    /// The number of an account among this thread's.
    pub fn index(&mut self, customer: Customer<'_>, currency: u32) -> u32 {
        let hash = customer.hash(currency);
        match self.find(hash, customer, currency) {
            Some(entry) => entry.index & !PLAIN,
            None => self.add(hash, customer, currency),
        }
    }

    #[inline]
    fn find(&self, hash: u64, customer: Customer<'_>, currency: u32) -> Option<&Entry> {
        let length = customer.text.len() as u32;
        self.table.find(hash, |entry| {
            entry.head == customer.head
                && entry.length == length
                && entry.currency == currency
                && (length <= 16 || *self.long[entry.long as usize] == *customer.text.as_bytes())
        })
    }

    fn add(&mut self, hash: u64, customer: Customer<'_>, currency: u32) -> u32 {
        let index = self.count;
        self.count += 1;
        let account = Account {
            customer: customer.text.to_owned(),
            currency: self.currencies[currency as usize],
        };
        self.fresh.push(account);
        let long = self.long.len() as u32;
        if customer.text.len() > 16 {
            self.long.push(customer.text.as_bytes().into());
        }
        let length = customer.text.len() as u32;
        let entry = Entry { head: customer.head, length, currency, long, index };
        let texts = &self.long;
        self.table.insert_unique(hash, entry, |entry| rehash(entry, texts));
        index
    }
}

fn rehash(entry: &Entry, long: &[Box<[u8]>]) -> u64 {
    let head = entry.head.to_le_bytes();
    let bytes =
        if entry.length > 16 { &long[entry.long as usize] } else { &head[..entry.length as usize] };
    // Only cells of valid text are entered.
    let text = std::str::from_utf8(bytes).unwrap_or("");
    Customer { text, head: entry.head }.hash(entry.currency)
}

/// Values of short words, each worked out once: a table of 64 places by the word's first bytes.
pub(crate) struct Words<T> {
    places: Vec<(u128, u32, T)>,
    read: fn(&str) -> Option<T>,
}

const PLACES: u64 = 64;

/// No word: words of this length are not kept.
const FREE: u32 = u32::MAX;

impl<T: Copy> Words<T> {
    /// Words as `read` reads them; `none` fills the table.
    pub fn new(read: fn(&str) -> Option<T>, none: T) -> Self {
        Self { places: vec![(0, FREE, none); PLACES as usize], read }
    }

    /// The value of the word at `start..end` of a buffer if [`Words::learn`] has met it before.
    #[inline]
    pub fn known(&self, buffer: &[u8], start: usize, end: usize) -> Option<T> {
        let (place, key) = place(buffer, start, end)?;
        let (known, length, value) = self.places[place];
        ((known, length as usize) == (key, end - start)).then_some(value)
    }

    /// The value of the word at `start..end` of a buffer; `None` where it has none.
    #[cold]
    pub fn learn(&mut self, word: &str, buffer: &[u8], start: usize, end: usize) -> Option<T> {
        let value = (self.read)(word)?;
        if let Some((place, key)) = place(buffer, start, end) {
            self.places[place] = (key, (end - start) as u32, value);
        }
        Some(value)
    }
}

/// The place of a word of up to 16 bytes, and the word as a number.
#[inline]
fn place(buffer: &[u8], start: usize, end: usize) -> Option<(usize, u128)> {
    let chunk = buffer.get(start..).and_then(<[u8]>::first_chunk::<16>)?;
    let length @ 1..=16 = end - start else { return None };
    let key = u128::from_le_bytes(*chunk) << (128 - length * 8);
    let mixed = (key as u64).wrapping_mul(0xD1B5_4A32_D192_ED03) ^ (key >> 64) as u64;
    let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
    Some(((mixed % PLACES) as usize, key))
}

/// Kinds by word.
pub(crate) fn kinds() -> Words<EntryKind> {
    Words::new(|word| Some(words::kind(word)), EntryKind::Unknown)
}

/// Currencies by word.
pub(crate) fn currencies() -> Words<Currency> {
    Words::new(words::currency, Currency::CNY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_told_apart_and_found_again() {
        let mut accounts = Accounts::default();
        let names: Vec<String> = (0..3_000)
            .map(|number| match number % 3 {
                0 => format!("C{number}"),
                1 => format!("上海第{number}贸易有限公司"),
                _ => format!("a customer of a very long name {number}"),
            })
            .collect();
        let (cny, usd) =
            (accounts.currency(Currency::CNY), accounts.currency("USD".parse().unwrap()));
        assert_eq!((cny, usd, accounts.currency(Currency::CNY)), (0, 1, 0));
        for round in 0..2 {
            for (number, name) in names.iter().enumerate() {
                let padded = format!("{name},and what follows in the file");
                let customer = Customer::at(&padded[..name.len()], padded.as_bytes(), 0);
                assert_eq!(accounts.index(customer, cny), number as u32, "{round} {name}");
                assert_eq!(accounts.index(Customer::of(name), cny), number as u32);
            }
        }
        assert_eq!(accounts.index(Customer::of("C0"), usd), 3_000);
        assert_eq!(accounts.fresh.len(), 3_001);
    }
}
