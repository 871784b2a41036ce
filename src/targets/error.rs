//! What goes wrong at a target, with the codes that `dualkey explain` knows.

use std::io;
use std::path::PathBuf;

use crate::finding::{Code, Refusal};

/// Why a target was not read or not written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TargetError {
    /// The target answered, but not with all that was asked for.
    #[error("`{target}` was not read whole: {why}")]
    #[diagnostic(
        code("live-read-incomplete"),
        help("run it again; if it stays, check what the reading credential may see")
    )]
    LiveReadIncomplete { target: String, why: String },
    /// The file of an embedded target is not what such a file must be. Line and column count from 1, columns in bytes.
    #[error("`{}` is corrupt at line {line}, column {column}: {why}", path.display())]
    #[diagnostic(
        code("target-corrupt"),
        help("correct the file by hand or move it away; dualkey never overwrites a file it can't read")
    )]
    Corrupt { path: PathBuf, line: usize, column: usize, why: String },
    /// Another process is writing.
    #[error("`{}` is locked by another process", path.display())]
    #[diagnostic(code("target-locked"), help("wait until the other run has ended, then run it again"))]
    Locked { path: PathBuf },
    /// The target will not do what was asked. Nothing was changed.
    #[error("refused by the target: {why}")]
    #[diagnostic(code("target-refused"), help("{help}"))]
    Refused { why: String, help: String },
    /// The operating system or the network failed.
    #[error("`{}` cannot be {doing}: {source}", path.display())]
    #[diagnostic(code("target-io"), help("check that the path exists, is yours and has room, then run it again"))]
    Io { path: PathBuf, doing: &'static str, source: io::Error },
}

impl TargetError {
    /// The code with its explanation.
    pub fn code(&self) -> &'static Code {
        match self {
            TargetError::LiveReadIncomplete { .. } => &LIVE_READ_INCOMPLETE,
            TargetError::Corrupt { .. } => &TARGET_CORRUPT,
            TargetError::Locked { .. } => &TARGET_LOCKED,
            TargetError::Refused { .. } => &TARGET_REFUSED,
            TargetError::Io { .. } => &TARGET_IO,
        }
    }

    /// True where what stands in the way goes away by itself, so that the same call may go well soon after.
    pub fn is_transient(&self) -> bool {
        match self {
            TargetError::Locked { .. } => true,
            TargetError::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::Interrupted
                    | io::ErrorKind::ResourceBusy
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::WouldBlock
            ),
            TargetError::LiveReadIncomplete { .. } | TargetError::Corrupt { .. } | TargetError::Refused { .. } => false,
        }
    }

    /// The error as a refusal of what needed the target. After a read this is "could not judge" (exit 5), whatever the
    /// error: what is not known is never taken for empty.
    pub fn refusal(&self) -> Refusal {
        let help = miette::Diagnostic::help(self).map(|help| help.to_string()).unwrap_or_default();
        Refusal::new(self.code(), self.to_string(), help)
    }
}

/// The codes of this room.
pub const CODES: [&Code; 5] = [&LIVE_READ_INCOMPLETE, &TARGET_CORRUPT, &TARGET_IO, &TARGET_LOCKED, &TARGET_REFUSED];

pub static LIVE_READ_INCOMPLETE: Code = Code {
    id: "live-read-incomplete",
    title: "A target did not tell all of what is held there",
    why: "A page that did not arrive is not an empty list: access that was not seen would be taken for gone, and \
          admins and duties would be counted wrong.",
    example: "",
    instead: "Run it again. If it stays, check what the reading credential may see.",
};

pub static TARGET_CORRUPT: Code = Code {
    id: "target-corrupt",
    title: "The file of an embedded target is not valid",
    why: "What cannot be read whole cannot be judged, and writing over it would destroy what it still holds.",
    example: "{ \"version\": 1, \"as\": \"github\", \"entitlements\": [",
    instead: "Correct the file at the place that is named, or move it away to start with an empty target.",
};

pub static TARGET_LOCKED: Code = Code {
    id: "target-locked",
    title: "Another process is writing to the target",
    why: "Two writers that don't wait for each other lose what one of them wrote.",
    example: "",
    instead: "Wait until the other run has ended, then run it again.",
};

pub static TARGET_REFUSED: Code = Code {
    id: "target-refused",
    title: "The target will not do what was asked",
    why: "The call names something that the target doesn't have or doesn't allow. Nothing was changed.",
    example: "",
    instead: "Read the reason and change what was declared.",
};

pub static TARGET_IO: Code = Code {
    id: "target-io",
    title: "A target could not be reached",
    why: "Without the target nothing is known of what is held there.",
    example: "",
    instead: "Check that the path exists, is yours and has room, then run it again.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_code_and_a_next_step() {
        let path = PathBuf::from("play.json");
        let errors = [
            TargetError::LiveReadIncomplete { target: "github".into(), why: "page 2 did not arrive".into() },
            TargetError::Corrupt { path: path.clone(), line: 3, column: 7, why: "unknown kind `x`".into() },
            TargetError::Locked { path: path.clone() },
            TargetError::Refused { why: "it has no kind `account`".into(), help: "name another target".into() },
            TargetError::Io { path, doing: "read", source: io::Error::other("disk") },
        ];
        for error in &errors {
            let refusal = error.refusal();
            let code = miette::Diagnostic::code(error).map(|code| code.to_string());
            assert_eq!(code.as_deref(), Some(refusal.code.id));
            assert!(!refusal.help.is_empty() && CODES.contains(&refusal.code));
        }
        let transient = errors.iter().map(TargetError::is_transient).collect::<Vec<_>>();
        assert_eq!(transient, [false, false, true, false, false]);
        let busy = io::Error::from(io::ErrorKind::ResourceBusy);
        assert!(TargetError::Io { path: PathBuf::new(), doing: "read", source: busy }.is_transient());
        assert_eq!(errors[1].to_string(), "`play.json` is corrupt at line 3, column 7: unknown kind `x`");
        assert!(CODES.is_sorted_by_key(|code| code.id));
    }
}
