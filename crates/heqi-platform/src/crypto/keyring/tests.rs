//! The key file: its rotation, its permissions, its damages. Rings for other tests.

use std::fs;

use super::*;

pub const TODAY: Day = 20_781;

/// A folder of its own, and the place of a key file in it.
pub fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    (folder, path)
}

/// A ring of one fresh key, without a file.
pub fn test_ring(suite: Suite) -> Keyring {
    Keyring { active: DataKey::random(suite, TODAY).unwrap(), older: Vec::new() }
}

impl Keyring {
    /// A ring of one known key.
    pub fn of_secret(suite: Suite, secret: [u8; 32]) -> Self {
        Self { active: DataKey::new(suite, TODAY, &secret), older: Vec::new() }
    }
}

#[test]
fn a_key_file_comes_back_as_it_was() {
    for suite in [Suite::International, Suite::Chinese] {
        let (_folder, path) = temporary();
        let created = Keyring::create(&path, suite, TODAY).unwrap();
        let loaded = Keyring::load(&path).unwrap();
        assert_eq!(created.active.secret(), loaded.active.secret());
        let key = (created.active_id(), suite, TODAY);
        assert_eq!(loaded.list().collect::<Vec<_>>(), [key]);
    }
}

#[test]
fn every_rotation_keeps_every_key() {
    let (folder, path) = temporary();
    let mut expected =
        vec![Keyring::create(&path, Suite::International, TODAY).unwrap().active_id()];
    for day in 1..=3 {
        let ring = Keyring::rotate(&path, Suite::Chinese, TODAY + day).unwrap();
        expected.insert(0, ring.active_id());
        let loaded = Keyring::load(&path).unwrap();
        for ring in [ring, loaded] {
            assert_eq!(ring.list().map(|(id, ..)| id).collect::<Vec<_>>(), expected);
        }
    }
    // Nothing half-written is left beside it.
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["keys.toml", "keys.toml.lock"]);
}

#[test]
fn two_rotations_at_once_lose_no_key() {
    let (_folder, path) = temporary();
    let first = Keyring::create(&path, Suite::International, TODAY).unwrap();
    let held = lock(&path).unwrap();
    let busy = Keyring::rotate(&path, Suite::International, TODAY);
    assert!(matches!(busy, Err(CryptoError::KeyFileBusy { .. })));
    drop(held);
    let done: Vec<KeyId> = std::thread::scope(|scope| {
        let rotations: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Keyring::rotate(&path, Suite::International, TODAY)))
            .collect();
        let done = rotations.into_iter().map(|rotation| rotation.join().unwrap());
        done.filter_map(Result::ok).map(|ring| ring.active_id()).collect()
    });
    assert!(!done.is_empty());
    let loaded = Keyring::load(&path).unwrap();
    assert!(done.iter().all(|id| loaded.key(*id).is_some()));
    assert_eq!(loaded.keys().count(), done.len() + 1);
    assert!(loaded.key(first.active_id()).is_some());
}

#[test]
fn a_key_file_is_never_overwritten() {
    let (folder, path) = temporary();
    Keyring::create(&path, Suite::International, TODAY).unwrap();
    let before = fs::read(&path).unwrap();
    let again = Keyring::create(&path, Suite::International, TODAY);
    assert!(matches!(again, Err(CryptoError::KeyFileExists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn d7_a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = temporary();
    Keyring::create(&path, Suite::International, TODAY).unwrap();
    let mode_of = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode_of(), 0o600);
    for mode in [0o640, 0o604, 0o620, 0o644, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for result in [Keyring::load(&path), Keyring::rotate(&path, Suite::International, TODAY)] {
            let error = result.expect_err("others can read it");
            assert!(error.to_string().contains("chmod 600"), "{error}");
            assert!(error.zh().contains("chmod 600"), "{}", error.zh());
        }
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Keyring::rotate(&path, Suite::International, TODAY).unwrap();
    assert_eq!(mode_of(), 0o600);
}

#[test]
fn d7_no_debug_text_and_no_error_shows_a_key() {
    let (_folder, path) = temporary();
    let ring = Keyring::of_secret(Suite::International, [0xA5; 32]);
    let text = key_file::text(ring.active_id(), std::slice::from_ref(&ring.active));
    let secret = text.split("secret = \"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(secret.len(), 44);
    let debug = format!("{ring:?}");
    assert!(debug.contains(&ring.active_id().to_string()));
    assert!(!debug.contains("165") && !debug.to_lowercase().contains("a5a5"), "{debug}");

    // A line that does not parse is named by its number and not quoted.
    for damaged in [
        text.replace("secret = \"", "secret = \"\\"),
        text.replace("secret = \"", "secret = "),
        text.replace("secret", "sekret"),
        text.replace(&format!("\"{secret}\""), &format!("\"{secret}")),
    ] {
        let error = key_file::parse(&path, &damaged).err().expect("damaged");
        for shown in [error.to_string(), error.zh(), format!("{error:?}")] {
            assert!(!shown.contains(&secret[..8]), "{shown}");
        }
    }
}

#[test]
fn a_damaged_key_file_says_what_is_wrong() {
    let (_folder, path) = temporary();
    let ring = test_ring(Suite::International);
    let good = key_file::text(ring.active_id(), std::slice::from_ref(&ring.active));
    let entry = &good[good.find("[[key]]").unwrap()..];
    let secret = good.split("secret = \"").nth(1).unwrap().split('"').next().unwrap();
    let other = if secret.starts_with('A') { "B" } else { "A" };
    let id = ring.active_id().to_string();
    let cases = [
        (good.replacen("form = 1", "form = 2", 1), "another version"),
        (good.replacen(&id, "0000000000000000", 1), "the active key is not among"),
        (format!("{}{entry}", *good), "twice"),
        (good.replacen(secret, &secret[4..], 1), "incomplete"),
        (good.replacen(secret, &format!("AAAA{secret}"), 1), "incomplete"),
        (good.replacen(secret, &format!("{other}{}", &secret[1..]), 1), "does not fit its id"),
        (good.replacen("2026-", "2026-1", 1), "no date"),
        (good.replacen("[[key]]", "[[key", 1), "cannot be read"),
        (String::new(), "cannot be read"),
    ];
    for (text, expected) in cases {
        let error = key_file::parse(&path, &text).err().expect(expected);
        assert!(matches!(error, CryptoError::KeyFileDamaged { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
    let missing = Keyring::load(&path).expect_err("no file");
    assert!(matches!(missing, CryptoError::KeyFileMissing { .. }));
}

#[test]
fn d7_every_purpose_has_a_key_of_its_own() {
    let purposes = [Purpose::Field, Purpose::Blob, Purpose::Cursor, Purpose::Index];
    let mut keys = Vec::new();
    for suite in [Suite::International, Suite::Chinese] {
        let ring = Keyring::of_secret(suite, [1; 32]);
        keys.extend(purposes.map(|purpose| ring.derive(purpose)));
        // The same key again, or nothing could be opened.
        assert_eq!(*ring.derive(Purpose::Field), *keys[keys.len() - 4]);
    }
    keys.sort_by_key(|key| **key);
    assert!(keys.windows(2).all(|pair| *pair[0] != *pair[1]));
}
