//! Who may use whom: the crate table of the house, as data.
//!
//! A star, not a chain. A new edge is the most scrutinized change there is: it is made
//! here first, with its reason in `docs/decisions/`, and only then in a `Cargo.toml`.

use super::{Finding, Tree};
use toml::Table;

/// Crate, and the crates of ours that it may use; `*` is all of them.
const EDGES: &[(&str, &[&str])] = &[
    ("heqi-domain", &[]),
    ("heqi-matching", &["heqi-domain"]),
    ("heqi-insight", &["heqi-domain"]),
    ("heqi-intake", &["heqi-domain"]),
    ("heqi-sample", &["heqi-domain"]),
    // The sample company is what the tests of results tamper with; nothing else uses it there.
    ("heqi-results", &["heqi-domain", "heqi-matching", "heqi-intake", "heqi-sample"]),
    ("heqi-documents", &["heqi-domain", "heqi-insight"]),
    ("heqi-bulk", &["heqi-domain", "heqi-matching", "heqi-intake"]),
    ("heqi-connect", &["heqi-domain", "heqi-intake"]),
    ("heqi-platform", &["heqi-domain"]),
    ("heqi-testkit", &["heqi-domain", "heqi-platform"]),
    (
        "heqi-server",
        &[
            "heqi-domain",
            "heqi-matching",
            "heqi-insight",
            "heqi-intake",
            "heqi-results",
            "heqi-documents",
            "heqi-bulk",
            "heqi-connect",
            "heqi-platform",
            // Its tests run on databases that the test kit makes, with the sample's files.
            "heqi-testkit",
            // And they run a month of the invented firm through it.
            "heqi-sample",
        ],
    ),
    ("heqi", &["*"]),
    ("xtask", &[]),
];

/// Crates that decide: pure, and held to more rules than the rest.
pub const KERNELS: &[&str] = &["heqi-domain", "heqi-matching", "heqi-insight"];

/// A kernel that needs more strangers than this is doing something that is not its own.
const STRANGERS_MAX: usize = 6;

/// New edges, unknown crates, kernels with too many third-party crates.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let crate_manifest = file.path.starts_with("crates/") || file.path.starts_with("xtask/");
        if !crate_manifest || !file.path.ends_with("/Cargo.toml") {
            continue;
        }
        match toml::from_str::<Table>(&file.text) {
            Ok(manifest) => findings.extend(check_manifest(&file.path, &file.text, &manifest)),
            Err(error) => {
                let what = format!("not valid TOML: {}", error.message());
                findings.push(Finding::new(&file.path, 1, what, "correct it"));
            }
        }
    }
    findings
}

fn check_manifest(path: &str, text: &str, manifest: &Table) -> Vec<Finding> {
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    let Some(name) = name else {
        return vec![Finding::new(path, 1, "a crate without a name", "give it one")];
    };
    let folder = path.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or_default();
    let mut findings = Vec::new();
    if folder != name {
        let what = format!("crate `{name}` lives in folder `{folder}`");
        findings.push(Finding::new(path, 1, what, "give the folder the name of the crate"));
    }
    let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == name) else {
        let what = format!("crate `{name}` is not in the table of the house");
        let fix = "add it to EDGES in xtask/src/tidy/crates.rs, with a decision";
        findings.push(Finding::new(path, 1, what, fix));
        return findings;
    };
    let mut strangers = 0;
    for (section, used) in dependencies(manifest) {
        if !is_ours(&used) {
            strangers += usize::from(section == "dependencies");
        } else if !allowed.contains(&"*") && !allowed.contains(&used.as_str()) {
            let may = if allowed.is_empty() { "none of ours".into() } else { allowed.join(", ") };
            let what = format!("new edge {name} → {used}; `{name}` may use {may}");
            let fix = "move what is shared down into a crate that both may use";
            findings.push(Finding::new(path, line_of(text, &used), what, fix));
        }
    }
    if KERNELS.contains(&name) && strangers > STRANGERS_MAX {
        let what = format!("kernel `{name}` has {strangers} third-party crates");
        let fix = format!("keep to {STRANGERS_MAX}: drop one, or move its work out of the kernel");
        findings.push(Finding::new(path, line_of(text, "[dependencies]"), what, fix));
    }
    findings
}

fn is_ours(name: &str) -> bool {
    name == "heqi" || name.starts_with("heqi-") || name == "xtask"
}

/// Section and name of every dependency, those of single platforms included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let mut tables = vec![manifest];
    if let Some(platforms) = manifest.get("target").and_then(|target| target.as_table()) {
        tables.extend(platforms.values().filter_map(|platform| platform.as_table()));
    }
    let mut found = Vec::new();
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(list) = table.get(section).and_then(|list| list.as_table()) else { continue };
            for (key, value) in list {
                // `name = { package = "other" }` is a renamed crate; its true name counts.
                let name = value.get("package").and_then(|name| name.as_str()).unwrap_or(key);
                found.push((section, name.to_owned()));
            }
        }
    }
    found
}

fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(start)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    #[track_caller]
    fn check_one(name: &str, sections: &str, expected: &[&str]) {
        let path = format!("crates/{name}/Cargo.toml");
        let text = format!("[package]\nname = \"{name}\"\n{sections}");
        assert_eq!(seen(&check(&tree(&[(&path, &text)]))), expected);
    }

    #[test]
    fn edges_of_the_table_pass() {
        check_one("heqi-matching", "[dependencies]\nheqi-domain.workspace = true\n", &[]);
        check_one("heqi", "[dependencies]\nheqi-sample.workspace = true\n", &[]);
    }

    #[test]
    fn a_new_edge_is_found() {
        let text = "[dependencies]\nserde = \"1\"\nheqi-intake.workspace = true\n";
        let what = "crates/heqi-matching/Cargo.toml:5: new edge heqi-matching → heqi-intake; \
                    `heqi-matching` may use heqi-domain";
        check_one("heqi-matching", text, &[what]);
    }

    #[test]
    fn tests_platforms_and_renamed_crates_are_no_way_around() {
        let what = "crates/heqi-domain/Cargo.toml:4: new edge heqi-domain → heqi-matching; \
                    `heqi-domain` may use none of ours";
        check_one("heqi-domain", "[dev-dependencies]\nheqi-matching.workspace = true\n", &[what]);
        let what = what.replace(":4:", ":1:");
        let renamed = "[dependencies]\nm = { package = \"heqi-matching\", path = \"x\" }\n";
        check_one("heqi-domain", renamed, &[&what]);
        let platform = "[target.'cfg(unix)'.dependencies.heqi-matching]\npath = \"x\"\n";
        check_one("heqi-domain", platform, &[&what]);
    }

    #[test]
    fn an_unknown_crate_is_found() {
        let what = "crates/heqi-utils/Cargo.toml:1: crate `heqi-utils` is not in the table of \
                    the house";
        check_one("heqi-utils", "", &[what]);
    }

    #[test]
    fn a_kernel_with_seven_strangers_is_found() {
        let list = |n: usize| {
            let lines: String = (0..n).map(|i| format!("stranger{i} = \"1\"\n")).collect();
            format!("[dev-dependencies]\nproptest = \"1\"\n[dependencies]\n{lines}")
        };
        check_one("heqi-domain", &list(6), &[]);
        let what = "crates/heqi-domain/Cargo.toml:5: kernel `heqi-domain` has 7 third-party crates";
        check_one("heqi-domain", &list(7), &[what]);
        check_one("heqi-intake", &list(7), &[]);
    }

    #[test]
    fn folder_and_crate_share_their_name() {
        let files = [("crates/money/Cargo.toml", "[package]\nname = \"heqi-domain\"\n")];
        let expected = ["crates/money/Cargo.toml:1: crate `heqi-domain` lives in folder `money`"];
        assert_eq!(seen(&check(&tree(&files))), expected);
    }
}
