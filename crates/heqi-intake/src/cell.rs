//! Wrappers that exports put around a cell, and how to take them off.

/// The cell without padding, byte-order mark, backtick, TAB, `="…"` and `'` wrappers.
pub(crate) fn clean(cell: &str) -> &str {
    let blank = |it: char| it.is_whitespace() || matches!(it, '\u{FEFF}' | '\u{200B}' | '\0');
    let mut rest = cell.trim_matches(blank);
    if let Some(inner) = rest.strip_prefix("=\"").and_then(|it| it.strip_suffix('"')) {
        rest = inner.trim_matches(blank);
    }
    if let Some(inner) = rest.strip_prefix('`') {
        rest = inner.trim_matches(blank);
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        rest = inner.strip_suffix('\'').unwrap_or(inner).trim_matches(blank);
    }
    rest
}

/// The cell at `index`, cleaned; empty where the row is too short.
pub(crate) fn at<'a>(cells: &[&'a str], index: usize) -> &'a str {
    cells.get(index).map_or("", |cell| clean(cell))
}

/// The first 200 characters, for a message.
pub(crate) fn cut(cell: &str) -> String {
    cell.chars().take(200).collect()
}
