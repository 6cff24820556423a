//! `cargo xtask demo`: an invented wholesale firm, its books filled and served before your eyes.

use crate::shell::{command, heqi_binary, root, succeeds};
use anyhow::{Result, ensure};

/// Builds the binary and starts it on the books of the invented firm, which are made anew.
///
/// # Errors
/// The build failed, or the server did not start.
pub fn run(arguments: &[String]) -> Result<bool> {
    let mut build = command("cargo", ["build", "--release", "--locked", "-p", "heqi"]);
    ensure!(succeeds(&mut build)?, "the build failed");
    let folder = root().join("target/demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    println!("\n$ heqi demo --data target/demo {}", arguments.join(" "));
    let mut demo = command(heqi_binary(), ["demo", "--data", "target/demo"]);
    succeeds(demo.args(arguments))
}
