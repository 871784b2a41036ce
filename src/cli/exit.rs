//! Exit codes, and what makes a command stop.

use std::process::ExitCode;

use miette::Diagnostic;

use crate::apply::LeaseError;
use crate::approval::VerifyError;
use crate::approval::codes::JUDGING_TOO_DEAR;
use crate::audit::LogError;
use crate::audit::StoreError;
use crate::finding::{Code, Refusal};
use crate::report::{errors, style::Style};
use crate::repository::{Failure, Repository, RepositoryError, SwapError};

/// How a command ends. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; nothing wrong; already applied.
    Done = 0,
    /// Findings of severity error; drift; something refused or wrong in what was verified.
    Findings = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Refused: nothing was changed beyond what the outcome says.
    Refused = 3,
    /// Partly applied.
    Partial = 4,
    /// Evidence or live state could not be read.
    Unjudged = 5,
}

impl Exit {
    /// Of several the one that counts: 4 over 5 over 3 over 1.
    pub fn worst(self, other: Exit) -> Exit {
        let weight = |exit| match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Unjudged => 4,
            Exit::Partial => 5,
        };
        if weight(self) >= weight(other) { self } else { other }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command stops before its end.
#[derive(Clone, Debug)]
pub struct Stop {
    pub exit: Exit,
    what: What,
    /// What was not done for it; said of refusals and of what couldn't be judged.
    left: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum What {
    Error { message: String, help: Option<String> },
    Refusals(Vec<Refusal>),
}

impl Stop {
    pub fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Self {
        Stop { exit, what: What::Error { message: message.into(), help: Some(help.into()) }, left: None }
    }

    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Stop::new(Exit::Usage, message, help)
    }

    pub fn refused(exit: Exit, refusals: Vec<Refusal>) -> Self {
        Stop { exit, what: What::Refusals(refusals), left: None }
    }

    pub fn of(exit: Exit, error: &dyn Diagnostic) -> Self {
        let help = error.help().map(|help| help.to_string());
        Stop { exit, what: What::Error { message: error.to_string(), help }, left: None }
    }

    /// A file or a terminal that could not be read or written.
    pub fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let message = format!("{doing} `{}` failed: {error}", path.display());
        Stop::new(Exit::Usage, message, "see that the path is right and belongs to you")
    }

    /// The same, ending otherwise.
    #[must_use]
    pub fn with(self, exit: Exit) -> Self {
        Stop { exit, ..self }
    }

    /// The same, saying what was left undone.
    #[must_use]
    pub fn leaving(self, undone: &'static str) -> Self {
        Stop { left: Some(undone), ..self }
    }

    /// The same in a clone that lacks something, which may be all that is wrong.
    #[must_use]
    pub fn in_clone(self, repository: &Repository) -> Self {
        let lacking = match repository.ensure_complete() {
            Err(error @ (RepositoryError::Shallow | RepositoryError::Partial)) => error,
            Ok(()) | Err(_) => return self,
        };
        match (self.exit, self.what) {
            (Exit::Usage | Exit::Unjudged, What::Error { message, .. }) if message != lacking.to_string() => {
                let help = lacking.help().map(|help| help.to_string()).unwrap_or_default();
                Stop::new(Exit::Unjudged, format!("{lacking}: {message}"), help)
            }
            (_, what) => Stop { what, ..self },
        }
    }

    /// For a run that goes on all the same: what would have stopped it, under a code of its own where it has none.
    pub fn refusal(&self, code: &'static Code) -> Refusal {
        match &self.what {
            What::Refusals(refusals) if !refusals.is_empty() => refusals.first().cloned(),
            What::Refusals(_) => None,
            What::Error { message, help } => Some(Refusal::new(code, message, help.as_deref().unwrap_or_default())),
        }
        .unwrap_or_else(|| Refusal::new(code, code.title, code.instead))
    }

    /// True where this is one of the reasons.
    pub fn is(&self, code: &Code) -> bool {
        match &self.what {
            What::Refusals(refusals) => refusals.iter().any(|refusal| refusal.code == code),
            What::Error { .. } => false,
        }
    }

    /// The block that is printed.
    pub fn text(&self, style: Style) -> String {
        let text = match &self.what {
            What::Error { message, help } => errors::error(message, help.as_deref(), style),
            What::Refusals(refusals) => errors::refusals(refusals, style),
        };
        match (self.exit, self.left) {
            (Exit::Refused | Exit::Unjudged, Some(undone)) => format!("{text}{undone}\n"),
            _ => text,
        }
    }
}

fn of_failure(failure: Failure) -> Exit {
    match failure {
        Failure::Usage => Exit::Usage,
        Failure::Unjudged => Exit::Unjudged,
        Failure::Refused => Exit::Refused,
    }
}

impl From<RepositoryError> for Stop {
    fn from(error: RepositoryError) -> Self {
        if matches!(error, RepositoryError::TooDear { .. }) {
            let help = error.help().map(|help| help.to_string()).unwrap_or_default();
            let refusal = Refusal::new(&JUDGING_TOO_DEAR, error.to_string(), help);
            return Stop::refused(Exit::Unjudged, vec![refusal]);
        }
        Stop::of(of_failure(error.failure()), &error)
    }
}

impl From<SwapError> for Stop {
    fn from(error: SwapError) -> Self {
        Stop::of(of_failure(error.failure()), &error)
    }
}

/// For commands that act on a verdict; `verify` itself reports a refusal as a finding.
impl From<VerifyError> for Stop {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Repository(error) => error.into(),
            VerifyError::Refused(refusal) => Stop::refused(Exit::Refused, vec![refusal]),
            VerifyError::Unreadable { .. } => Stop::of(Exit::Unjudged, &error),
        }
    }
}

impl From<&LogError> for Stop {
    fn from(error: &LogError) -> Self {
        // a key that isn't the log's is a wrong argument, whatever the log holds
        let key = matches!(error, LogError::KeyWrong { .. } | LogError::KeyReused { .. });
        let unread = matches!(error, LogError::Unreadable { .. });
        let exit = match (key, unread) {
            (true, _) => Exit::Usage,
            (false, true) => Exit::Unjudged,
            (false, false) => Exit::Refused,
        };
        Stop::refused(exit, vec![error.refusal()])
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Self {
        Stop::from(StoreError::from(error))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        if let StoreError::Log(error) = &error {
            return error.into();
        }
        let exit = of_failure(error.failure());
        if exit == Exit::Refused { Stop::refused(exit, vec![error.refusal()]) } else { Stop::of(exit, &error) }
    }
}

impl From<LeaseError> for Stop {
    fn from(error: LeaseError) -> Self {
        let exit = of_failure(error.failure());
        if exit == Exit::Refused { Stop::refused(exit, vec![error.refusal()]) } else { Stop::of(exit, &error) }
    }
}
