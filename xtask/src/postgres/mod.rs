//! A private PostgreSQL for the tests: found, started on a free port, removed again.
//!
//! Nobody's own server is touched: the cluster lives in a temporary folder, listens on the
//! loopback address only, and its password is random and dies with it.

mod cluster;
mod find;
mod home;
mod install;

pub use cluster::Cluster;
pub use find::find;
pub use install::{can_install, install};

use anyhow::{Result, bail};

/// The variable in which the tests read where the server is.
pub const VARIABLE: &str = "HEQI_TEST_POSTGRES";

/// How to get what `find` looks for.
pub const INSTALL: &str = "`apt-get install postgresql` on Debian and Ubuntu, \
                           `brew install postgresql@15` on macOS";

/// `cargo xtask pg`: a cluster to work with by hand, until Ctrl-C.
///
/// # Errors
/// No PostgreSQL, a cluster that does not start, or one that ends by itself.
pub fn run() -> Result<bool> {
    let programs = match find() {
        Ok(programs) => programs,
        Err(reason) => bail!("{reason}; to install: {INSTALL}"),
    };
    let cluster = Cluster::start(&programs)?;
    println!("{} from {}", programs.version, programs.folder.display());
    println!("export {VARIABLE}={}", cluster.url);
    println!("Ctrl-C stops it and removes its folder");
    cluster.wait()?;
    Ok(true)
}
