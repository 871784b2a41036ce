//! What a credential can change on a server.

use super::catalog::get;
use super::connection::Connection;
use super::failure::Failure;
use crate::targets::Power;

/// A role that we may hand on, by ourselves or by a role that we are in.
const HANDED_ON: &str = "WITH RECURSIVE ours(oid) AS (
    SELECT oid FROM pg_roles WHERE rolname = session_user
    UNION SELECT roleid FROM pg_auth_members JOIN ours ON member = ours.oid)
 SELECT rolname::text FROM pg_auth_members JOIN ours ON member = ours.oid JOIN pg_roles ON pg_roles.oid = roleid
  WHERE admin_option ORDER BY 1 LIMIT 1";

/// INVARIANT: `Reads` is said only where no membership can be given or taken and no login locked or unlocked, since whoever is
/// told so is asked for no change.
pub(super) fn of(connection: &Connection) -> Result<Power, Failure> {
    let itself = &connection.itself;
    if itself.superuser {
        return Ok(Power::Writes { why: "is a superuser".to_owned() });
    }
    if itself.createrole {
        return Ok(Power::Writes { why: "has CREATEROLE".to_owned() });
    }
    match connection.rows(HANDED_ON, None)?.first() {
        Some(row) => Ok(Power::Writes { why: format!("may hand on `{}`", get::<String>(row, 0)?) }),
        None => Ok(Power::Reads),
    }
}
