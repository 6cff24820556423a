//! Published vectors: that these are the algorithms they are said to be.

use super::derive::expand;
use super::suite::{decrypt, encrypt, mac};
use super::{Suite, digest};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// The bytes, then zeros.
fn filled<const LENGTH: usize>(hex: &str) -> [u8; LENGTH] {
    let mut filled = [0; LENGTH];
    let bytes = bytes(hex);
    filled[..bytes.len()].copy_from_slice(&bytes);
    filled
}

struct Vector {
    suite: Suite,
    key: &'static str,
    nonce: &'static str,
    associated: &'static str,
    plaintext: &'static str,
    sealed: &'static str,
}

const GCM: [Vector; 4] = [
    // RFC 8998, A.1.
    Vector {
        suite: Suite::Chinese,
        key: "0123456789ABCDEFFEDCBA9876543210",
        nonce: "00001234567800000000ABCD",
        associated: "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
        plaintext: "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
            EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA",
        sealed: "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
            D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D
            83DE3541E4C2B58177E065A9BF7B62EC",
    },
    // The GCM specification submitted to NIST, test cases 13, 14 and 16.
    Vector {
        suite: Suite::International,
        key: "",
        nonce: "",
        associated: "",
        plaintext: "",
        sealed: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    Vector {
        suite: Suite::International,
        key: "",
        nonce: "",
        associated: "",
        plaintext: "00000000000000000000000000000000",
        sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    },
    Vector {
        suite: Suite::International,
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
            8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
            76fc6ece0f4e1768cddf8853bb2d551b",
    },
];

#[test]
fn d7_the_ciphers_give_the_published_vectors() {
    for vector in &GCM {
        let (key, nonce) = (filled(vector.key), filled(vector.nonce));
        let (associated, plaintext) = (bytes(vector.associated), bytes(vector.plaintext));
        let sealed = bytes(vector.sealed);
        let suite = vector.suite;
        assert_eq!(encrypt(suite, &key, nonce, &associated, &plaintext).as_ref(), Some(&sealed));
        assert_eq!(decrypt(suite, &key, nonce, &associated, &sealed), Some(plaintext));
    }
}

#[test]
fn d7_the_digests_give_the_published_vectors() {
    // FIPS 180-4 and GB/T 32905-2016, A.1 and A.2.
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest(Suite::International, b"abc").to_vec(), bytes(sha256));
    let sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    assert_eq!(digest(Suite::Chinese, b"abc").to_vec(), bytes(sm3));
    let sm3 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";
    assert_eq!(digest(Suite::Chinese, "abcd".repeat(16).as_bytes()).to_vec(), bytes(sm3));
}

#[test]
fn d7_the_codes_of_authenticity_give_the_published_vectors() {
    // RFC 4231, test case 1.
    let key = filled(&"0b".repeat(20));
    let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    let got = mac(Suite::International, &key, &[b"Hi ", b"There"]);
    assert_eq!(got.to_vec(), bytes(expected));
    // Made with OpenSSL 3.0: `openssl dgst -sm3 -mac HMAC -macopt hexkey:0b…0b`.
    let expected = "51b00d1fb49832bfb01c3ce27848e59f871d9ba938dc563b338ca964755cce70";
    let got = mac(Suite::Chinese, &key, &[b"Hi ", b"There"]);
    assert_eq!(got.to_vec(), bytes(expected));
}

#[test]
fn d7_keys_are_derived_as_rfc_5869_says() {
    // RFC 5869, A.1: the first 32 bytes of its output.
    let secret = filled("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    let got = expand(Suite::International, &secret, &bytes("f0f1f2f3f4f5f6f7f8f9"));
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
    assert_eq!(got.to_vec(), bytes(expected));
}
