//! The digest of what is signed: a canonical encoding in which every field carries its length,
//! so that no two different snapshots have one encoding.

use sha2::{Digest, Sha256};

use super::figures::Fact;
use super::model::{SideFigures, Snapshot};

const DOMAIN: &str = "heqi.period.v1";
const LINES: &str = "heqi.period.lines.v1";

/// The digest of a snapshot: the same for equal snapshots, whatever wrote their JSON.
#[must_use]
pub fn digest(snapshot: &Snapshot) -> [u8; 32] {
    let mut into = Encoder::new(DOMAIN);
    for text in [
        &snapshot.company,
        &snapshot.customer,
        &snapshot.currency,
        &snapshot.span,
        &snapshot.first_day,
        &snapshot.last_day,
        &snapshot.excuse,
        &snapshot.lines_digest,
        &snapshot.previous_digest,
    ] {
        into.text(text);
    }
    for SideFigures { opening, debit, credit, closing, lines } in [&snapshot.ours, &snapshot.theirs]
    {
        for number in [opening, debit, credit, closing, lines] {
            into.number(*number);
        }
    }
    into.number(snapshot.breakdown.len() as i64);
    for share in &snapshot.breakdown {
        into.text(&share.reason);
        into.number(share.amount);
        into.number(share.count);
    }
    into.number(snapshot.items.len() as i64);
    for item in &snapshot.items {
        into.text(&item.reason);
        into.number(item.amount);
        into.text(item.discrepancy.as_deref().unwrap_or_default());
        into.number(item.carried_in.into());
        into.number(item.lines.len() as i64);
        item.lines.iter().for_each(|line| into.text(line));
    }
    into.end()
}

/// The digest of the lines of these days, in the order of their numbers.
#[must_use]
pub fn lines_digest(facts: &[Fact], first_day: &str) -> String {
    let mut into = Encoder::new(LINES);
    for fact in facts.iter().filter(|fact| fact.posting.as_str() >= first_day) {
        into.number(fact.id);
        into.number(fact.ours.into());
        into.number(fact.amount);
        into.text(&fact.posting);
        into.text(&fact.business);
        into.bytes(&fact.content);
    }
    hex(&into.end())
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Encoder(Sha256);

impl Encoder {
    fn new(domain: &str) -> Self {
        let mut new = Self(Sha256::new());
        new.text(domain);
        new
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::periods::model::{Part, Share};

    fn snapshot() -> Snapshot {
        let side = SideFigures { opening: 1, debit: 2, credit: 3, closing: 0, lines: 4 };
        let lines = vec!["line-1".to_owned(), "line-2".to_owned()];
        let (reason, discrepancy) = ("tax".to_owned(), Some("discrepancy-1".to_owned()));
        Snapshot {
            company: "company-1".into(),
            customer: "customer-2".into(),
            currency: "CNY".into(),
            span: "2026-10".into(),
            first_day: "2026-10-01".into(),
            last_day: "2026-10-31".into(),
            excuse: String::new(),
            ours: side.clone(),
            theirs: side,
            breakdown: vec![Share { reason: reason.clone(), amount: 5, count: 1 }],
            items: vec![Part { reason, amount: 5, discrepancy, lines, carried_in: false }],
            lines_digest: "ab".into(),
            previous_digest: String::new(),
        }
    }

    #[test]
    fn e2_the_encoding_is_fixed() {
        // Computed by another program from the description alone.
        let expected = "ad2ed25a20ae72ecfdb0b7aea9592ff56b73fde5006540241307d890707a6b3c";
        assert_eq!(hex(&digest(&snapshot())), expected);
    }

    #[test]
    fn e2_every_field_counts_and_none_flows_into_the_next() {
        let original = digest(&snapshot());
        let edits: [fn(&mut Snapshot); 8] = [
            |it| (it.customer, it.currency) = ("customer-2C".into(), "NY".into()),
            |it| it.items[0].lines = vec!["line-1line-2".into()],
            |it| it.items[0].discrepancy = None,
            |it| it.items[0].carried_in = true,
            |it| it.theirs.closing = 1,
            |it| it.breakdown.clear(),
            |it| it.excuse.push('.'),
            |it| it.previous_digest.push('0'),
        ];
        for edit in edits {
            let mut edited = snapshot();
            edit(&mut edited);
            assert_ne!(digest(&edited), original);
        }
    }
}
