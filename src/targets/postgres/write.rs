//! Changes of one phase, in one transaction.

use super::client::Postgres;
use super::failure::Failure;
use super::kinds::DATABASE_LOGIN;
use super::phase::{Phase, Step};
use crate::targets::{Call, Done, Gate, Hello, TargetError, Writer};

/// Held by each phase until it commits, so that two runs don't write the same rows at once. The number says `dualkey`.
const TURN: &str = "SELECT pg_advisory_xact_lock(28276558962320761)";

type Results = Vec<Result<Done, TargetError>>;

impl Writer for Postgres {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.itself()
    }

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
    connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")?;
    let (turn, lock) = (server.limits.turn.as_millis(), server.limits.lock.as_millis());
    let waits = format!(
        "SAVEPOINT turn; SET LOCAL lock_timeout = {turn}; {TURN}; SET LOCAL lock_timeout = {lock}; RELEASE turn"
    );
    if let Err(failure) = connection.run(&waits) {
        if failure.is_lost() {
            return Err(failure);
        }
        // everybody who can log in can take that lock and keep it, and nobody can hold up an end
        connection.run("ROLLBACK TO turn; RELEASE turn")?;
    }
    Phase::new(connection, server)
}
