//! The `heqi` command: parses the command line, runs one sub-command, returns its exit code.

mod arguments;
mod audit;
mod backup;
mod books;
mod completions;
mod demo;
mod doctor;
mod export;
mod failure;
mod import;
mod input;
mod inspect;
mod keys;
mod mapping;
mod matching;
mod migrate;
mod nearest;
mod opening;
mod output;
mod period;
mod reading;
mod rules;
mod sample;
mod serve;
mod summary;
mod tally;
mod terminal;
mod usage;
mod user;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Common};
use failure::Failure;
use terminal::Terminal;

/// Many small texts are allocated and freed on two threads; the system's allocator is slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misunderstood(&error),
    };
    let terminal = Terminal::new(&arguments.common);
    terminal::stop_on_interrupt(terminal);
    match run(arguments.command, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.failed(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Shows help or the version (code 0), or says what is wrong with the command line (code 2).
fn misunderstood(error: &clap::Error) -> ExitCode {
    let common = Common { lang: usage::language(std::env::args_os()), ..Common::default() };
    let terminal = Terminal::new(&common);
    match usage::failure(error, terminal.lang) {
        Some(failure) => {
            terminal.failed(&failure);
            ExitCode::from(failure.code())
        }
        None => error.exit(),
    }
}

fn run(command: Command, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Match(arguments) => matching::run(&arguments, terminal),
        Command::Completions(arguments) => completions::run(&arguments, terminal),
        Command::Inspect(arguments) => inspect::run(&arguments, terminal),
        Command::Verify(arguments) => verify::run(&arguments, terminal),
        Command::Sample(arguments) => sample::run(&arguments, terminal),
        Command::Rules(arguments) => rules::run(&arguments, terminal),
        Command::Serve(arguments) => serve::run(&arguments, terminal),
        Command::Demo(arguments) => demo::run(&arguments, terminal),
        Command::User(arguments) => user::run(&arguments, terminal),
        Command::Backup(arguments) => backup::run(&arguments, terminal),
        Command::Restore(arguments) => backup::restore(&arguments, terminal),
        Command::Doctor(arguments) => doctor::run(&arguments, terminal),
        Command::Migrate(arguments) => migrate::run(&arguments, terminal),
        Command::Keys(arguments) => keys::run(&arguments, terminal),
        Command::Audit(arguments) => audit::run(&arguments, terminal),
        Command::Import(arguments) => import::run(&arguments, terminal),
        Command::Export(arguments) => export::run(&arguments, terminal),
    }
}
