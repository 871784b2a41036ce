//! What can be held at PostgreSQL.
//!
//! Names are compared letter by letter, as `pg_roles` writes them.

use super::TYPE;
use crate::access::{Enforces, Kind, Permissions, Required};

/// Membership of a group role. An admin gives the role to others. It is of no use to whoever can't log in.
pub static DATABASE_ROLE: Kind = Kind {
    name: "database-role",
    target: TYPE,
    shape: "ROLE",
    check_resource: check_name,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Ordered(&["member", "admin"]),
    extended: false,
    synonyms: &[],
    dangerous: |role, permission| permission == "admin" || is_dangerous(role),
    administers: |role, _| ADMINISTRATORS.contains(&role),
    basic: |_| false,
    pushes: |_| false,
    groups: true,
    membership: false,
    requires: |_| Some(Required::on_target(DATABASE_LOGIN.name)),
    enforces: Enforces { ends: false, hours: false, mfa: false },
};

/// The lock of a login role. Its resource is the target itself, by the name that the access repository gives it.
pub static DATABASE_LOGIN: Kind = Kind {
    name: "database-login",
    target: TYPE,
    shape: "TARGET",
    check_resource: check_name,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Ordered(&[LOGIN]),
    extended: false,
    synonyms: &[],
    dangerous: |_, _| false,
    administers: |_, _| false,
    basic: |_| false,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: true, hours: false, mfa: false },
};

/// The only permission of a login.
pub const LOGIN: &str = "login";

/// The longest name, in bytes (`NAMEDATALEN` - 1). The server cuts a longer one, and the cut name may be another role's.
const LONGEST: usize = 63;

/// Roles of hosted servers that take the place of a superuser.
const ADMINISTRATORS: [&str; 4] = ["azure_pg_admin", "cloudsqlsuperuser", "rds_superuser", "alloydbsuperuser"];

/// Built-in roles that reach all data, the files of the server or other people's sessions ("Predefined Roles" in
/// PostgreSQL's documentation).
const DANGEROUS: [&str; 9] = [
    "pg_checkpoint",
    "pg_create_subscription",
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_all_data",
    "pg_write_server_files",
];

/// True for a role that is dangerous to hold, whatever was granted to it.
pub fn is_dangerous(role: &str) -> bool {
    DANGEROUS.contains(&role) || ADMINISTRATORS.contains(&role)
}

/// Says what is wrong with the name of a role.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("a role's name is not empty");
    }
    if name.len() > LONGEST {
        return Err("a role's name has at most 63 bytes; the server would cut it, and reach another role");
    }
    if name.chars().any(char::is_control) {
        return Err("a role's name holds no control characters");
    }
    if name.trim() != name {
        return Err("a role's name neither starts nor ends with a blank");
    }
    if matches!(name, "public" | "none") {
        return Err("`public` and `none` are words of SQL, and no roles");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_the_server_keeps_whole() {
        let whole = "a".repeat(63);
        for good in ["shop_rw", "Shop \"RW\"", "o'hara", "größe", "pg_read_all_data", &whole] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        let wide = "ü".repeat(32);
        for bad in ["", " a", "a\nb", "a\0", "public", "none", &"a".repeat(64), &wide] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_dangerous() {
        assert!((DATABASE_ROLE.dangerous)("shop_rw", "admin") && !(DATABASE_ROLE.dangerous)("shop_rw", "member"));
        assert!((DATABASE_ROLE.dangerous)("pg_write_server_files", "member"));
        assert!((DATABASE_ROLE.administers)("rds_superuser", "member"));
        assert!(!(DATABASE_ROLE.administers)("pg_read_all_data", "admin"));
    }
}
