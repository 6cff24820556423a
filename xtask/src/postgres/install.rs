//! PostgreSQL for a build machine that has none.

use crate::shell::{answers, command, shown, succeeds};
use anyhow::{Result, bail};

/// May this process install packages of Debian without asking anybody?
pub fn can_install() -> bool {
    answers("id", &["-u"]).as_deref() == Some("0") && answers("apt-get", &["--version"]).is_some()
}

/// Installs the distribution's own PostgreSQL. Debian makes a cluster of its own with it, and
/// starts it where services are started; the tests use another port, and leave it alone.
///
/// # Errors
/// The package manager fails; its messages are above.
pub fn install() -> Result<()> {
    if !apt_get(&["update"])? {
        println!("the lists of packages are as old as they were");
    }
    if !apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"])? {
        bail!("`apt-get install postgresql` failed");
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> Result<bool> {
    let mut apt = command("apt-get", arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    println!("\n$ {}", shown(&apt));
    succeeds(&mut apt)
}
