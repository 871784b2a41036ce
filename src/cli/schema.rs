//! `dualkey schema`

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Stop, context, output};
use crate::access::reading::{FileKind, schema_text};
use crate::report::schemas::DOCUMENTS;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey schema grant\n  dualkey schema --out .vscode/dualkey")]
pub struct Options {
    /// A kind of file (config, vendor, person, group, domain, role, grant, bridge, policy, cases), what custom rules are
    /// given (rego-input), or a command that prints JSON (access, apply, doctor, drift, lint, plan, targets, test, verify)
    #[arg(value_name = "KIND|COMMAND")]
    kind: Option<String>,
    /// Write those of the files into this folder, for editors
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
    let all = FileKind::ALL.iter().map(|kind| (kind.name(), schema_text(*kind)));
    let rego = [("rego-input", schema_text(FileKind::Rego))];
    let all: Vec<(&str, &str)> = all.chain(rego).chain(DOCUMENTS.iter().copied()).collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    match &options.kind {
        None => output::print(&format!("{}\n", names.join("\n"))),
        Some(name) => match all.iter().find(|(known, _)| known == name) {
            Some((_, text)) => output::print(text),
            None => {
                let message = format!("there is no schema `{}`", name.escape_debug());
                return Err(Stop::usage(message, format!("there are {}", names.join(", "))));
            }
        },
    }
    Ok(Exit::Done)
}
