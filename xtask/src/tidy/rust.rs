//! What the rules need to know of a Rust file, read from its tokens.
//!
//! The lexer of the Rust language itself (crate `proc-macro2`) reads the file, so text
//! inside comments, strings and macros is never mistaken for code.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, counted from 1.
    pub line: usize,
    /// From `fn` to the closing brace, both included.
    pub lines: usize,
}

/// A word of code outside tests: a call `.unwrap()`, a macro `dbg!`, a path `std::fs`.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// The word: `.name()`, `name!`, `a::b` or a bare identifier.
    pub text: String,
    /// Its line, counted from 1.
    pub line: usize,
}

/// One file, read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Lines that carry code outside test modules; neither comments nor blank ones.
    pub code: BTreeSet<usize>,
    /// Functions, tests included.
    pub functions: Vec<Function>,
    /// Words outside tests.
    pub words: Vec<Word>,
    /// Modules in files of their own that exist for tests only.
    pub test_modules: Vec<String>,
}

/// Reads a file; `None` if it is not valid Rust (the compiler says why, better than we could).
pub fn read(text: &str) -> Option<Reading> {
    let stream: TokenStream = text.parse().ok()?;
    let mut reading = Reading::default();
    reading.walk(stream, false);
    Some(reading)
}

impl Reading {
    /// Reads one level of tokens; `in_test` inherits from the item around it.
    fn walk(&mut self, stream: TokenStream, in_test: bool) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        // Set by an attribute that makes the next item a test, until that item ends.
        let mut item_is_test = false;
        let mut at = 0;
        while at < tokens.len() {
            if let Some((group, length)) = attribute(&tokens[at..]) {
                let words = flat(group);
                if words.first().is_some_and(|word| word == "doc") {
                    at += length;
                    continue;
                }
                item_is_test |= is_test(&words);
            }
            let test = in_test || item_is_test;
            self.note(&tokens, at, test);
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.mark(group.span_open().start().line, test);
                    self.walk(group.stream(), test);
                    self.mark(group.span_close().end().line, test);
                    if group.delimiter() == Delimiter::Brace {
                        item_is_test = false;
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => {
                    self.mark(mark.span().start().line, test);
                    item_is_test = false;
                }
                other => {
                    let span = other.span();
                    for line in span.start().line..=span.end().line {
                        self.mark(line, test);
                    }
                }
            }
            at += 1;
        }
    }

    fn mark(&mut self, line: usize, in_test: bool) {
        if !in_test {
            self.code.insert(line);
        }
    }

    /// Records what starts at token `at`: a function, a test module, a word.
    fn note(&mut self, tokens: &[TokenTree], at: usize, in_test: bool) {
        let here = tokens[at].span().start().line;
        match identifier(tokens, at).as_deref() {
            Some("fn") => self.functions.extend(function(&tokens[at..])),
            Some("mod") if in_test && punct(tokens, at + 2) == Some(';') => {
                self.test_modules.extend(identifier(tokens, at + 1));
            }
            Some(word) if !in_test => {
                let mut texts = vec![word.to_owned()];
                if punct(tokens, at + 1) == Some('!') && is_group(tokens, at + 2) {
                    texts.push(format!("{word}!"));
                }
                texts.extend(steps(tokens, at).into_iter().map(|step| format!("{word}::{step}")));
                self.words.extend(texts.into_iter().map(|text| Word { text, line: here }));
            }
            None if !in_test && punct(tokens, at) == Some('.') && is_group(tokens, at + 2) => {
                if let Some(name) = identifier(tokens, at + 1) {
                    self.words.push(Word { text: format!(".{name}()"), line: here });
                }
            }
            _ => {}
        }
    }
}

/// The bracket of `#[…]` or `#![…]` at the start of `tokens`, and how many tokens it takes.
fn attribute(tokens: &[TokenTree]) -> Option<(TokenStream, usize)> {
    if punct(tokens, 0) != Some('#') {
        return None;
    }
    let length = if punct(tokens, 1) == Some('!') { 3 } else { 2 };
    match tokens.get(length - 1) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some((group.stream(), length))
        }
        _ => None,
    }
}

/// `test`, `cfg(test)`, `cfg(all(test, …))` and the like; `cfg(not(test))` is no test.
fn is_test(words: &[String]) -> bool {
    let has = |word: &str| words.iter().any(|found| found == word);
    match words.first().map(String::as_str) {
        Some("test") => true,
        Some("cfg") => has("test") && !has("not"),
        _ => false,
    }
}

/// Every identifier of a stream, inner groups included.
fn flat(stream: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in stream {
        match token {
            TokenTree::Ident(name) => words.push(name.to_string()),
            TokenTree::Group(group) => words.extend(flat(group.stream())),
            _ => {}
        }
    }
    words
}

/// What follows `name::` at `at`: one name, or those inside a brace of a `use`.
fn steps(tokens: &[TokenTree], at: usize) -> Vec<String> {
    let joint = matches!(tokens.get(at + 1), Some(TokenTree::Punct(mark))
        if mark.as_char() == ':' && mark.spacing() == Spacing::Joint);
    if !joint {
        return Vec::new();
    }
    match tokens.get(at + 3) {
        Some(TokenTree::Ident(name)) => vec![name.to_string()],
        Some(TokenTree::Group(group)) => flat(group.stream()),
        _ => Vec::new(),
    }
}

/// The function that starts with `fn` at the head of `tokens`, if it has a name and a body.
fn function(tokens: &[TokenTree]) -> Option<Function> {
    let name = identifier(tokens, 1)?;
    let line = tokens[0].span().start().line;
    for token in &tokens[2..] {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ';' => return None,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let lines = group.span_close().end().line - line + 1;
                return Some(Function { name, line, lines });
            }
            _ => {}
        }
    }
    None
}

fn identifier(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

fn punct(tokens: &[TokenTree], at: usize) -> Option<char> {
    match tokens.get(at) {
        Some(TokenTree::Punct(mark)) => Some(mark.as_char()),
        _ => None,
    }
}

fn is_group(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Group(_)))
}

#[cfg(test)]
mod tests {
    //! Goal: code is told from comments, strings and tests. Method: one small file a case.

    use super::*;

    #[track_caller]
    fn words(text: &str) -> Vec<String> {
        read(text).unwrap().words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        let found = words("//! a.unwrap()\nfn f() { let _ = \".unwrap()\"; /* b.unwrap() */ }");
        assert!(!found.contains(&".unwrap()".to_owned()), "{found:?}");
        assert!(words("fn f() { a.unwrap() }").contains(&".unwrap()".to_owned()));
        assert!(words("fn f() { format!(\"{}\", a.unwrap()) }").contains(&".unwrap()".to_owned()));
    }

    #[test]
    fn tests_are_set_apart() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests { fn t() { a.unwrap() } }\nfn g() { b! {} }";
        let found = words(text);
        assert!(!found.contains(&".unwrap()".to_owned()), "{found:?}");
        assert!(found.contains(&"b!".to_owned()), "what follows a test is code again");
        assert!(words("#[cfg(not(test))]\nfn f() { a.unwrap() }").contains(&".unwrap()".into()));
        assert_eq!(read("#[cfg(test)]\nmod proofs;").unwrap().test_modules, ["proofs"]);
    }

    #[test]
    fn paths_are_followed_into_use_braces() {
        let found = words("use std::{fs, io::Read};\nfn f() { std::env::var(\"a\"); }");
        for path in ["std::fs", "std::io", "std::env"] {
            assert!(found.contains(&path.to_owned()), "{path} in {found:?}");
        }
    }

    #[test]
    fn functions_are_measured_to_their_brace() {
        let text =
            "trait T { fn no_body(&self); }\npub fn f<A, B>()\nwhere\n    A: B,\n{\n    1;\n}\n";
        let function = Function { name: "f".into(), line: 2, lines: 6 };
        assert_eq!(read(text).unwrap().functions, [function]);
    }

    #[test]
    fn only_code_lines_count() {
        let text =
            "//! doc\n\n/// doc\n// comment\nfn f() {\n\n    1;\n}\n#[cfg(test)]\nmod t {\n}\n";
        // The attribute's own line stays outside too, as part of the test.
        assert_eq!(read(text).unwrap().code.into_iter().collect::<Vec<_>>(), [5, 7, 8]);
    }
}
