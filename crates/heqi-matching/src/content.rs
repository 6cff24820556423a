//! Content keys 内容键: what a line is, whatever its place in the file.
//!
//! Ties break by content and results are named by content, so the order of rows, threads and
//! machines cannot change a byte.

use heqi_domain::{LineIds, LineIx, Lines};
use twox_hash::XxHash3_64;

use crate::outcome::GroupId;

/// Hash of everything the line says: customer, currency, day, amount, kind, texts, id.
pub(crate) fn content_key(lines: &Lines, line: LineIx) -> u64 {
    let index = line as usize;
    let account = &lines.accounts[lines.account[index] as usize];
    let mut hasher = Hasher::new();
    hasher.text(&account.customer);
    hasher.text(account.currency.code());
    hasher.number(lines.amount[index] as u64);
    hasher.number(u64::from(lines.day[index] as u32) << 8 | u64::from(lines.kind[index] as u8));
    hasher.text(lines.reference.get(line));
    hasher.text(lines.text_of(line));
    hasher.text(lines.other_reference_of(line));
    if let LineIds::Named(names) = &lines.id {
        names.with(line, |name| hasher.text(name));
    }
    hasher.finish()
}

/// The name of a set of lines: a hash of their content keys, in whatever order they come.
#[must_use]
pub fn group_id(ours: &Lines, ours_ix: &[LineIx], theirs: &Lines, theirs_ix: &[LineIx]) -> GroupId {
    let keys = |lines: &Lines, indices: &[LineIx]| -> Vec<u64> {
        let mut keys: Vec<u64> = indices.iter().map(|line| content_key(lines, *line)).collect();
        keys.sort_unstable();
        keys
    };
    id_of_keys(&keys(ours, ours_ix), &keys(theirs, theirs_ix))
}

/// The name of a set of lines from their content keys, each side sorted.
pub(crate) fn id_of_keys(ours: &[u64], theirs: &[u64]) -> GroupId {
    let mut hasher = Hasher::new();
    hasher.number(ours.len() as u64);
    for key in ours.iter().chain(theirs) {
        hasher.number(*key);
    }
    GroupId(hasher.finish())
}

/// A small buffer that is hashed once; fields are length-prefixed so that none can run over.
struct Hasher {
    buffer: [u8; 240],
    used: usize,
    carried: u64,
}

impl Hasher {
    const fn new() -> Self {
        Self { buffer: [0; 240], used: 0, carried: 0 }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, mut bytes: &[u8]) {
        while bytes.len() > self.buffer.len() - self.used {
            let (head, tail) = bytes.split_at(self.buffer.len() - self.used);
            self.buffer[self.used..].copy_from_slice(head);
            self.carried = XxHash3_64::oneshot_with_seed(self.carried, &self.buffer);
            self.used = 0;
            bytes = tail;
        }
        self.buffer[self.used..self.used + bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }

    fn finish(&self) -> u64 {
        XxHash3_64::oneshot_with_seed(self.carried, &self.buffer[..self.used])
    }
}
