//! Changes of one phase, in one transaction.

use super::client::Postgres;
use super::failure::Failure;
use super::kinds::DATABASE_LOGIN;
use super::phase::{Phase, Step};
use super::sessions::{self, Ended};
use crate::targets::{Call, Done, Gate, TargetError, Writer};

/// Held by each phase until it commits, so that two runs don't write the same rows at once. The number says `dualkey`.
const ALONE: &str = "SELECT pg_advisory_xact_lock(28276558962320761)";

type Results = Vec<Result<Done, TargetError>>;

impl Writer for Postgres {
    fn ends(&self, call: &Call) -> bool {
        self.server.native_ends && call.kind == &DATABASE_LOGIN
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Results {
        if calls.is_empty() {
            return Vec::new();
        }
        let (results, lost) = self.phase(calls, gate);
        if lost {
            self.forget();
        }
        // until the transaction has committed nothing of it is settled
        for (place, result) in results.iter().enumerate().filter(|(_, one)| !matches!(one, Err(TargetError::Stopped))) {
            gate.settled(place, result);
        }
        results
    }
}

impl Postgres {
    /// One result a call, and whether the connection must be closed.
    fn phase(&mut self, calls: &[Call], gate: &dyn Gate) -> (Results, bool) {
        let server = self.server.clone();
        let all = |error: &TargetError| calls.iter().map(|_| Err(error.clone())).collect();
        let connection = match self.connected() {
            Ok(connection) => connection,
            Err(error) => return (all(&error), false),
        };
        let failed = |failure: &Failure, doing: &str| all(&failure.told(&server, doing));
        let mut phase = match begin(connection, &server) {
            Ok(phase) => phase,
            Err(failure) => return (failed(&failure, "begin a transaction"), true),
        };
        let mut results: Results = Vec::with_capacity(calls.len());
        for call in calls {
            if gate.pass().is_err() {
                break;
            }
            match phase.perform(call, results.len()) {
                Ok(Step(result)) => results.push(result),
                // nothing of the transaction holds
                Err(failure) => return (failed(&failure, "change access"), true),
            }
        }
        let left_behind = phase.left_behind();
        match connection.run("COMMIT") {
            Ok(()) => {}
            Err(failure) if failure.is_lost() => {
                let what = format!("nobody heard whether `{}` committed", server.target);
                let unsettled = |result| match result {
                    Ok(_) => Err(TargetError::Unsettled { what: what.clone() }),
                    Err(error) => Err(error),
                };
                results = results.into_iter().map(unsettled).collect();
                results.resize_with(calls.len(), || Err(TargetError::Stopped));
                return (results, true);
            }
            Err(failure) => return (failed(&failure, "commit"), true),
        }
        let lost = left_behind.end(connection, &server, &mut results);
        results.resize_with(calls.len(), || Err(TargetError::Stopped));
        (results, lost)
    }
}

fn begin<'c>(
    connection: &'c super::connection::Connection,
    server: &'c super::server::Server,
) -> Result<Phase<'c>, Failure> {
    connection.run("BEGIN")?;
    connection.run(ALONE)?;
    Phase::new(connection, server)
}

/// What ended in a phase: sessions of these logins may still use it.
#[derive(Debug, Default)]
pub(super) struct LeftBehind {
    /// The number of the call, the login, and true where the login itself was locked.
    pub of: Vec<(usize, super::catalog::Oid, String, bool)>,
}

impl LeftBehind {
    /// Ends the sessions, or says that they go on. True where the connection was lost over it.
    fn end(
        self,
        connection: &super::connection::Connection,
        server: &super::server::Server,
        results: &mut Results,
    ) -> bool {
        if self.of.is_empty() {
            return false;
        }
        let logins: Vec<u32> = self.of.iter().map(|(_, login, ..)| *login).collect();
        let keep = server.sessions == super::server::Sessions::Keep;
        let ended = if keep {
            sessions::open(connection, Some(&logins))
                .map(|open| open.into_keys().map(|login| (login, Ended::Kept)).collect())
        } else {
            sessions::end(connection, &logins)
        };
        let (ended, failure) = match ended {
            Ok(ended) => (Some(ended), None),
            Err(failure) => (None, Some(failure)),
        };
        for (call, login, name, locked) in self.of {
            let Some(slot) = results.get_mut(call) else { continue };
            let Ok(done) = slot else { continue };
            let unheard =
                failure.as_ref().map(|failure| failure.told(server, &format!("end the sessions of `{name}`")));
            let error = match (ended.as_ref().map(|ended| ended.get(&login)), unheard) {
                (Some(None | Some(Ended::All)), _) => continue,
                (Some(Some(Ended::Kept)), _) => {
                    tell(done, format!("open sessions of `{name}` go on until they end by themselves"));
                    continue;
                }
                (Some(Some(Ended::Denied)), _) => {
                    let user = super::sql::name(&connection.itself.user);
                    let help = format!("a superuser runs: GRANT pg_signal_backend TO {user}, or ends them");
                    TargetError::Denied {
                        what: format!("end the open sessions of `{name}`, which go on; {help}"),
                        help,
                    }
                }
                (Some(Some(Ended::Late)), _) => {
                    TargetError::Unsettled { what: format!("sessions of `{name}` were told to end and haven't yet") }
                }
                (None, Some(error)) => error,
                (None, None) => continue,
            };
            if locked {
                // a read shows a locked login as held as long as it has sessions, so the next run tries again
                *slot = Err(error);
            } else {
                tell(done, error.to_string());
            }
        }
        failure.is_some()
    }
}

/// Adds to what is to be known of a call.
pub(super) fn tell(done: &mut Done, words: String) {
    done.note = Some(match done.note.take() {
        Some(before) => format!("{before}; {words}"),
        None => words,
    });
}
