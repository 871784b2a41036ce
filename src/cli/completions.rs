//! `dualkey completions`

use clap::{Args, CommandFactory};

use super::{Cli, Exit, Stop, output};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey completions bash > ~/.local/share/bash-completion/completions/dualkey")]
pub struct Options {
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "dualkey", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
