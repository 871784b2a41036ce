//! What can be held at AWS through Identity Center.

use super::TYPE;
use crate::access::{Enforces, Kind, Permissions};

/// An account, reached by permission sets. An end is enforced by a dated deny in the set.
pub static ACCOUNT: Kind = Kind {
    name: "account",
    target: TYPE,
    shape: "ACCOUNT (12 digits)",
    check_resource: check_account,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_permission_set),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, permission| administers(permission),
    basic: |_| false,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: true, hours: false, mfa: false },
};

/// A group of the identity store, by its display name.
pub static IDENTITY_GROUP: Kind = Kind {
    name: "identity-group",
    target: TYPE,
    shape: "GROUP",
    check_resource: check_group,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Ordered(&[MEMBER]),
    extended: false,
    synonyms: &[],
    dangerous: |_, _| false,
    administers: |_, _| false,
    basic: |_| false,
    pushes: |_| false,
    groups: true,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: false, hours: false, mfa: false },
};

/// A role in an account, which Account access manager gives somebody directly, by its ARN.
pub static ACCOUNT_ROLE: Kind = Kind {
    name: "account-role",
    target: TYPE,
    shape: "arn:aws:iam::ACCOUNT:role/ROLE",
    check_resource: check_role,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Ordered(&[ASSUME]),
    extended: false,
    synonyms: &[],
    dangerous: |role, _| is_dangerous(role_name(role)),
    administers: |role, _| administers(role_name(role)),
    basic: |_| false,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: false, hours: false, mfa: false },
};

/// The one permission on a role: to take it on.
pub(super) const ASSUME: &str = "assume";

/// The one permission in a group.
pub(super) const MEMBER: &str = "member";

/// Twelve digits, as the organisation lists them.
fn check_account(account: &str) -> Result<(), &'static str> {
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err("an AWS account is 12 digits");
    }
    Ok(())
}

/// `Name` of CreatePermissionSet: `[\w+=,.@-]+`, 1 to 32 characters.
fn check_permission_set(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 32 {
        return Err("a permission set's name has 1 to 32 characters");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-');
    if !name.bytes().all(allowed) {
        return Err("a permission set's name holds only letters, digits and `_+=,.@-`");
    }
    Ok(())
}

/// `DisplayName` of CreateGroup, 1 to 1,024 characters; stricter in white space, which nobody can tell apart.
fn check_group(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.chars().count() > 1024 {
        return Err("a group's name has 1 to 1024 characters");
    }
    if name.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ')) || name.trim() != name {
        return Err("a group's name holds no white space but inner blanks");
    }
    Ok(())
}

/// `RoleArn` of CreateEntitlement, of at most 2,048 characters.
fn check_role(arn: &str) -> Result<(), &'static str> {
    const WRITTEN: &str = "a role is written like arn:aws:iam::111122223333:role/Deploy";
    if arn.len() > 2048 {
        return Err(WRITTEN);
    }
    let Some((account, path)) = arn.strip_prefix("arn:").and_then(|rest| {
        let (partition, rest) = rest.split_once(":iam::")?;
        let known = partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        rest.split_once(":role/").filter(|_| known)
    }) else {
        return Err(WRITTEN);
    };
    check_account(account)?;
    let signs = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-');
    if path.split('/').all(|part| !part.is_empty() && part.bytes().all(signs)) { Ok(()) } else { Err(WRITTEN) }
}

/// What a role is called, without its account and path.
fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A permission set is known by its name alone: what is named for administration, for power or for IAM.
fn is_dangerous(permission_set: &str) -> bool {
    let small = permission_set.to_ascii_lowercase();
    small.contains("admin")
        || small.contains("poweruser")
        || permission_set.contains("IAM")
        || small.contains("organizationsfullaccess")
}

/// The names that AWS, Control Tower and common use give to sets that reach everything. Narrower than dangerous: a
/// `DatabaseAdministrator` counted as an admin would let the last true one be removed.
fn administers(permission_set: &str) -> bool {
    let small = permission_set.to_ascii_lowercase();
    matches!(small.as_str(), "admin" | "administrator" | "adminaccess" | "fulladmin" | "fulladminaccess")
        || small.ends_with("administratoraccess")
        || small.ends_with("organizationadmin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_apis() {
        assert!(check_account("012345678901").is_ok());
        for bad in ["", "12345678901", "1234567890123", "11112222333a", "1111-2222-33", "١٢٣٤٥٦"] {
            assert!(check_account(bad).is_err(), "{bad}");
        }
        for good in ["DeveloperAccess", "a+b=c,d.e@f-g_h", &"a".repeat(32)] {
            assert!(check_permission_set(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "*", "é", &"a".repeat(33)] {
            assert!(check_permission_set(bad).is_err(), "{bad}");
        }
        for good in ["On call", "906712345a-0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f", "Équipe"] {
            assert!(check_group(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\tb", "a\nb", "a\u{a0}b"] {
            assert!(check_group(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn roles_are_told_by_their_arns() {
        for good in ["arn:aws:iam::111122223333:role/Deploy", "arn:aws-cn:iam::111122223333:role/ops/night/Deploy"] {
            assert!(check_role(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "Deploy",
            "arn:aws:iam::1111:role/Deploy",
            "arn:aws:iam::111122223333:user/Deploy",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a//b",
            "arn:aws:iam::111122223333:role/*",
            "arn:evil:iam::111122223333:role/Deploy",
        ] {
            assert!(check_role(bad).is_err(), "{bad}");
        }
        let role = "arn:aws:iam::111122223333:role/ops/OrganizationAdmin";
        assert_eq!(role_name(role), "OrganizationAdmin");
        assert!((ACCOUNT_ROLE.dangerous)(role, ASSUME) && (ACCOUNT_ROLE.administers)(role, ASSUME));
    }

    #[test]
    fn who_administers() {
        for admin in ["AdministratorAccess", "AWSAdministratorAccess", "OrganizationAdmin", "Admin"] {
            assert!(administers(admin) && is_dangerous(admin), "{admin}");
        }
        for not in ["DatabaseAdministrator", "BillingAdmin", "PowerUserAccess"] {
            assert!(!administers(not) && is_dangerous(not), "{not}");
        }
        assert!(!is_dangerous("DiamondAccess") && is_dangerous("IAMFullAccess"));
    }
}
