//! `dualkey audit`

mod export;
mod folder;
mod init;
mod keygen;
mod log;
mod prove;
mod restore;
mod rotate;
mod search;
mod verify;

use clap::{Args, Subcommand};

use super::{Exit, Stop};

pub use keygen::write_secret;

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the log's key: the private half into a file, the public half for dualkey.yaml
    Keygen(keygen::Options),
    /// Begin the log with the first trusted commit
    Init(init::Options),
    /// Let another key sign the log from here on
    Rotate(rotate::Options),
    /// Print the log, an entry a line
    Log(log::Options),
    /// Find what the log says of a person, a resource, a grant, a landing or an operation
    Search(search::Options),
    /// Write the proof that one entry stands in the log
    Prove(prove::Options),
    /// Recompute the whole log and name the first entry that is wrong
    Verify(verify::Options),
    /// Write the log as files that anybody can verify
    Export(export::Options),
    /// Put the log back from such files, where it is gone or damaged
    Restore(restore::Options),
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    match &options.command {
        Command::Keygen(options) => keygen::run(options),
        Command::Init(options) => init::run(options),
        Command::Rotate(options) => rotate::run(options),
        Command::Log(options) => log::run(options),
        Command::Search(options) => search::run(options),
        Command::Prove(options) => prove::run(options),
        Command::Verify(options) => verify::run(options),
        Command::Export(options) => export::run(options),
        Command::Restore(options) => restore::run(options),
    }
}
