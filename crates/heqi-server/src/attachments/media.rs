//! What a file is, told by its bytes, and a name that is safe to give back (trust.md C4).

/// Characters of a name that are kept.
const NAME_MAX: usize = 120;

/// The media type, if the bytes are one of the kinds that are kept and the name says the same.
pub(super) fn kind_of(name: &str, bytes: &[u8]) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    match ending.as_str() {
        "pdf" => bytes.starts_with(b"%PDF-").then_some("application/pdf"),
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some("image/png"),
        "jpg" | "jpeg" => bytes.starts_with(b"\xff\xd8\xff").then_some("image/jpeg"),
        "xlsx" => is_office(bytes, b"xl/workbook.xml")
            .then_some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "docx" => is_office(bytes, b"word/document.xml")
            .then_some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "csv" => is_text(bytes).then_some("text/csv"),
        "txt" => is_text(bytes).then_some("text/plain"),
        _ => None,
    }
}

/// A zip whose directory, which is not compressed, names the part and no macros.
fn is_office(bytes: &[u8], part: &[u8]) -> bool {
    let names = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    bytes.starts_with(b"PK\x03\x04") && names(part) && !names(b"vbaProject")
}

/// UTF-8 or GB 18030 without control characters; nothing that begins like another kind.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n');
    let other = [&b"%PDF-"[..], b"PK\x03\x04", b"MZ", b"<!", b"<html", b"<script", b"{\\rtf"];
    !bytes.is_empty()
        && !bytes.iter().any(control)
        && !other.iter().any(|start| bytes.starts_with(start))
        && (std::str::from_utf8(bytes).is_ok() || !encoding_rs::GB18030.decode(bytes).2)
}

/// The last part of a percent-encoded name without what a file system or a header trips over;
/// none if nothing is left.
pub(super) fn clean_name(given: &str) -> Option<String> {
    let decoded = percent_decoded(given)?;
    let last = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    // Marks that turn the direction of writing make `txt.exe` look like `exe.txt`.
    let hides = |c: char| {
        let turns = ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
        c.is_control() || c == '\u{feff}' || turns.iter().any(|marks| marks.contains(&c))
    };
    let kept: String = last
        .chars()
        .filter(|c| !hides(*c))
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let kept = kept.trim_matches([' ', '.']);
    let (stem, ending) = kept.rsplit_once('.')?;
    let stem = stem.trim_matches([' ', '.']);
    if stem.is_empty() || ending.is_empty() || ending.len() > 10 {
        return None;
    }
    let stem: String = stem.chars().take(NAME_MAX).collect();
    // Windows takes these for devices whatever their ending.
    let device = |name: &str| {
        let name = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        matches!(name.as_str(), "con" | "prn" | "aux" | "nul")
            || (name.len() == 4
                && (name.starts_with("com") || name.starts_with("lpt"))
                && name.ends_with(|c: char| c.is_ascii_digit()))
    };
    let mark = if device(&stem) { "_" } else { "" };
    Some(format!("{mark}{stem}.{ending}"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

/// `Content-Disposition` that keeps the file, with the name in the form of RFC 5987.
pub(super) fn disposition(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let ascii = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ');
    let plain: String = name.chars().map(|c| if ascii(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_names_are_cleaned() {
        for (given, expected) in [
            ("%E5%AF%B9%E8%B4%A6%E5%8D%95.pdf", Some("对账单.pdf")),
            ("..%2F..%2Fetc%2Fa.txt", Some("a.txt")),
            ("..\\..\\win.csv", Some("win.csv")),
            ("a%00b.pdf", Some("ab.pdf")),
            ("con.txt", Some("_con.txt")),
            ("COM1.tar.txt", Some("_COM1.tar.txt")),
            ("a%22%0D%0Ab.pdf", Some("a_b.pdf")),
            ("a%E2%80%AEfdp.exe", Some("afdp.exe")),
            ("a:b.txt. ", Some("a_b.txt")),
            ("..", None),
            (".txt", None),
            ("noending", None),
            ("%ZZ.txt", None),
            ("%FF.txt", None),
            ("", None),
        ] {
            assert_eq!(clean_name(given).as_deref(), expected, "{given}");
        }
        let long = clean_name(&format!("{}.pdf", "长".repeat(300)));
        assert_eq!(long, Some(format!("{}.pdf", "长".repeat(120))));
        assert_eq!(
            disposition("对 账.pdf"),
            "attachment; filename=\"_ _.pdf\"; filename*=UTF-8''%E5%AF%B9%20%E8%B4%A6.pdf"
        );
    }

    #[test]
    fn c4_a_file_is_what_its_bytes_say() {
        let zip = |part: &str| [b"PK\x03\x04....", part.as_bytes()].concat();
        for (name, bytes, kept) in [
            ("a.pdf", b"%PDF-1.7".to_vec(), true),
            ("a.pdf", b"MZ".to_vec(), false),
            ("a.PNG", b"\x89PNG\r\n\x1a\n..".to_vec(), true),
            ("a.jpg", b"\x89PNG\r\n\x1a\n..".to_vec(), false),
            ("a.xlsx", zip("xl/workbook.xml"), true),
            ("a.xlsx", zip("xl/workbook.xml xl/vbaProject.bin"), false),
            ("a.xlsx", zip("word/document.xml"), false),
            ("a.docx", zip("word/document.xml"), true),
            ("a.xlsm", zip("xl/workbook.xml"), false),
            ("a.csv", "金额,1\n".as_bytes().to_vec(), true),
            ("a.txt", b"\xbd\xf0\xb6\xee".to_vec(), true),
            ("a.txt", b"a\0b".to_vec(), false),
            ("a.txt", b"<html>".to_vec(), false),
            ("a.csv", Vec::new(), false),
            ("a.html", b"x".to_vec(), false),
        ] {
            assert_eq!(kind_of(name, &bytes).is_some(), kept, "{name}");
        }
    }
}
