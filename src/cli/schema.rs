//! `dualkey schema`

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Stop, context, output};
use crate::access::reading::{FileKind, schema_text};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey schema grant\n  dualkey schema --out .vscode/dualkey")]
pub struct Options {
    /// config, vendor, person, group, domain, role, grant, bridge or policy
    kind: Option<String>,
    /// Write all of them into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    out: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    if let Some(folder) = &options.out {
        for kind in FileKind::ALL {
            context::write_file(&folder.join(format!("{}.json", kind.name())), schema_text(kind).as_bytes())?;
        }
        return Ok(Exit::Done);
    }
    let names: Vec<&str> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
    match &options.kind {
        None => output::print(&format!("{}\n", names.join("\n"))),
        Some(name) => match FileKind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => output::print(schema_text(kind)),
            None => {
                let message = format!("`{}` is not a kind of file", name.escape_debug());
                return Err(Stop::usage(message, format!("the kinds are {}", names.join(", "))));
            }
        },
    }
    Ok(Exit::Done)
}
