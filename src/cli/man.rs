//! `dualkey man`

use clap::{Args, CommandFactory};

use super::{Cli, Exit, Stop, new, output};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey man | man -l -            the page of dualkey\n  \
                        dualkey man audit verify | man -l -\n  \
                        dualkey man apply > ~/.local/share/man/man1/dualkey-apply.1")]
pub struct Options {
    /// The command whose page it is [default: dualkey itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = &command;
    for word in &options.command {
        let known: Vec<&str> = page.get_subcommands().map(clap::Command::get_name).collect();
        page = page
            .find_subcommand(word)
            .ok_or_else(|| new::unknown("command", word, known.into_iter(), "leave it out"))?;
    }
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(page.clone()).render(&mut text);
    rendered.map_err(|error| Stop::io("making", std::path::Path::new("the page"), &error))?;
    output::print(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
