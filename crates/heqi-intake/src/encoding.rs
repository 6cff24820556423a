//! The encoding of a text file, by its bytes: marks, validity, and which Chinese is plausible.

use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An encoding and the name under which an inspection shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// Decoder.
    pub encoding: &'static Encoding,
    /// `utf-8`, `utf-8-sig`, `utf-16`, `gb18030`, `big5`, `windows-1252`, …
    pub name: &'static str,
    /// Nothing but ASCII was seen, so that later bytes may still decide otherwise.
    pub ascii: bool,
}

/// The encoding that a label names, as a person says it.
pub(crate) fn named(label: &str) -> Option<Found> {
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    let name = match encoding {
        it if it == UTF_8 => "utf-8",
        it if it == GB18030 || it == encoding_rs::GBK => "gb18030",
        it if it == BIG5 => "big5",
        it if it == UTF_16LE || it == UTF_16BE => "utf-16",
        it => it.name(),
    };
    let encoding = if name == "gb18030" { GB18030 } else { encoding };
    Some(Found { encoding, name, ascii: false })
}

/// Characters that make up most of a Chinese ledger: common ones, and the words of accounts in
/// simplified and in traditional form.
const COMMON: &str = "\
    的一是在不了有和人中大为上个国以要时来用到出分对成会可主发年同工也能下过产面方后多定行经部家\
    电力化高自小物加量机点业本应开合其前外日事平全表间关重新内数明利比向建月公无代通并提程员入常\
    文总次品设及管特件长资流路级统接计期九区回取收支账款余额借贷客户金币摘备注单号票初往银限司交\
    易订付货记凭证说类编码名称现销售退转存未已清我核税价规格张李王陈刘北京海深圳广州市省科技贸商\
    店帳額餘貸單號發對開應貿銀戶記時間國個會東過這來後學說幣備註憑證類編碼業務參計總結轉項稱貨銷\
    稅價數規張劉陳廣臺灣股份與為從將還沒於給經點種當實現電話訂購換費請據";

/// The encoding of `sample`; `None` for bytes that are not text. `whole`: the sample is the
/// whole file, otherwise its last character may be cut.
pub(crate) fn detect(sample: &[u8], whole: bool) -> Option<Found> {
    let found = |encoding, name| Some(Found { encoding, name, ascii: false });
    match sample {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return None,
        [0xEF, 0xBB, 0xBF, ..] => return found(UTF_8, "utf-8-sig"),
        [0xFF, 0xFE, ..] => return found(UTF_16LE, "utf-16"),
        [0xFE, 0xFF, ..] => return found(UTF_16BE, "utf-16"),
        _ => {}
    }
    if let Some(encoding) = wide(sample) {
        return found(encoding, "utf-16");
    }
    if is_binary(sample) {
        return None;
    }
    if sample.is_ascii() {
        return Some(Found { encoding: UTF_8, name: "utf-8", ascii: true });
    }
    let (good, bad) = utf8_sequences(sample, whole);
    if bad == 0 || good > 10 * bad {
        return found(UTF_8, "utf-8");
    }
    let (gb, big5) = (plausible(GB18030, sample), plausible(BIG5, sample));
    if gb.max(big5) >= 50 {
        return if gb >= big5 { found(GB18030, "gb18030") } else { found(BIG5, "big5") };
    }
    if is_western(sample) {
        return found(WINDOWS_1252, "windows-1252");
    }
    guessed(sample)
}

/// What chardetng thinks of bytes that are neither UTF-8, plausible Chinese nor plainly western.
fn guessed(sample: &[u8]) -> Option<Found> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let encoding = detector.guess(Some(b"cn"), chardetng::Utf8Detection::Deny);
    let name = match encoding.name() {
        "GBK" | "gb18030" => "gb18030",
        "Big5" => "big5",
        "windows-1252" => "windows-1252",
        other => other,
    };
    let encoding = if name == "gb18030" { GB18030 } else { encoding };
    Some(Found { encoding, name, ascii: false })
}

/// UTF-16 without a mark: the zero bytes of its ASCII stand all on one side.
fn wide(sample: &[u8]) -> Option<&'static Encoding> {
    let sample = &sample[..sample.len().min(4096) & !1];
    let zeros =
        |offset: usize| sample.iter().skip(offset).step_by(2).filter(|it| **it == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let enough = sample.len() / 2 / 5;
    if odd > enough.max(2) && odd > even * 10 {
        return Some(UTF_16LE);
    }
    (even > enough.max(2) && even > odd * 10).then_some(UTF_16BE)
}

/// Control bytes that no text has, beyond a few stray ones.
fn is_binary(sample: &[u8]) -> bool {
    let control = |it: &&u8| matches!(**it, 0..=8 | 14..=26 | 28..=31 | 127);
    let count = sample.iter().filter(control).count();
    count > 8 + sample.len() / 50
}

/// Well-formed sequences of several bytes, and malformed ones.
fn utf8_sequences(sample: &[u8], whole: bool) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    let mut chunks = sample.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        good += chunk.valid().chars().filter(|it| !it.is_ascii()).count();
        let cut_off = chunks.peek().is_none() && !whole && chunk.invalid().len() < 4;
        if !chunk.invalid().is_empty() && !cut_off {
            bad += 1;
        }
    }
    (good, bad)
}

/// Percent of the characters beyond ASCII that a Chinese ledger would have.
fn plausible(encoding: &'static Encoding, sample: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(sample);
    let punctuation = |it: char| {
        let wide = matches!(it, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FFEF}');
        wide || matches!(it, '—' | '“' | '”' | '·' | '…')
    };
    let (mut common, mut all) = (0, 0);
    for character in text.chars().filter(|it| !it.is_ascii()).take(4_000) {
        if punctuation(character) {
            continue;
        }
        all += 1;
        common += usize::from(COMMON.contains(character));
    }
    common * 100 / all.max(1)
}

/// High bytes that stand alone between ASCII, as accents and pound signs do.
fn is_western(sample: &[u8]) -> bool {
    let high = |at: usize| sample.get(at).is_some_and(|it| *it >= 0x80);
    let all = sample.iter().filter(|it| **it >= 0x80).count();
    let alone = (0..sample.len())
        .filter(|at| high(*at) && !high(at + 1) && (*at == 0 || !high(at - 1)))
        .count();
    alone * 10 >= all * 7
}
