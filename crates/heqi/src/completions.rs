//! `heqi completions`: a completion script for a shell.

use clap::CommandFactory;

use crate::arguments::{Arguments, Completions};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Prints the script.
pub fn run(arguments: &Completions, terminal: &Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "heqi", &mut script);
    terminal.data(&String::from_utf8_lossy(&script))
}
