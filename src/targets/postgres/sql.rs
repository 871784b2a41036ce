//! The statements, as text. Names can't be parameters of such statements, so they are quoted here and nowhere else.

/// A name as the server reads it back unchanged, whatever it holds.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text between single quotes. `standard_conforming_strings` is on, so a backslash is only a backslash.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a membership lets its holder do, from version 16: use the role's privileges, but not become the role. So an end
/// takes effect at the next statement of every session.
const USES: &str = "INHERIT TRUE, SET FALSE";

/// Makes somebody a member.
pub(super) fn grant(role: &str, member: &str, version: u32, admin: bool) -> String {
    let (role, member) = (name(role), name(member));
    match (version >= 16, admin) {
        (true, true) => format!("GRANT {role} TO {member} WITH ADMIN TRUE, {USES}"),
        (true, false) => format!("GRANT {role} TO {member} WITH {USES}"),
        (false, true) => format!("GRANT {role} TO {member} WITH ADMIN OPTION"),
        (false, false) => format!("GRANT {role} TO {member}"),
    }
}

/// Takes a membership, or only the right to hand it on. The grantor is named from version 16 on.
pub(super) fn revoke(role: &str, member: &str, grantor: Option<&str>, only_admin: bool) -> String {
    let what = if only_admin { "ADMIN OPTION FOR " } else { "" };
    let by = grantor.map(|grantor| format!(" GRANTED BY {}", name(grantor))).unwrap_or_default();
    format!("REVOKE {what}{} FROM {}{by} CASCADE", name(role), name(member))
}

/// Lets a login in, until then where an instant is given.
pub(super) fn unlock(login: &str, until: Option<&str>) -> String {
    let until = until.map(|until| format!(" VALID UNTIL {}", text(until))).unwrap_or_default();
    format!("ALTER ROLE {} LOGIN{until}", name(login))
}

/// Lets a login in no more.
pub(super) fn lock(login: &str) -> String {
    format!("ALTER ROLE {} NOLOGIN", name(login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_quotes() {
        assert_eq!(name("a\"; DROP ROLE b; --"), "\"a\"\"; DROP ROLE b; --\"");
        assert_eq!(text("o'hara\\"), "'o''hara\\'");
        assert_eq!(grant("r", "m", 16, false), "GRANT \"r\" TO \"m\" WITH INHERIT TRUE, SET FALSE");
        assert_eq!(grant("r", "m", 15, true), "GRANT \"r\" TO \"m\" WITH ADMIN OPTION");
        assert_eq!(
            revoke("r", "m", Some("g"), true),
            "REVOKE ADMIN OPTION FOR \"r\" FROM \"m\" GRANTED BY \"g\" CASCADE"
        );
        assert_eq!(unlock("m", Some("infinity")), "ALTER ROLE \"m\" LOGIN VALID UNTIL 'infinity'");
        assert_eq!(lock("m"), "ALTER ROLE \"m\" NOLOGIN");
    }
}
