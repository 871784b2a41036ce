//! `dualkey audit keygen`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::LogKey;
use crate::cli::{Exit, Stop, output};
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit keygen --name northwind-access --out ~/northwind-access.log-key")]
pub struct Options {
    /// The log's name, which every checkpoint carries
    #[arg(long)]
    name: String,
    /// Where the private half goes; keep it out of the repository
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let key = LogKey::generate(&options.name, &mut rand_core::OsRng).map_err(|error| Stop::of(Exit::Usage, &error))?;
    write_secret(&options.out, &key)?;
    output::print(&format!("{}\n", key.verifier()));
    output::error(&format!(
        "the private half is in {}: keep it out of the repository\nput the line above into dualkey.yaml: audit.key\n",
        report::escape::terminal(&options.out.display().to_string())
    ));
    Ok(Exit::Done)
}

/// Writes the private half for its owner alone. An existing file is never replaced: it may be the only copy of a key.
pub fn write_secret(path: &Path, key: &LogKey) -> Result<(), Stop> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Stop::io("making", path, &error))?;
    writeln!(file, "{}", key.to_private_text()).map_err(|error| Stop::io("writing", path, &error))
}
