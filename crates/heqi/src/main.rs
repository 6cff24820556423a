//! The `heqi` command: parses the command line, runs one sub-command, returns its exit code.

mod arguments;
mod completions;
mod failure;
mod input;
mod mapping;
mod nearest;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;
use terminal::Terminal;

fn main() -> ExitCode {
    // Usage errors leave here with code 2, help and version with 0.
    let arguments = Arguments::parse();
    let terminal = Terminal::new(&arguments.common);
    terminal::stop_on_interrupt();
    match run(arguments.command, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.failed(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn run(command: Command, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Completions(arguments) => completions::run(&arguments, terminal),
        _ => Ok(()),
    }
}
