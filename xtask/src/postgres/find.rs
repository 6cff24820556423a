//! Which PostgreSQL of this machine the tests use.

use crate::shell::answers;
use std::fs;
use std::path::{Path, PathBuf};

/// The oldest major version that Heqi supports.
const MAJOR_MIN: u32 = 15;

/// What a cluster is made and run with; all three must lie in one folder.
const NEEDED: &[&str] = &["initdb", "postgres", "pg_ctl"];

/// Where package managers put them, as folder and what follows the versioned name in it.
const PLACES: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("C:\\Program Files\\PostgreSQL", "bin"),
];

/// One installation.
#[derive(Clone)]
pub struct Programs {
    /// Where `initdb`, `postgres` and `pg_ctl` lie.
    pub folder: PathBuf,
    /// What `postgres --version` says.
    pub version: String,
}

impl Programs {
    /// The full path of one of them.
    pub fn path(&self, name: &str) -> PathBuf {
        program(&self.folder, name)
    }
}

/// The first installation that is new enough: what PATH names wins, as the person's own
/// choice, then `pg_config`, then the usual places with the newest version first.
///
/// # Errors
/// A sentence that says what is missing or too old.
pub fn find() -> Result<Programs, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(answers("pg_config", &["--bindir"]).map(PathBuf::from));
    for (place, end) in PLACES {
        folders.extend(versions_in(Path::new(place), end));
    }
    choose(&folders, |folder| {
        answers(&program(folder, "postgres").to_string_lossy(), &["--version"])
    })
}

fn choose(
    folders: &[PathBuf],
    version: impl Fn(&Path) -> Option<String>,
) -> Result<Programs, String> {
    let mut too_old = None;
    for folder in folders {
        if !NEEDED.iter().all(|name| program(folder, name).is_file()) {
            continue;
        }
        let Some(version) = version(folder) else { continue };
        match major(&version) {
            Some(major) if major >= MAJOR_MIN => {
                return Ok(Programs { folder: folder.clone(), version });
            }
            _ => too_old = too_old.or(Some(version)),
        }
    }
    Err(match too_old {
        Some(version) => format!("{version} is too old, PostgreSQL {MAJOR_MIN} is needed"),
        None => format!("PostgreSQL {MAJOR_MIN} or newer is not installed"),
    })
}

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// `15/bin`, `pgsql-16/bin` or `postgresql@17/bin` in a folder, newest first.
fn versions_in(place: &Path, end: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((major_of_folder(&name)?, entry.path().join(end)))
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn major_of_folder(name: &str) -> Option<u32> {
    let number = ["postgresql@", "pgsql-"].iter().find_map(|start| name.strip_prefix(start));
    number.unwrap_or(name).parse().ok()
}

/// 15 of `postgres (PostgreSQL) 15.18 (Debian …)`, 18 of `postgres (PostgreSQL) 18beta1`.
fn major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install_in(folder: &Path, programs: &[&str]) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        for name in programs {
            fs::write(program(folder, name), "").unwrap();
        }
        folder.to_path_buf()
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(major("mariadb 11"), None);
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let place = tempfile::tempdir().unwrap();
        for name in ["9", "15", "postgresql@17", "pgsql-16", "lib", "postgresql"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        let expected = ["postgresql@17/bin", "pgsql-16/bin", "15/bin", "9/bin"];
        let expected: Vec<PathBuf> = expected.iter().map(|end| place.path().join(end)).collect();
        assert_eq!(versions_in(place.path(), "bin"), expected);
        assert!(versions_in(&place.path().join("nowhere"), "bin").is_empty());
    }

    #[test]
    fn the_first_whole_and_new_enough_installation_is_chosen() {
        let place = tempfile::tempdir().unwrap();
        let client_only = install_in(&place.path().join("client"), &["pg_ctl"]);
        let old = install_in(&place.path().join("14"), NEEDED);
        let good = install_in(&place.path().join("15"), NEEDED);
        let better = install_in(&place.path().join("16"), NEEDED);
        let version = |folder: &Path| {
            let number = folder.file_name()?.to_str()?;
            Some(format!("postgres (PostgreSQL) {number}.1"))
        };
        let chosen = choose(&[client_only.clone(), old.clone(), good.clone(), better], version);
        assert_eq!(chosen.ok().map(|programs| programs.folder), Some(good));

        let reason = choose(&[client_only.clone(), old], version).err();
        let expected = "postgres (PostgreSQL) 14.1 is too old, PostgreSQL 15 is needed";
        assert_eq!(reason.as_deref(), Some(expected));
        let reason = choose(&[client_only], version).err();
        assert_eq!(reason.as_deref(), Some("PostgreSQL 15 or newer is not installed"));
    }
}
