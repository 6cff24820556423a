//! Backups: what comes back, and what is refused.

use super::*;

/// 2^10: a test needs no slow passphrase.
const LITTLE_WORK: u8 = 10;

/// Bytes that no two chunks have in common.
fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(length).collect()
}

fn encrypted(content: &[u8], encryption: &Encryption) -> Vec<u8> {
    let mut writer = encrypt_with_work(Vec::new(), encryption, LITTLE_WORK).unwrap();
    // In odd pieces, as a backup is written.
    for piece in content.chunks(10_007) {
        writer.write_all(piece).unwrap();
    }
    writer.finish().unwrap()
}

fn decrypted(backup: &[u8], decryption: &Decryption) -> Result<Vec<u8>, CryptoError> {
    let mut content = Vec::new();
    let mut reader = decrypt_from(backup, decryption)?;
    match reader.read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(error) => Err(match CryptoError::within(&error) {
            Some(CryptoError::BackupTruncated) => CryptoError::BackupTruncated,
            Some(CryptoError::BackupDamaged) => CryptoError::BackupDamaged,
            _ => panic!("{error}"),
        }),
    }
}

fn identity() -> Identity {
    Identity(age::x25519::Identity::generate())
}

fn passphrase(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

/// Both ways to encrypt, each with its way to decrypt.
fn ways() -> [(Encryption, Decryption); 2] {
    let identity = identity();
    [
        (Encryption::Recipients(vec![identity.recipient()]), Decryption::Identity(identity)),
        (
            Encryption::Passphrase(passphrase("对账 2026")),
            Decryption::Passphrase(passphrase("对账 2026")),
        ),
    ]
}

#[test]
fn five_megabytes_come_back() {
    let content = content(5_000_000);
    for (encryption, decryption) in ways() {
        let backup = encrypted(&content, &encryption);
        assert!(!backup.windows(16).any(|window| window == &content[..16]));
        assert!(decrypted(&backup, &decryption).unwrap() == content);
    }
}

#[test]
fn any_length_comes_back() {
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072] {
        let content = content(length);
        let (encryption, decryption) = &ways()[0];
        let backup = encrypted(&content, encryption);
        assert!(decrypted(&backup, decryption).unwrap() == content, "{length}");
    }
}

#[test]
fn every_recipient_opens_a_backup_and_no_other() {
    let (ours, auditor, stranger) = (identity(), identity(), identity());
    let recipients = vec![ours.recipient(), auditor.recipient()];
    let backup = encrypted(b"books", &Encryption::Recipients(recipients));
    for identity in [ours, auditor] {
        assert_eq!(decrypted(&backup, &Decryption::Identity(identity)).unwrap(), b"books");
    }
    let error = decrypted(&backup, &Decryption::Identity(stranger)).expect_err("a stranger");
    assert!(matches!(error, CryptoError::WrongIdentity));
    let nobody = encrypt_to(Vec::new(), &Encryption::Recipients(Vec::new())).err();
    assert!(matches!(nobody, Some(CryptoError::NoRecipient)));
}

#[test]
fn d7_a_wrong_passphrase_is_refused_and_told() {
    let backup = encrypted(b"books", &Encryption::Passphrase(passphrase("对账 2026")));
    for wrong in ["", "对账2026", "对账 2027", "對賬 2026"] {
        let error = decrypted(&backup, &Decryption::Passphrase(passphrase(wrong)));
        let error = error.expect_err("a wrong passphrase");
        assert!(matches!(error, CryptoError::WrongPassphrase));
        assert!(error.to_string().starts_with("wrong passphrase"), "{error}");
        assert!(error.zh().starts_with("口令不对"), "{}", error.zh());
    }
}

#[test]
fn the_wrong_kind_of_key_is_told() {
    let [(for_recipient, by_identity), (with_passphrase, by_passphrase)] = ways();
    let error = decrypted(&encrypted(b"books", &for_recipient), &by_passphrase);
    assert!(matches!(error, Err(CryptoError::IdentityNeeded)));
    let error = decrypted(&encrypted(b"books", &with_passphrase), &by_identity);
    assert!(matches!(error, Err(CryptoError::PassphraseNeeded)));
    let error = decrypted(b"PK\x03\x04 some other file of some length", &by_identity);
    assert!(matches!(error, Err(CryptoError::NotABackup)));
}

#[test]
fn d7_a_truncated_backup_is_refused() {
    let content = content(200_000);
    for (encryption, decryption) in ways() {
        let backup = encrypted(&content, &encryption);
        let header = backup.len() - 200_000 - 4 * 16 - 16;
        // In the header, in a chunk, and exactly between two chunks.
        let chunk = 65_536 + 16;
        let ends = [0, 10, header / 2, header, header + 16, header + 16 + chunk];
        for end in ends.into_iter().chain([backup.len() / 2, backup.len() - 16, backup.len() - 1]) {
            let error = decrypted(&backup[..end], &decryption).expect_err("truncated");
            assert!(
                matches!(
                    error,
                    CryptoError::BackupTruncated
                        | CryptoError::BackupDamaged
                        | CryptoError::NotABackup
                ),
                "cut at {end}: {error}"
            );
        }
        let at_chunk = decrypted(&backup[..header + 16 + chunk], &decryption);
        assert!(matches!(at_chunk, Err(CryptoError::BackupTruncated)));
        let longer = [backup.as_slice(), b"\0"].concat();
        assert!(decrypted(&longer, &decryption).is_err());
    }
}

#[test]
fn d7_a_backup_without_its_end_is_refused() {
    let (encryption, decryption) = &ways()[0];
    let mut sink = Vec::new();
    let mut writer = encrypt_to(&mut sink, encryption).unwrap();
    writer.write_all(&content(100_000)).unwrap();
    drop(writer);
    assert!(matches!(decrypted(&sink, decryption), Err(CryptoError::BackupTruncated)));
}

#[test]
fn d7_a_flipped_bit_anywhere_is_refused() {
    let content = content(200_000);
    for (encryption, decryption) in ways() {
        let backup = encrypted(&content, &encryption);
        // 32 bytes of the header, then 32 over the whole file, the last byte among them.
        let header = (0..32).map(|sample| sample * 6);
        let whole = (1..=32).map(|sample| sample * backup.len() / 32 - 1);
        for (sample, place) in header.chain(whole).enumerate() {
            let mut flipped = backup.clone();
            flipped[place] ^= 1 << (sample % 8);
            assert!(decrypted(&flipped, &decryption).is_err(), "byte {place}");
        }
    }
}

#[test]
fn after_an_error_nothing_more_is_read() {
    let (encryption, decryption) = &ways()[0];
    let mut backup = encrypted(&content(200_000), encryption);
    let middle = backup.len() / 2;
    backup[middle] ^= 1;
    let mut reader = decrypt_from(backup.as_slice(), decryption).unwrap();
    let mut read = Vec::new();
    assert!(reader.read_to_end(&mut read).is_err());
    let length = read.len();
    assert!(length < 200_000);
    for _ in 0..3 {
        assert!(reader.read_to_end(&mut read).is_err());
    }
    assert_eq!(read.len(), length);
}

#[test]
fn d7_a_backup_made_to_exhaust_the_machine_is_refused() {
    let (encryption, decryption) = &ways()[1];
    let backup = encrypted(b"books", encryption);
    let text = String::from_utf8_lossy(&backup[..80]).into_owned();
    let place = text.find(" 10\n").expect("the work factor") + 1;
    let mut costly = backup;
    costly[place..place + 2].copy_from_slice(b"30");
    let error = decrypted(&costly, decryption);
    assert!(matches!(error, Err(CryptoError::BackupTooCostly { log_n: 30 })));
}

#[test]
fn an_identity_file_comes_back_and_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup-identity.txt");
    let created = Identity::create(&path).unwrap();
    let loaded = Identity::load(&path).unwrap();
    assert_eq!(created.recipient(), loaded.recipient());
    let text = loaded.recipient().to_string();
    let recipient: Recipient = text.parse().unwrap();
    let backup = encrypted(b"books", &Encryption::Recipients(vec![recipient]));
    assert_eq!(decrypted(&backup, &Decryption::Identity(loaded.clone())).unwrap(), b"books");

    let secret = std::fs::read_to_string(&path).unwrap().lines().last().unwrap().to_owned();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    assert!(!format!("{loaded:?}").contains(&secret[16..]));
    assert!(matches!(Identity::create(&path), Err(CryptoError::KeyFileExists { .. })));
    let malformed = text[..20].parse::<Recipient>();
    assert!(matches!(malformed, Err(CryptoError::MalformedRecipient { .. })));
}

#[cfg(unix)]
#[test]
fn d7_an_identity_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup-identity.txt");
    Identity::create(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Identity::load(&path), Err(CryptoError::KeyFileExposed { .. })));
}
