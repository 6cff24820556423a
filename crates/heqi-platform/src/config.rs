//! Configuration: a TOML file, environment variables above it, flags above both.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::db::Options;

/// What a server is told before it starts. Every key can be set as `HEQI_KEY` too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the database, the keys and the backups.
    pub data: PathBuf,
    /// `postgres://…`, or a SQLite file; `DATA/heqi.db` if empty.
    pub database: String,
    /// Accepts that others on the network can read what goes to PostgreSQL and back.
    pub database_may_be_overheard: bool,
    /// Address and port to listen on.
    pub listen: String,
    /// Accepts requests from other machines: a proxy in front of it speaks TLS.
    pub behind_tls_proxy: bool,
    /// How the server is called from outside: `https://heqi.example.com`; empty for loopback.
    pub public_url: String,
    /// `text` or `json`.
    pub log: String,
    /// Accepts that a power failure may undo what was acknowledged in the last seconds.
    pub may_lose_last_seconds: bool,
    /// Jobs that run at a time.
    pub jobs: usize,
    /// Largest file that may be uploaded, in MiB.
    pub upload_mib_max: u32,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: i64,
    /// Hours after which a session ends in any case.
    pub session_hours_max: i64,
    /// Folder of the daily backups; without one there are none.
    pub backup_dir: PathBuf,
    /// Who can open them: `age1…`. Its identity file belongs on another machine.
    pub backup_recipient: String,
    /// How many daily backups are kept.
    pub backup_keep: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("heqi-data"),
            database: String::new(),
            database_may_be_overheard: false,
            listen: "127.0.0.1:7300".to_owned(),
            behind_tls_proxy: false,
            public_url: String::new(),
            log: "text".to_owned(),
            may_lose_last_seconds: false,
            jobs: 2,
            upload_mib_max: 256,
            session_idle_minutes: 60,
            session_hours_max: 12,
            backup_dir: PathBuf::new(),
            backup_recipient: String::new(),
            backup_keep: 14,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A key or a value is not known.
    #[error("{place}: {what}")]
    Value {
        /// The file or the variable.
        place: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Config {
    /// Reads the file, if one is named, and lays the variables over it.
    ///
    /// # Errors
    /// [`ConfigError`], with the place of what is wrong.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::File { path: path.to_owned(), error })?;
            let place = path.display().to_string();
            let wrong = |error: toml::de::Error| ConfigError::Value {
                place: place.clone(),
                what: error.to_string(),
            };
            table = text.parse().map_err(wrong)?;
            let _checked: Self = Self::deserialize(table.clone()).map_err(wrong)?;
        }
        let known = toml::Table::try_from(Known::default()).unwrap_or_default();
        for (name, text) in variables {
            let key = name.strip_prefix("HEQI_").map(str::to_lowercase);
            let Some((key, sample)) = key.and_then(|key| known.get_key_value(&key)) else {
                continue;
            };
            let value = match sample {
                toml::Value::String(_) => Some(toml::Value::String(text.clone())),
                _ => text.parse::<toml::Value>().ok(),
            };
            let wrong = |what: String| ConfigError::Value { place: name.clone(), what };
            let value = value.ok_or_else(|| wrong(format!("`{text}` is no value for it")))?;
            table.insert(key.clone(), value);
            let checked = Self::deserialize(table.clone());
            checked.map_err(|error| wrong(error.message().to_owned()))?;
        }
        Self::deserialize(table).map_err(|error| ConfigError::Value {
            place: "configuration".to_owned(),
            what: error.to_string(),
        })
    }

    /// How the database is opened.
    #[must_use]
    pub fn database_options(&self) -> Options {
        let mut options = Options::new(self.database_address());
        options.may_lose_last_seconds = self.may_lose_last_seconds;
        options.may_be_overheard = self.database_may_be_overheard;
        options
    }

    /// The address of the database.
    #[must_use]
    pub fn database_address(&self) -> String {
        if self.database.is_empty() {
            return self.data.join("heqi.db").to_string_lossy().into_owned();
        }
        self.database.clone()
    }
}

/// The keys and the kinds of their values, as a table.
#[derive(serde::Serialize)]
struct Known {
    data: String,
    database: String,
    database_may_be_overheard: bool,
    listen: String,
    behind_tls_proxy: bool,
    public_url: String,
    log: String,
    may_lose_last_seconds: bool,
    jobs: i64,
    upload_mib_max: i64,
    session_idle_minutes: i64,
    session_hours_max: i64,
    backup_dir: String,
    backup_recipient: String,
    backup_keep: i64,
}

impl Default for Known {
    fn default() -> Self {
        let text = String::new;
        Self {
            data: text(),
            database: text(),
            database_may_be_overheard: false,
            listen: text(),
            behind_tls_proxy: false,
            public_url: text(),
            log: text(),
            may_lose_last_seconds: false,
            jobs: 0,
            upload_mib_max: 0,
            session_idle_minutes: 0,
            session_hours_max: 0,
            backup_dir: text(),
            backup_recipient: text(),
            backup_keep: 0,
        }
    }
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// Whatever the file system says.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn variables_lie_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heqi.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\njobs = 4\n").unwrap();
        let over = variables(&[("HEQI_LISTEN", "127.0.0.1:2"), ("HEQI_UPLOAD_MIB_MAX", "9")]);
        let config = Config::load(Some(&path), over).unwrap();
        assert_eq!((config.listen.as_str(), config.jobs), ("127.0.0.1:2", 4));
        assert_eq!(config.upload_mib_max, 9);
        assert!(config.database_address().ends_with("heqi.db"));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heqi.toml");
        std::fs::write(&path, "listne = \"x\"\n").unwrap();
        let error = Config::load(Some(&path), []).unwrap_err().to_string();
        assert!(error.contains("heqi.toml") && error.contains("listne"), "{error}");
        let error = Config::load(None, variables(&[("HEQI_JOBS", "many")])).unwrap_err();
        assert!(error.to_string().starts_with("HEQI_JOBS: "), "{error}");
    }
}
