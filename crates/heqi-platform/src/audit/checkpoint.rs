//! A checkpoint: where a chain stood at a moment, signed, to be kept outside the database.
//!
//! Whoever can write the database can rewrite a chain from any record on; nobody can rewrite
//! the checkpoint that a customer holds on a statement. Text form, one line:
//! `heqi-audit-v1 COMPANY SEQUENCE HASH INSTANT SIGNATURE`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::record::genesis;
use crate::Timestamp;
use crate::db::{DbError, Sql, Tx};
use crate::fault;

const PREFIX: &str = "heqi-audit-v1";

/// Where a chain stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose chain.
    pub company: i64,
    /// Its last record then.
    pub sequence: i64,
    /// That record's hash.
    pub hash: [u8; 32],
    /// When.
    pub at: Timestamp,
}

/// Why a text is no checkpoint of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It has another form.
    #[error("not a checkpoint: expected `{PREFIX} COMPANY SEQUENCE HASH INSTANT SIGNATURE`")]
    Malformed,
    /// It was not signed with this key.
    #[error("the signature of the checkpoint does not hold")]
    NotOurs,
    /// The key file cannot be used.
    #[error("the signing key {0}")]
    Key(String),
}

impl Checkpoint {
    /// Where the chain of a company stands.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn of(tx: &mut Tx, company: i64) -> Result<Self, DbError> {
        let find = Sql::new("SELECT sequence, hash FROM audit_head WHERE company_id = $1");
        let head = tx.optional(find.bind(company)).await?;
        let (sequence, hash) = match head {
            Some(row) => (row.get("sequence")?, row.get("hash")?),
            None => (0, genesis(company)),
        };
        fault::at("audit.checkpoint")?;
        Ok(Self { company, sequence, hash, at: tx.now() })
    }

    fn body(&self) -> String {
        let hash = URL_SAFE_NO_PAD.encode(self.hash);
        format!("{PREFIX} {} {} {hash} {}", self.company, self.sequence, self.at)
    }
}

/// Signs checkpoints, and knows its own signature again.
#[derive(Debug)]
pub struct Signer(SigningKey);

impl Signer {
    /// The key in this file; made, readable by its owner only, if there is none.
    ///
    /// # Errors
    /// [`CheckpointError::Key`].
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let failed = |what: String| CheckpointError::Key(format!("{}: {what}", path.display()));
        if !path.exists() {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|error| failed(error.to_string()))?;
            crate::config::write_secret(path, &URL_SAFE_NO_PAD.encode(seed))
                .map_err(|error| failed(error.to_string()))?;
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let seed = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|seed| seed.try_into().ok());
        let seed: [u8; 32] = seed.ok_or_else(|| failed("is not a key of ours".to_owned()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The checkpoint as a line of text, signed.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let body = checkpoint.body();
        let signature = self.0.sign(body.as_bytes());
        format!("{body} {}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// What anybody needs to check a signature of ours.
    #[must_use]
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_bytes())
    }

    /// Reads a line that this key signed.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] or [`CheckpointError::NotOurs`].
    pub fn read(&self, line: &str) -> Result<Checkpoint, CheckpointError> {
        read(line, &self.0.verifying_key())
    }
}

fn read(line: &str, key: &VerifyingKey) -> Result<Checkpoint, CheckpointError> {
    let malformed = || CheckpointError::Malformed;
    let (body, signature) = line.trim().rsplit_once(' ').ok_or_else(malformed)?;
    let words: Vec<&str> = body.split(' ').collect();
    let &[PREFIX, company, sequence, hash, at] = words.as_slice() else { return Err(malformed()) };
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    let signature = Signature::from_slice(&signature).map_err(|_| malformed())?;
    key.verify_strict(body.as_bytes(), &signature).map_err(|_| CheckpointError::NotOurs)?;
    let hash = URL_SAFE_NO_PAD.decode(hash).ok().and_then(|hash| hash.try_into().ok());
    Ok(Checkpoint {
        company: company.parse().map_err(|_| malformed())?,
        sequence: sequence.parse().map_err(|_| malformed())?,
        hash: hash.ok_or_else(malformed)?,
        at: Timestamp::try_from(at.to_owned()).map_err(|_| malformed())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e1_a_checkpoint_is_known_again_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::open(&folder.path().join("audit.key")).unwrap();
        let at = Timestamp::from_micros(1_795_550_700_000_000);
        let mark = Checkpoint { company: 3, sequence: 99, hash: [7; 32], at };
        let line = signer.sign(&mark);
        assert_eq!(signer.read(&line), Ok(mark));
        let again = Signer::open(&folder.path().join("audit.key")).unwrap();
        assert_eq!(again.public_key(), signer.public_key());
        let forged = line.replacen(" 99 ", " 98 ", 1);
        assert_eq!(signer.read(&forged), Err(CheckpointError::NotOurs));
        assert_eq!(signer.read("hello"), Err(CheckpointError::Malformed));
        let other = Signer::open(&folder.path().join("other.key")).unwrap();
        assert_eq!(other.read(&line), Err(CheckpointError::NotOurs));
    }
}
