//! What a server's refusals mean, by their SQLSTATE.

use std::error::Error as _;

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::server::Server;
use crate::targets::TargetError;

/// Why a request came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    Server(tokio_postgres::Error),
    /// There was no answer in time.
    Late,
}

impl Failure {
    /// What the server itself said, where it was the server that refused.
    fn said(&self) -> Option<&DbError> {
        match self {
            Failure::Server(error) => error.as_db_error(),
            Failure::Late => None,
        }
    }

    /// True where the connection is of no more use, and nobody heard what came of the request.
    pub(super) fn is_lost(&self) -> bool {
        let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::IDLE_SESSION_TIMEOUT];
        // the word for people is in the server's language
        let is_fatal = |said: &DbError| matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        self.said().is_none_or(|said| ended.contains(said.code()) || is_fatal(said))
    }

    /// True where somebody else's open transaction stands in the way, or did.
    pub(super) fn is_held_up(&self) -> bool {
        self.said().is_some_and(|said| HELD_UP.contains(&said.code().code()) || is_concurrent(said))
    }

    /// True where we may not do it.
    pub(super) fn is_denied(&self) -> bool {
        self.said().is_some_and(|said| *said.code() == SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// In the server's own words, where it said any.
    pub(super) fn words(&self) -> String {
        match (self.said(), self) {
            (Some(said), _) => said.message().to_owned(),
            (None, Failure::Server(error)) => whole(error),
            (None, Failure::Late) => "no answer in time".to_owned(),
        }
    }

    /// In the words of all targets. `doing` says what was asked.
    pub(super) fn told(&self, server: &Server, doing: &str) -> TargetError {
        let target = || server.target.clone();
        let error = match self {
            Failure::Server(error) => error,
            Failure::Late => {
                let why = format!("it gave no answer in {} s", server.limits.answer.as_secs());
                return TargetError::Unreachable { target: target(), why };
            }
        };
        let Some(said) = error.as_db_error() else {
            let why = whole(error);
            if why.contains("password missing") {
                let what = format!("log in at `{}` without a password", server.target);
                return TargetError::Denied { what, help: "give the credential its password".to_owned() };
            }
            // a server that isn't who it should be doesn't become so by waiting
            return if why.contains("TLS") {
                TargetError::Refused { why: format!("`{}`: {why}", server.target), help: TLS.to_owned() }
            } else {
                TargetError::Unreachable { target: target(), why }
            };
        };
        let why = said.message().to_owned();
        let code = said.code();
        let class = code.code().get(..2).unwrap_or_default();
        if self.is_held_up() || GONE_SOON.contains(&code.code()) {
            TargetError::Conflict { why: format!("{why} (to {doing})") }
        } else if class == "53" || *code == SqlState::CANNOT_CONNECT_NOW {
            TargetError::Throttled { target: target(), after: None }
        } else if class == "28" {
            let help = "check user and password of this credential, and what the server's `pg_hba.conf` says of it";
            TargetError::Denied { what: format!("log in at `{}`: {why}", server.target), help: help.to_owned() }
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            let more = [said.detail(), said.hint()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let help = if more.is_empty() { "give it what the target's page lists".to_owned() } else { more };
            TargetError::Denied { what: format!("{doing}: {why}"), help }
        } else if class == "57" || class == "08" {
            TargetError::Unreachable { target: target(), why }
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            TargetError::Refused { why, help: "correct `database` of the target in `dualkey.yaml`".to_owned() }
        } else {
            let help = said.hint().or(said.detail()).unwrap_or("see what the server's log says of it").to_owned();
            TargetError::Refused { why: format!("{why} (to {doing}, {})", code.code()), help }
        }
    }
}

/// Serialization failures, deadlocks, locks that somebody holds, rows that two write at once.
const HELD_UP: [&str; 4] = ["23505", "40001", "40P01", "55P03"];

/// What else goes away by itself: cancelled statements, roles that were dropped since they were read.
const GONE_SOON: [&str; 2] = ["42704", "57014"];

/// A row of the catalog that two change at once has no code of its own.
fn is_concurrent(said: &DbError) -> bool {
    said.code().code() == "XX000" && said.message().contains("concurrently")
}

const TLS: &str = "let the server offer TLS with a certificate of that host name; a certificate authority of your own goes \
                   into `ca` of the target";

/// An error with all that caused it.
fn whole(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        words += &format!(": {one}");
        cause = one.source();
    }
    words
}
