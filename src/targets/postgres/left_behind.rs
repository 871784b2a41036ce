//! Sessions that may still use what a phase took, and what comes of them.

use super::catalog::Oid;
use super::connection::Connection;
use super::server::{Server, Sessions};
use super::sessions::{self, Ended};
use super::sql;
use crate::targets::{Done, TargetError};

/// What ended in a phase: sessions of these logins may still use it.
#[derive(Debug, Default)]
pub(super) struct LeftBehind {
    /// The number of the call, the login, and true where the login itself was locked.
    pub of: Vec<(usize, Oid, String, bool)>,
}

impl LeftBehind {
    /// Ends the sessions, or says that they go on. True where the connection was lost over it.
    pub(super) fn end(
        self,
        connection: &Connection,
        server: &Server,
        results: &mut [Result<Done, TargetError>],
    ) -> bool {
        if self.of.is_empty() {
            return false;
        }
        let logins: Vec<u32> = self.of.iter().map(|(_, login, ..)| *login).collect();
        let keep = server.sessions == Sessions::Keep;
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
                    let user = sql::name(&connection.itself.user);
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
