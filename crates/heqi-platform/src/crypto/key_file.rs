//! `keys.toml`: the data keys as text. Read and written here, checked entry by entry.
//!
//! The id of a key is computed from the key, so a character lost in a copy by hand shows at
//! once and not when the first value fails to open.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heqi_domain::{day_from_iso, day_text};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::error::CryptoError;
use super::keyring::{DataKey, KeyId};
use super::suite::Suite;

const FORM: u32 = 1;
const HEAD: &str = "\
# Heqi data keys 合契数据密钥
# Whoever has this file and the database reads everything. Without it, nothing that is sealed
# can be read again: keep a copy away from the database and from its backups.
# 有此文件和数据库，即可读出全部加密内容；丢了此文件，加密内容再也读不出来。
# 请另存副本，不要与数据库或其备份放在一起。
# Do not edit 请勿手工修改.
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    form: u32,
    active: String,
    key: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    suite: Suite,
    created: String,
    secret: SecretText,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct SecretText(String);

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The keys of a file, the active one first.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<DataKey>, CryptoError> {
    let damaged = |line, what| CryptoError::KeyFileDamaged { path: path.to_owned(), line, what };
    let document: Document = toml::from_str(text).map_err(|error| {
        // The parser's own message quotes the line, and the line may be a key.
        let line = error.span().and_then(|span| text.get(..span.start));
        let line = line.map(|before| before.matches('\n').count() + 1);
        damaged(line, "it cannot be read as a key file")
    })?;
    if document.form != FORM {
        return Err(damaged(None, "it was written by another version of Heqi"));
    }
    let mut keys: Vec<DataKey> = Vec::with_capacity(document.key.len());
    for entry in &document.key {
        let key = key_of_entry(entry).map_err(|what| damaged(None, what))?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(damaged(None, "one key stands there twice"));
        }
        keys.push(key);
    }
    let active = keys.iter().position(|key| key.id.to_string() == document.active);
    let active = active.ok_or_else(|| damaged(None, "the active key is not among its keys"))?;
    keys.swap(0, active);
    Ok(keys)
}

fn key_of_entry(entry: &Entry) -> Result<DataKey, &'static str> {
    let created = day_from_iso(&entry.created).ok_or("a date of creation is no date")?;
    // One spare byte each way, so that a key of a wrong length is seen and not cut to fit.
    let mut bytes = Zeroizing::new([0; 36]);
    let length = STANDARD.decode_slice(&entry.secret.0, bytes.as_mut_slice());
    let secret = bytes.first_chunk().filter(|_| length == Ok(32)).ok_or("a key is incomplete")?;
    let key = DataKey::new(entry.suite, created, secret);
    if key.id.to_string() != entry.id {
        return Err("a key does not fit its id");
    }
    Ok(key)
}

/// The text of a key file; the first key is the active one.
pub(super) fn text(active: KeyId, keys: &[DataKey]) -> Zeroizing<String> {
    // Room for all of it at once: a buffer that grows leaves copies of keys behind.
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + 64 + 256 * keys.len()));
    text.push_str(HEAD);
    text.push_str(&format!("form = {FORM}\nactive = \"{active}\"\n"));
    for key in keys {
        let (id, suite, created) = (key.id, key.suite.code(), day_text(key.created));
        text.push_str(&format!("\n[[key]]\nid = \"{id}\"\nsuite = \"{suite}\"\n"));
        text.push_str(&format!("created = \"{created}\"\nsecret = \""));
        STANDARD.encode_string(key.secret(), &mut text);
        text.push_str("\"\n");
    }
    text
}
