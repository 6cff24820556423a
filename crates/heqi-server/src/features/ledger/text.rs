//! The index of the keyword: which lines hold which pieces of text.
//!
//! A piece is what no search can be without: three characters of a number or a word in letters,
//! two where one of them is a Chinese character. For each piece and each chunk (lines posted
//! together) the database holds the numbers of the lines. A line without a chunk is looked at
//! itself: it waits, or was posted among few and is taken into a chunk in the night. What the
//! index gives are candidates; the query checks every one of them.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use heqi_platform::{DbError, Sql, Tx, Value};

use super::line::NewLine;

/// Fewer lines than this are posted without an index of their own.
pub(super) const FEW: usize = 1_000;
/// Lines of a chunk; beyond them another one begins.
pub(super) const CHUNK: usize = 65_536;
/// Pieces that are looked up of one word; more hardly narrow it further.
const LOOKED_UP: usize = 10;

/// Numbers of pieces are spread well enough by one multiplication.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The lines of each piece of a chunk, while it is made.
#[derive(Default)]
pub(super) struct Chunk {
    pieces: HashMap<i64, Lines, BuildHasherDefault<Spread>>,
    scratch: Vec<i64>,
}

/// Rising numbers, each as its distance from the one before, seven bits to a byte.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    last: i64,
}

impl Lines {
    fn push(&mut self, id: i64) {
        let mut distance = id.wrapping_sub(self.last).cast_unsigned();
        while distance >= 0x80 {
            self.bytes.push((distance & 0x7f) as u8 | 0x80);
            distance >>= 7;
        }
        self.bytes.push(distance as u8);
        self.last = id;
    }
}

fn lines_of(bytes: &[u8]) -> Vec<i64> {
    let (mut ids, mut last, mut distance, mut shift) = (Vec::new(), 0_i64, 0_u64, 0);
    for byte in bytes {
        distance |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            last = last.wrapping_add(distance.cast_signed());
            ids.push(last);
            (distance, shift) = (0, 0);
        }
    }
    ids
}

/// Hands on the pieces of a text, in lower case: three characters of 21 bits at most.
fn pieces(text: &str, mut hand: impl FnMut(i64)) {
    let (mut before, mut last) = (0, 0);
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = i64::from(u32::from(c));
        if c == i64::from(u32::from(' ')) {
            (before, last) = (0, 0);
            continue;
        }
        if last != 0 && (c > 0x7f || last > 0x7f) {
            hand(last << 42 | c << 21);
        } else if before != 0 && before <= 0x7f {
            hand(before << 42 | last << 21 | c);
        }
        (before, last) = (last, c);
    }
}

impl Chunk {
    /// Takes in a line; the numbers of lines have to rise.
    pub(super) fn push(&mut self, id: i64, texts: [&str; 3]) {
        self.scratch.clear();
        for text in texts {
            pieces(text, |piece| self.scratch.push(piece));
        }
        for piece in &self.scratch {
            let lines = self.pieces.entry(*piece).or_default();
            if lines.last != id {
                lines.push(id);
            }
        }
    }

    /// Writes the chunk.
    pub(super) async fn write(self, tx: &mut Tx, company: i64, chunk: i64) -> Result<(), DbError> {
        let mut pieces: Vec<(i64, Lines)> = self.pieces.into_iter().collect();
        pieces.sort_unstable_by_key(|(piece, _)| *piece);
        let row = |(piece, lines): (i64, Lines)| -> Vec<Value> {
            vec![company.into(), piece.into(), chunk.into(), lines.bytes.into()]
        };
        tx.insert_many("line_text", "company_id, piece, chunk, lines", pieces.into_iter().map(row))
            .await?;
        Ok(())
    }
}

/// Writes the index of lines that are posted together, and says in which chunk each of them is;
/// `order` gives their places with rising numbers. Few lines have none.
pub(super) async fn write(
    tx: &mut Tx,
    company: i64,
    lines: &[NewLine],
    (order, ids): (&[usize], &[i64]),
) -> Result<Vec<i64>, DbError> {
    let mut chunks = Vec::new();
    if lines.len() < FEW {
        return Ok(chunks);
    }
    for part in order.chunks(CHUNK) {
        let mut chunk = Chunk::default();
        for at in part {
            let line = &lines[*at];
            chunk.push(ids[*at], [&line.reference, &line.other_reference, &line.memo]);
        }
        let number = tx.next_id();
        chunk.write(tx, company, number).await?;
        chunks.push(number);
    }
    Ok(chunks)
}

/// The lines within chunks that may hold a word, or nothing if the word is too short to be
/// looked up or more than `most` lines may hold it.
pub(super) async fn find(
    tx: &mut Tx,
    company: i64,
    word: &str,
    most: usize,
) -> Result<Option<Vec<i64>>, DbError> {
    let mut wanted = Vec::new();
    pieces(word, |piece| wanted.push(piece));
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(None);
    }
    wanted.truncate(LOOKED_UP);
    let mut sql = Sql::new("SELECT chunk, lines FROM line_text WHERE company_id = ");
    sql.push_bind(company).push(" AND piece IN ").push_list(wanted.iter().copied());
    let mut chunks: HashMap<i64, Vec<Vec<u8>>> = HashMap::new();
    tx.scan(sql, |cells| {
        chunks.entry(cells.int(0)?).or_default().push(cells.bytes(1)?.to_vec());
        Ok(())
    })
    .await?;
    let mut found = Vec::new();
    for (_, mut lists) in chunks {
        if lists.len() < wanted.len() {
            continue;
        }
        // From the shortest: what is left only shrinks.
        lists.sort_by_key(Vec::len);
        let mut lists = lists.iter().map(|bytes| lines_of(bytes));
        let mut left = lists.next().unwrap_or_default();
        for other in lists {
            left.retain(|id| other.binary_search(id).is_ok());
        }
        found.extend(left);
        if found.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Takes posted lines that are in no chunk into one; how many. Fewer than [`FEW`] stay as they
/// are: looking at them costs nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn fold(tx: &mut Tx, company: i64) -> Result<usize, DbError> {
    let loose = Sql::new(
        "SELECT id, reference, other_reference, memo FROM line WHERE company_id = $1 \
         AND text_chunk IS NULL AND state = 'posted' ORDER BY id LIMIT $2",
    );
    let rows = tx.rows(loose.bind(company).bind(CHUNK as i64)).await?;
    if rows.len() < FEW {
        return Ok(0);
    }
    let mut chunk = Chunk::default();
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.get("id")?;
        let text = |name: &str| row.get::<String>(name);
        let texts = [text("reference")?, text("other_reference")?, text("memo")?];
        chunk.push(id, texts.each_ref().map(String::as_str));
        ids.push(id);
    }
    let number = tx.next_id();
    chunk.write(tx, company, number).await?;
    let mut mark = Sql::new("UPDATE line SET text_chunk = ");
    mark.push_bind(number).push(" WHERE company_id = ").push_bind(company);
    mark.push(" AND text_chunk IS NULL AND state = 'posted' AND id IN ").push_ids(&ids);
    if tx.execute(mark).await? != ids.len() as u64 {
        // One of them was withdrawn meanwhile: the next night takes the others.
        return Err(DbError::Conflict);
    }
    Ok(ids.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces_of(text: &str) -> Vec<i64> {
        let mut found = Vec::new();
        pieces(text, |piece| found.push(piece));
        found
    }

    #[test]
    fn a_word_has_the_pieces_that_a_search_can_rely_on() {
        assert_eq!(pieces_of("XS1").len(), 1);
        assert_eq!(pieces_of("XS1"), pieces_of("xs1"));
        assert!(pieces_of("12").is_empty() && pieces_of("款").is_empty());
        assert_eq!(pieces_of("运费").len(), 1);
        // 付a, a单: two characters are enough where one of them is Chinese.
        assert_eq!(pieces_of("付a单").len(), 2);
        assert!(pieces_of("12 34").is_empty());
    }

    proptest! {
        #[test]
        fn every_part_of_a_text_has_only_pieces_of_the_text(
            text in "[A-Za-z0-9 \\-款运费付É]{0,24}", from in 0_usize..24, length in 0_usize..12,
        ) {
            let whole = pieces_of(&text);
            let part: String = text.chars().skip(from).take(length).collect();
            for word in part.split_whitespace() {
                prop_assert!(pieces_of(word).iter().all(|piece| whole.contains(piece)));
            }
        }

        #[test]
        fn numbers_come_back(mut ids in prop::collection::vec(1_i64.., 0..50)) {
            ids.sort_unstable();
            ids.dedup();
            let mut lines = Lines::default();
            ids.iter().for_each(|id| lines.push(*id));
            prop_assert_eq!(lines_of(&lines.bytes), ids);
        }
    }
}
