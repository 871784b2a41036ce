//! What commands put at the forge: comments, checks and an issue.

use std::sync::Arc;

use super::{Exit, Stop, output};
use crate::access::Config;
#[cfg(feature = "github")]
use crate::finding::Refusal;
use crate::forge::marker::Marker;
use crate::forge::texts::{Check, IssueText};
#[cfg(feature = "github")]
use crate::report;
use crate::repository::Oid;
use crate::targets::retry::Waits;

#[cfg(feature = "github")]
pub use online::Desk;

/// A comment to be kept below a pull request.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "github"), expect(dead_code, reason = "a program without a client says nothing there"))]
pub struct Words<'a> {
    pub marker: &'a Marker,
    pub body: &'a str,
    /// True where a comment that says of its landing that nothing is left to do stays as it is.
    pub later: bool,
}

/// Prints what came of something that was put at the forge; gives how a command ends that needed it.
pub fn told(result: Result<(), Stop>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(stop) => {
            output::error(&stop.text(output::error_style()));
            stop.exit
        }
    }
}

/// Nothing of the forge was read or written as it should have been.
#[cfg(feature = "github")]
fn unheard(refusal: Refusal) -> Stop {
    Stop::refused(Exit::Unjudged, vec![refusal])
}

/// The repository that settings name, which are to be verified ones: the token goes where they say.
#[cfg(feature = "github")]
fn pinned(config: &Config) -> Result<&crate::access::ForgeRepository, Stop> {
    config.repository.as_ref().ok_or_else(|| {
        Stop::usage(
            "dualkey.yaml names no repository at the forge",
            "add `repository: { name: OWNER/NAME, id: NUMBER }` to `approval` by a change of its own",
        )
    })
}

#[cfg(feature = "github")]
mod online {
    use super::*;
    use crate::forge::author::Author;
    use crate::forge::comment::Sticky;
    use crate::forge::connection::{Connection, Home};
    use crate::forge::{checks, comment, issue, pulls};
    use crate::targets::TargetError;

    /// The way to the pinned repository.
    pub struct Desk {
        connection: Connection,
        home: Home,
        /// The protected branch.
        branch: String,
    }

    impl Desk {
        /// Looks whether the repository that answers is the pinned one.
        pub fn open(config: &Config, waits: Arc<dyn Waits>) -> Result<Self, Stop> {
            let variable = |name: &str| std::env::var(name).ok();
            let connection = Connection::open(pinned(config)?, waits, &variable).map_err(unheard)?;
            let home = connection.home().map_err(|error| unheard(error.refusal()))?.map_err(unheard)?;
            Ok(Desk { connection, home, branch: config.branch.clone() })
        }

        /// The open pull request whose head this is.
        pub fn pull_of(&self, head: Oid, named: Option<u64>) -> Result<u64, Stop> {
            pulls::of_head(&self.connection, &self.home, &self.branch, head, named).map_err(unheard)
        }

        /// The pull requests that brought a landing.
        pub fn that_brought(&self, landed: Oid) -> Result<Vec<u64>, Stop> {
            pulls::that_brought(&self.connection, &self.home, &self.branch, landed).map_err(unheard)
        }

        /// Keeps dualkey's comment below a pull request.
        pub fn comment(&self, pull: u64, words: Words<'_>) -> Result<(), Stop> {
            let keep = || {
                let author = Author::of(&self.connection)?;
                let Words { marker, body, later } = words;
                let sticky = Sticky { marker, body, outdated: report::comment::outdated, later };
                comment::keep(&self.connection, &self.home, author, pull, &sticky)
            };
            if let Some(url) = keep().map_err(|error| unheard(error.refusal()))? {
                output::warn(&format!("the comment is at {}\n", report::escape::terminal(&url)));
            }
            Ok(())
        }

        /// Makes a check. `may_lack` says that a token which may make none is only warned of.
        pub fn check(&self, check: &Check, may_lack: bool) -> Result<(), Stop> {
            match checks::post(&self.connection, &self.home, check) {
                Ok(()) => Ok(()),
                Err(error @ TargetError::Denied { .. }) => {
                    let mut refusal = error.refusal();
                    refusal.help.push_str(
                        "; checks are made by the token of a workflow, with `checks: write`, or of an App, and by no person's",
                    );
                    if !may_lack {
                        return Err(unheard(refusal));
                    }
                    output::warn(&report::errors::warning(&refusal, output::error_style()));
                    Ok(())
                }
                Err(error) => Err(unheard(error.refusal())),
            }
        }

        /// Keeps the issue open as long as anything is left.
        pub fn issue(&self, text: &IssueText, is_left: bool) -> Result<(), Stop> {
            let keep = || issue::keep(&self.connection, &self.home, Author::of(&self.connection)?, text, is_left);
            let (what, url) = match keep().map_err(|error| unheard(error.refusal()))? {
                issue::Kept::Nothing => return Ok(()),
                issue::Kept::Opened(url) => ("opened", url),
                issue::Kept::Open(url) => ("open", url),
                issue::Kept::Closed(url) => ("closed", url),
            };
            let why = report::escape::terminal(text.title.strip_prefix("dualkey: ").unwrap_or(&text.title));
            output::warn(&format!("the issue is {what}: {} ({why})\n", report::escape::terminal(&url)));
            Ok(())
        }
    }
}

/// In a program without a client for the forge there is no way to it.
#[cfg(not(feature = "github"))]
#[derive(Debug)]
pub enum Desk {}

#[cfg(not(feature = "github"))]
impl Desk {
    pub fn open(_: &Config, _: Arc<dyn Waits>) -> Result<Self, Stop> {
        Err(Stop::usage(
            "this program was built without what speaks to GitHub",
            "build it with the feature `github`, which is on by default",
        ))
    }

    pub fn pull_of(&self, _: Oid, _: Option<u64>) -> Result<u64, Stop> {
        match *self {}
    }

    pub fn that_brought(&self, _: Oid) -> Result<Vec<u64>, Stop> {
        match *self {}
    }

    pub fn comment(&self, _: u64, _: Words<'_>) -> Result<(), Stop> {
        match *self {}
    }

    pub fn check(&self, _: &Check, _: bool) -> Result<(), Stop> {
        match *self {}
    }

    pub fn issue(&self, _: &IssueText, _: bool) -> Result<(), Stop> {
        match *self {}
    }
}
