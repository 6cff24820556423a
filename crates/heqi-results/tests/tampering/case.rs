//! A small result of the invented company's ledgers, and tools to change it.

use std::fs;
use std::path::{Path, PathBuf};

use heqi_domain::{Lang, NoProgress, Side};
use heqi_intake::{Orientation, ReadOptions, Reading, Source};
use heqi_matching::{Discrepancy, Openings, RuleSet, match_lines};
use heqi_results::{
    Input, MatchResult, ResultFormat, Rules, Summary, digest_of, sha256_hex, write,
};
use tempfile::TempDir;

/// Two ledgers and a result in a folder of their own.
pub struct Case {
    /// Holds the two ledgers and the folder.
    pub home: TempDir,
}

impl Case {
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("result")
    }

    pub fn path(&self, file: &str) -> PathBuf {
        match file {
            "ours.csv" | "theirs.csv" => self.home.path().join(file),
            _ => self.dir().join(file),
        }
    }

    pub fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// A fresh copy whose inputs are found beside the folder.
    pub fn copy(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        for file in ["ours.csv", "theirs.csv"] {
            fs::copy(self.path(file), home.path().join(file)).unwrap();
        }
        fs::create_dir(home.path().join("result")).unwrap();
        for entry in fs::read_dir(self.dir()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), home.path().join("result").join(entry.file_name())).unwrap();
        }
        Self { home }
    }
}

struct Bytes(Vec<u8>);

impl Source for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_slice().read_at(offset, buffer)
    }
}

fn read(home: &Path, side: Side) -> Reading {
    let options = ReadOptions::new(side);
    let bytes = fs::read(home.join(format!("{}.csv", side.code()))).unwrap();
    let name = format!("{}.csv", side.code());
    heqi_intake::read(&Bytes(bytes), &name, &options, &NoProgress).unwrap()
}

/// The invented company's ledgers, matched and written as `heqi match` does.
pub fn result(formats: &[ResultFormat]) -> Case {
    result_from(formats, [0, 0])
}

/// The same where every customer opens with these balances.
pub fn result_from(formats: &[ResultFormat], opening: [i64; 2]) -> Case {
    let home = tempfile::tempdir().unwrap();
    let sample = heqi_sample::generate(&heqi_sample::Spec::new(4, 320, 7));
    let mut bytes = Vec::new();
    sample.write_ours(&mut bytes).unwrap();
    fs::write(home.path().join("ours.csv"), &bytes).unwrap();
    bytes.clear();
    sample.write_theirs(&mut bytes).unwrap();
    fs::write(home.path().join("theirs.csv"), &bytes).unwrap();
    let case = Case { home };
    let ours = read(case.home.path(), Side::Ours);
    let mut theirs = read(case.home.path(), Side::Theirs);
    if heqi_matching::detect_view(&ours.lines, &theirs.lines).payable {
        theirs.lines.mirror().unwrap();
        theirs.inspection.orientation = match theirs.inspection.orientation {
            Orientation::Payable => Orientation::Receivable,
            Orientation::Receivable => Orientation::Payable,
        };
    }
    let rules = RuleSet::default();
    let accounts = ours.lines.accounts.iter().filter(|_| opening != [0, 0]);
    let by_account = accounts.map(|account| (account.clone(), opening)).collect();
    let openings = Openings { by_account, only: None };
    let outcome = match_lines(&ours.lines, &theirs.lines, &rules, &openings, &NoProgress).unwrap();
    let view = match theirs.inspection.orientation {
        Orientation::Payable => "payable",
        Orientation::Receivable => "receivable",
    };
    let options = [vec![], vec![("view".to_owned(), view.to_owned())]];
    let names = ["ours.csv", "theirs.csv"];
    let hex = |reading: &Reading| -> String {
        reading.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let digests = [hex(&ours), hex(&theirs)];
    let readings = [&ours, &theirs];
    let input = |at: usize| Input {
        name: names[at],
        // Not where it lies: it is found beside the folder.
        path: names[at],
        bytes: fs::metadata(case.path(names[at])).unwrap().len(),
        sha256: &digests[at],
        inspection: &readings[at].inspection,
        options: &options[at],
        rejects: &readings[at].rejects,
    };
    let toml = toml::to_string_pretty(&rules).unwrap();
    let sentence = |row: &Discrepancy| {
        heqi_matching::sentence(row, &outcome, &ours.lines, &theirs.lines, Lang::Zh)
    };
    let result = MatchResult {
        outcome: &outcome,
        ours: &ours.lines,
        theirs: &theirs.lines,
        inputs: [input(0), input(1)],
        rules: Rules { name: "default", toml: &toml },
        period: None,
        lang: Lang::Zh,
        sentence: &sentence,
        created: Some("2026-11-24T00:00:00Z"),
        timings: &[],
    };
    write(&case.dir(), formats, &result, &NoProgress).unwrap();
    case
}

/// Makes every digest match again: of files, rules, inputs, and the seal.
pub fn reseal(case: &Case) {
    let mut summary: Summary = serde_json::from_str(&case.text("summary.json")).unwrap();
    summary.files.retain(|file| case.path(&file.name).is_file());
    for file in &mut summary.files {
        (file.bytes, file.sha256) = digest_of(&case.path(&file.name)).unwrap();
    }
    if case.path("rules.toml").is_file() {
        summary.rules.sha256 = sha256_hex(case.text("rules.toml").as_bytes());
    }
    for (name, input) in
        [("ours.csv", &mut summary.inputs.ours), ("theirs.csv", &mut summary.inputs.theirs)]
    {
        (input.bytes, input.sha256) = digest_of(&case.path(name)).unwrap();
    }
    summary.seal = summary.seal_of();
    fs::write(case.path("summary.json"), summary.to_bytes()).unwrap();
}

/// The rows of a table, the header first; row n stands on line n + 1.
pub type Rows = Vec<Vec<String>>;

pub fn rows(case: &Case, file: &str) -> Rows {
    let bytes = fs::read(case.path(file)).unwrap();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
    let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// Changes a table; what `change` returns is the line on which the change must be found.
pub fn edit(case: &Case, file: &str, change: impl FnOnce(&mut Rows) -> u64) -> Option<u64> {
    let mut table = rows(case, file);
    let row = change(&mut table);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    table.iter().for_each(|row| writer.write_record(row).unwrap());
    fs::write(case.path(file), writer.into_inner().unwrap()).unwrap();
    (row > 0).then_some(row)
}

/// Index of the first row that `wanted` accepts.
pub fn first(rows: &Rows, wanted: impl Fn(&[String]) -> bool) -> usize {
    (1..rows.len()).find(|at| wanted(&rows[*at])).expect("the sample has such a row")
}

/// Sets a cell of the first row that `wanted` accepts.
pub fn set(
    case: &Case,
    file: &str,
    column: usize,
    value: &str,
    wanted: impl Fn(&[String]) -> bool,
) -> Option<u64> {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        assert_ne!(rows[at][column], value, "{file}: nothing changes");
        value.clone_into(&mut rows[at][column]);
        at as u64 + 1
    })
}

/// Replaces the first occurrence of a text in a file.
pub fn replace(case: &Case, file: &str, from: &str, to: &str) -> Option<u64> {
    let text = case.text(file);
    let at = text.find(from).unwrap_or_else(|| panic!("{file} holds no {from}"));
    fs::write(case.path(file), text.replacen(from, to, 1)).unwrap();
    (!file.ends_with(".json") && !file.ends_with(".toml"))
        .then(|| text[..at].matches('\n').count() as u64 + 1)
}

/// Removes the n-th row that `wanted` accepts.
pub fn remove(case: &Case, file: &str, wanted: impl Fn(&[String]) -> bool) {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        rows.remove(at);
        0
    });
}

pub fn double(case: &Case, file: &str, wanted: impl Fn(&[String]) -> bool) {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        rows.insert(at, rows[at].clone());
        0
    });
}

pub const TABLES: &[ResultFormat] = &[ResultFormat::Csv, ResultFormat::Json];
pub const FORMATS: &[ResultFormat] = &[ResultFormat::Csv, ResultFormat::Json, ResultFormat::Xlsx];
