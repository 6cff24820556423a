//! PostgreSQL for a build machine that has none.

use crate::shell::{answers, command, shown, succeeds};
use anyhow::{Result, bail};

/// May this process install packages of Debian without asking anybody?
pub fn can_install() -> bool {
    answers("id", &["-u"]).as_deref() == Some("0") && answers("apt-get", &["--version"]).is_some()
}

/// Installs the distribution's own PostgreSQL.
///
/// # Errors
/// The package manager fails; its messages are above.
pub fn install() -> Result<()> {
    let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
    for arguments in [&["update"][..], &install] {
        let mut apt = command("apt-get", arguments);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        // Debian makes a cluster of its own; in this runlevel its service is not started.
        apt.env("RUNLEVEL", "1");
        println!("\n$ {}", shown(&apt));
        if !succeeds(&mut apt)? {
            bail!("`{}` failed", shown(&apt));
        }
    }
    Ok(())
}
