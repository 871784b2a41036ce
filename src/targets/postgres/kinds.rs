//! What can be held on a PostgreSQL server: roles of which a login is a member.

use super::TYPE;
use crate::access::{Enforces, Kind, Permissions};

/// A role that others are members of. Who has the admin option gives the role on.
pub static DATABASE_ROLE: Kind = Kind {
    name: "database-role",
    target: TYPE,
    shape: "ROLE",
    check_resource: check_role,
    permissions: Permissions::Ordered(&["member", "admin"]),
    dangerous: |role, permission| permission == "admin" || is_dangerous(role),
    administers: |_, _| false,
    basic: |_| false,
    pushes: |_| false,
    groups: true,
    requires: |_| None,
    // `VALID UNTIL` stops new logins by password alone, and ends no membership
    enforces: Enforces { ends: false, hours: false, mfa: false },
};

/// PostgreSQL cuts longer names with a mere notice, so that a grant would reach another role.
const MOST_BYTES: usize = 63;

/// "SQL identifiers", as the server keeps them: up to 63 bytes. `public` is everybody, `none` is nobody.
pub(super) fn check_role(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > MOST_BYTES {
        return Err("a role's name has 1 to 63 bytes");
    }
    if name.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ')) || name.trim() != name {
        return Err("a role's name holds no white space but inner blanks");
    }
    if matches!(name, "public" | "none") {
        return Err("it is a word of SQL and no role");
    }
    Ok(())
}

/// "Predefined roles" that reach files, programs, all data or others' sessions, and what hosts call their superusers.
fn is_dangerous(role: &str) -> bool {
    matches!(
        role,
        "pg_execute_server_program"
            | "pg_read_server_files"
            | "pg_write_server_files"
            | "pg_write_all_data"
            | "pg_read_all_data"
            | "pg_signal_backend"
            | "pg_maintain"
            | "rds_superuser"
            | "cloudsqlsuperuser"
            | "azure_pg_admin"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_keeps_its_whole_name() {
        for good in ["shop_rw", "pg_monitor", "Équipe", "two words", &"a".repeat(63)] {
            assert!(check_role(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a\tb", "a\nb", "public", "none", &"a".repeat(64), &"é".repeat(32)] {
            assert!(check_role(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_role_is_dangerous_by_its_name_too() {
        assert!((DATABASE_ROLE.dangerous)("shop_rw", "admin"));
        assert!((DATABASE_ROLE.dangerous)("pg_write_server_files", "member"));
        assert!(!(DATABASE_ROLE.dangerous)("shop_rw", "member"));
    }
}
