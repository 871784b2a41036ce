//! The checkpoint of the log that a runner keeps where push rights don't reach. By it a runner that has seen nothing before
//! notices a remote that was rolled back as a whole.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Stop, output};
use crate::audit::codes;
use crate::finding::Refusal;

/// The variable that holds the text of one.
const CHECKPOINT: &str = "DUALKEY_CHECKPOINT";

/// What stands for standard input and output.
const STREAMS: &str = "-";

/// More than any checkpoint has.
const MAX_BYTES: u64 = 1 << 16;

/// What the log must go on from.
#[derive(Clone, Debug)]
pub enum Expected {
    Nothing,
    Checkpoint(Vec<u8>),
    /// It was kept, and is gone: nobody can tell any more how long the log was.
    Gone(Refusal),
}

impl Expected {
    /// The one in the environment. A variable that is set to nothing is one that was deleted where it is kept.
    pub fn of_environment() -> Self {
        match std::env::var(CHECKPOINT) {
            Ok(text) if !text.trim().is_empty() => Expected::Checkpoint(whole(text.as_bytes())),
            Ok(_) => Expected::Gone(gone(CHECKPOINT, "it is empty")),
            Err(_) => Expected::Nothing,
        }
    }

    /// The checkpoint, where one is kept.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Expected::Checkpoint(text) => Some(text),
            Expected::Gone(_) | Expected::Nothing => None,
        }
    }

    /// How many entries the log had by the checkpoint that is kept; none where none is kept that says so.
    pub fn size(&self) -> u64 {
        // whether the log goes on from it is checked where the log is read
        let text = self.text().and_then(|text| std::str::from_utf8(text).ok());
        text.and_then(|text| text.lines().nth(1)).and_then(|size| size.parse().ok()).unwrap_or_default()
    }
}

fn gone(place: &str, why: &str) -> Refusal {
    Refusal::new(
        &codes::CHECKPOINT_MISSING,
        format!("the checkpoint that is kept can't be read from {place}: {why}"),
        "bring it back; where none was kept so far, look that the log is whole (`dualkey audit verify`), take the file \
         `checkpoint` of `dualkey audit export DIR`, and keep that as DUALKEY_CHECKPOINT where push rights don't reach: on \
         GitHub by `gh variable set DUALKEY_CHECKPOINT --env dualkey-apply < DIR/checkpoint`",
    )
}

/// A checkpoint ends with its line, which variables and pipes lose.
fn whole(bytes: &[u8]) -> Vec<u8> {
    [bytes.trim_ascii(), b"\n"].concat()
}

/// `--checkpoint`
#[derive(Debug, Args)]
pub struct CheckpointOption {
    /// Keep the log's checkpoint in this file: it is read first and replaced last; with `-` it comes from standard input
    /// and goes to standard output, and what is told to standard error [default: the text in DUALKEY_CHECKPOINT]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

impl CheckpointOption {
    fn is_streams(&self) -> bool {
        self.checkpoint.as_deref() == Some(Path::new(STREAMS))
    }

    /// What is kept. Where it can't be read it is gone: that is told with everything else, and stops no end.
    pub fn read(&self) -> Expected {
        let Some(path) = &self.checkpoint else { return Expected::of_environment() };
        let mut bytes = Vec::new();
        let read = if self.is_streams() {
            std::io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        };
        let why = match read {
            Ok(_) if !bytes.trim_ascii().is_empty() => return Expected::Checkpoint(whole(&bytes)),
            Ok(_) => "it is empty".to_owned(),
            Err(error) => error.to_string(),
        };
        let what = if self.is_streams() { "standard input".to_owned() } else { format!("`{}`", path.display()) };
        Expected::Gone(gone(&what, &why))
    }

    /// Keeps the newest one. The file holds the old one or the new one, whatever happens meanwhile.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub fn renew(&self, checkpoint: &[u8]) -> Result<(), Stop> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        if self.is_streams() {
            output::print(&String::from_utf8_lossy(checkpoint));
            return Ok(());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let replaced = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(checkpoint)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        });
        replaced.map(drop).map_err(|error| Stop::io("writing the checkpoint into", path, &error).with(Exit::Partial))
    }

    /// Prints what is told of the run where standard output is free for that.
    pub fn tell(&self, text: &str) {
        if self.is_streams() { output::error(text) } else { output::print(text) }
    }
}
