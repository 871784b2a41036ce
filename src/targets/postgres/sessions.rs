//! Ending open sessions. A lock keeps new ones out, and leaves those that are open alone.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::catalog::{Oid, get};
use super::connection::Connection;
use super::failure::Failure;

/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a session may take to end once it was told to.
const LONGEST: Duration = Duration::from_secs(5);

/// How many sessions each login has open but for ours: of those named, or of all.
pub(super) fn open(connection: &Connection, of: Option<&[Oid]>) -> Result<BTreeMap<Oid, usize>, Failure> {
    let only = if of.is_some() { " AND usesysid = ANY($1)" } else { "" };
    let query = format!(
        "SELECT usesysid, count(*) FROM pg_stat_activity
          WHERE usesysid IS NOT NULL AND pid <> pg_backend_pid(){only} GROUP BY 1"
    );
    let mut found = BTreeMap::new();
    for row in connection.rows(&query, of)? {
        let count: i64 = get(&row, 1)?;
        found.insert(get(&row, 0)?, usize::try_from(count).unwrap_or(usize::MAX));
    }
    Ok(found)
}

/// The statement that tells all sessions of a login to end. Within a transaction it sees those that came since it began.
pub(super) fn signal(login: Oid) -> String {
    format!(
        "SELECT pg_stat_clear_snapshot(); SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE usesysid = {login} AND pid <> pg_backend_pid()"
    )
}

/// What came of ending a login's sessions.
#[derive(Debug)]
pub(super) enum Ended {
    /// None is left.
    All,
    /// We may not end them.
    Denied,
    /// They were left alone, as the access repository says.
    Kept,
    /// They were told to end, and some haven't.
    Late,
}

/// Ends all sessions of some logins. Those that aren't in the answer had none.
pub(super) fn end(connection: &Connection, of: &[Oid]) -> Result<BTreeMap<Oid, Ended>, Failure> {
    let mut ended = BTreeMap::new();
    let since = Instant::now();
    let mut looks_after = 0;
    loop {
        let left: Vec<Oid> = open(connection, Some(of))?
            .into_keys()
            .filter(|login| !matches!(ended.get(login), Some(Ended::Denied)))
            .collect();
        if left.is_empty() {
            // who was let in right before the lock shows a moment later
            looks_after += 1;
            if looks_after > 1 {
                return Ok(ended);
            }
        }
        let late = since.elapsed() > LONGEST;
        for login in left {
            match connection.run(&signal(login)) {
                Ok(()) => ended.insert(login, if late { Ended::Late } else { Ended::All }),
                Err(failure) if failure.is_denied() => ended.insert(login, Ended::Denied),
                Err(failure) => return Err(failure),
            };
        }
        if late {
            return Ok(ended);
        }
        thread::sleep(PAUSE);
    }
}
