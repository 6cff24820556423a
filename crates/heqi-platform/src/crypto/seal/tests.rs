//! Sealed values: what opens, and what is refused.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::crypto::Suite;
use crate::crypto::keyring::tests::{TODAY, temporary, test_ring};

const SUITES: [Suite; 2] = [Suite::International, Suite::Chinese];

fn account() -> Context {
    Context::field(3, "customers", "bank_account", 17)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_sealed_opens(plaintext in proptest::collection::vec(any::<u8>(), 0..300)) {
        for suite in SUITES {
            let ring = test_ring(suite);
            let sealed = ring.seal(&account(), &plaintext).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            prop_assert_eq!(ring.open(&account(), &sealed).unwrap(), plaintext.clone());
        }
    }
}

#[test]
fn d7_a_sealed_text_shows_nothing_of_the_text() {
    for suite in SUITES {
        let ring = test_ring(suite);
        let sealed = ring.seal_text(&account(), "6222020200011231234").unwrap();
        assert!(!sealed.contains("6222"));
        assert_ne!(sealed, ring.seal_text(&account(), "6222020200011231234").unwrap());
        assert_eq!(ring.open_text(&account(), &sealed).unwrap(), "6222020200011231234");
        assert_eq!(key_of_text(&sealed).unwrap(), ring.active_id());
    }
}

#[test]
fn d7_every_flipped_bit_is_refused() {
    for suite in SUITES {
        let ring = test_ring(suite);
        let sealed = ring.seal(&account(), b"1234").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = ring.open(&account(), &flipped).expect_err("a flipped bit");
            match (bit / 8, error) {
                (0, CryptoError::UnknownVersion { .. })
                | (2..10, CryptoError::UnknownKey { .. })
                | (1 | 10.., CryptoError::Tampered { .. }) => {}
                (byte, other) => panic!("byte {byte}: {other}"),
            }
        }
    }
}

#[test]
fn d7_every_changed_character_of_a_sealed_text_is_refused() {
    let ring = test_ring(Suite::Chinese);
    let sealed = ring.seal_text(&account(), "12345").unwrap();
    for place in 0..sealed.len() {
        for other in ["A", "z", "_", "="] {
            let mut changed = sealed.clone();
            changed.replace_range(place..=place, other);
            if changed != sealed {
                assert!(ring.open_text(&account(), &changed).is_err(), "{place} {other}");
            }
        }
    }
}

#[test]
fn d7_a_shortened_value_is_refused() {
    let ring = test_ring(Suite::International);
    let sealed = ring.seal(&account(), b"12345").unwrap();
    for length in 0..sealed.len() {
        let error = ring.open(&account(), &sealed[..length]).expect_err("shortened");
        match error {
            CryptoError::Truncated { bytes } => assert!(bytes == length && length < OVERHEAD),
            CryptoError::Tampered { .. } => assert!(length >= OVERHEAD),
            other => panic!("{length}: {other}"),
        }
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(matches!(ring.open(&account(), &longer), Err(CryptoError::Tampered { .. })));
}

#[test]
fn d7_a_value_opens_in_its_own_place_only() {
    let ring = test_ring(Suite::International);
    let sealed = ring.seal(&account(), b"6222").unwrap();
    for place in [
        Context::field(4, "customers", "bank_account", 17),
        Context::field(3, "suppliers", "bank_account", 17),
        Context::field(3, "customers", "phone", 17),
        Context::field(3, "customers", "bank_account", 18),
        Context::blob(3, "customers"),
        Context::cursor("customers", "bank_account"),
    ] {
        let error = ring.open(&place, &sealed).expect_err("another place");
        assert!(matches!(&error, CryptoError::Tampered { place: told } if *told == place.label));
    }
}

#[test]
fn d7_a_wrong_key_is_refused_and_told() {
    for suite in SUITES {
        let sealed = test_ring(suite).seal(&account(), b"6222").unwrap();
        let stranger = test_ring(suite);
        let error = stranger.open(&account(), &sealed).expect_err("another key file");
        assert!(matches!(error, CryptoError::UnknownKey { .. }));
        assert!(error.zh().contains("密钥文件"));
        // Nor does it open if somebody writes the stranger's key id over the right one.
        let mut renamed = sealed.clone();
        renamed[2..10].copy_from_slice(&stranger.active_id().bytes());
        let error = stranger.open(&account(), &renamed).expect_err("another key");
        assert!(matches!(error, CryptoError::Tampered { .. }));
    }
}

#[test]
fn d7_a_rotation_keeps_old_values_readable_and_tells_them() {
    let (_folder, path) = temporary();
    let first = Keyring::create(&path, Suite::International, TODAY).unwrap();
    let old = first.seal(&account(), b"old").unwrap();
    let rotated = Keyring::rotate(&path, Suite::Chinese, TODAY + 1).unwrap();
    let new = rotated.seal(&account(), b"new").unwrap();
    for ring in [rotated, Keyring::load(&path).unwrap()] {
        assert_eq!(ring.suite(), Suite::Chinese);
        assert_eq!(ring.open(&account(), &old).unwrap(), b"old");
        assert_eq!(ring.open(&account(), &new).unwrap(), b"new");
        assert!(!ring.is_current(&old).unwrap());
        assert!(ring.is_current(&new).unwrap());
        assert_eq!(key_of(&old).unwrap(), first.active_id());
    }
    // A process that has not loaded the file again says what it lacks.
    assert!(matches!(first.open(&account(), &new), Err(CryptoError::UnknownKey { .. })));
}

#[test]
fn d7_a_blind_index_finds_equal_values_before_and_after_a_rotation() {
    let column = IndexedColumn { company: 3, table: "customers", column: "bank_account" };
    let (_folder, path) = temporary();
    let first = Keyring::create(&path, Suite::International, TODAY).unwrap();
    let stored = first.blind_index(column, "6222");
    assert_eq!(stored, first.blind_index(column, "6222"));
    assert_ne!(stored, first.blind_index(column, "6223"));
    let elsewhere = IndexedColumn { company: 4, ..column };
    assert_ne!(stored, first.blind_index(elsewhere, "6222"));
    assert_ne!(stored, first.blind_index(IndexedColumn { column: "phone", ..column }, "6222"));

    let rotated = Keyring::rotate(&path, Suite::Chinese, TODAY).unwrap();
    assert_ne!(stored, rotated.blind_index(column, "6222"));
    let sought = rotated.blind_indexes(column, "6222");
    assert_eq!(sought, [rotated.blind_index(column, "6222"), stored]);
}

#[test]
fn d7_a_million_nonces_are_all_different() {
    let mut seen = HashSet::with_capacity(1_000_000);
    for _ in 0..1_000_000 {
        assert!(seen.insert(fresh_nonce().unwrap()));
    }
    // And these are the nonces that values are sealed with.
    let ring = test_ring(Suite::International);
    for _ in 0..1000 {
        let sealed = ring.seal(&account(), b"").unwrap();
        let nonce: [u8; NONCE_LENGTH] = sealed[HEADER_LENGTH..][..NONCE_LENGTH].try_into().unwrap();
        assert!(seen.insert(nonce));
    }
}

#[test]
fn e2_a_value_sealed_by_the_first_release_opens() {
    // Golden values, made from the description of the form by a program of its own (GCM and
    // HKDF in Python, over the block ciphers and hashes of OpenSSL 3.0). If this fails, what
    // customers have stored does not open any more.
    for (suite, sealed, index) in GOLDEN {
        let ring = Keyring::of_secret(suite, [7; 32]);
        assert_eq!(ring.open_text(&account(), sealed).unwrap(), "6222020200011231234");
        let column = IndexedColumn { company: 3, table: "customers", column: "bank_account" };
        let found = ring.blind_index(column, "6222020200011231234");
        assert_eq!(URL_SAFE_NO_PAD.encode(found), index);
    }
}

const GOLDEN: [(Suite, &str, &str); 2] = [
    (
        Suite::International,
        "AQEqB5jqiXq3BwABAgMEBQYHCAkKC-WTECHna2Rhw0nknwcTEiWl4-3M2h_kR_cpwu4OICptSKRD",
        "DVIq59rH6KpxO6ni7xzyTfJdXU-m7r0_Ho1EQjHcx9I",
    ),
    (
        Suite::Chinese,
        "AQIwqtt7zNYEoQABAgMEBQYHCAkKCy_-pn-fXCr7Qlg48liIf-gKNEptX55EQxD9Eav5OIj7DsYN",
        "fsZ7MyjDb9feykczcuLJ0s7DehssxRpxj7gJU-V1y_E",
    ),
];
