//! Goal: a file that is read with its own template reads the same; a person's word wins.
//! Method: save, write, read back, apply.

use heqi_domain::{NoProgress, Side};

use super::*;
use crate::ReadOptions;

const TEXT: &str = "Datum;Beleg;Betrag;Kunde\n05.01.2026;A1;1.234,56;甲\n31.01.2026;A2;-2,00;乙\n";

fn options() -> ReadOptions {
    ReadOptions::new(Side::Theirs)
}

#[test]
fn a_template_reads_its_file_the_same() {
    let bytes = TEXT.as_bytes().to_vec();
    let template = crate::template(&bytes, "a.csv", &options()).unwrap();
    let toml = template.to_toml().unwrap();
    assert_eq!(Template::parse(&toml).unwrap(), template, "{toml}");
    assert!(toml.contains("decimal = \"comma\""), "{toml}");
    let plain = crate::read(&bytes, "a.csv", &options(), &NoProgress).unwrap();
    let with = ReadOptions { template: Some(toml), ..options() };
    let again = crate::read(&bytes, "a.csv", &with, &NoProgress).unwrap();
    assert_eq!(again.lines.amount, plain.lines.amount);
    assert_eq!(again.lines.day, plain.lines.day);
    assert_eq!(again.inspection.warnings, plain.inspection.warnings);
    let names = |reading: &crate::Reading| {
        reading.inspection.columns.iter().map(|it| (it.name.clone(), it.role)).collect::<Vec<_>>()
    };
    assert_eq!(names(&again), names(&plain));
    assert!(template.fits(["datum", "BELEG", " Betrag", "Kunde"].into_iter()));
    assert!(!template.fits(["Datum", "Betrag"].into_iter()));
}

#[test]
fn a_template_decides_what_the_file_leaves_open() {
    let bytes = b"When,What,How much\n05/01/2026,A1,1.005\n06/01/2026,A2,\"2,000\"\n".to_vec();
    let toml = "version = 1\nfingerprint = \"\"\nview = \"payable\"\ncurrency = \"USD\"\ndates = \
        \"month_day\"\ndecimal = \"point\"\nround = true\n[columns]\ndate = [\"when\"]\nreference \
        = [\"What\"]\namount = [\"How much\"]\n";
    let with = ReadOptions { template: Some(toml.into()), ..options() };
    let reading = crate::read(&bytes, "a.csv", &with, &NoProgress).unwrap();
    assert_eq!(reading.lines.amount, [-101, -200_000]);
    assert_eq!(reading.inspection.first.as_deref(), Some("2026-05-01"));
    assert_eq!(reading.lines.accounts[0].currency.code(), "USD");
    let codes: Vec<&str> = reading.inspection.warnings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["template_other_header", "rounded_amounts"]);
    assert!(reading.inspection.columns.iter().all(|it| it.confidence == 100));
}

#[test]
fn a_template_of_another_file_is_refused_by_the_column_it_misses() {
    let toml = "version = 1\nfingerprint = \"\"\n[columns]\namount = [\"价税合计\"]\n";
    let with = ReadOptions { template: Some(toml.into()), ..options() };
    let error = crate::read(&TEXT.as_bytes().to_vec(), "a.csv", &with, &NoProgress).unwrap_err();
    assert!(error.to_string().contains("there is no column `价税合计`"), "{error}");
}
