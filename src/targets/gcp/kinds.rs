//! What can be held at Google Cloud: roles in the allow policies of its resources.

use super::TYPE;
use crate::access::{Enforces, Kind, Permissions};

/// A condition on `request.time` carries ends and hours.
const BY_CONDITION: Enforces = Enforces { ends: true, hours: true, mfa: false };

/// A project, by its id.
pub static PROJECT: Kind = Kind {
    name: "project",
    target: TYPE,
    shape: "PROJECT",
    check_resource: check_project,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_role),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, _| false,
    basic: is_basic,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: BY_CONDITION,
};

/// A folder, by its number.
pub static FOLDER: Kind = Kind {
    name: "folder",
    target: TYPE,
    shape: "FOLDER (a number)",
    check_resource: check_number,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_role),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, _| false,
    basic: is_basic,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: BY_CONDITION,
};

/// The organisation, by its number. Only here a role reaches the whole target.
pub static ORGANIZATION: Kind = Kind {
    name: "gcp-organization",
    target: TYPE,
    shape: "ORGANIZATION (a number)",
    check_resource: check_number,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_role),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, role| administers_organization(role),
    basic: is_basic,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: BY_CONDITION,
};

/// A bucket. Conditions need uniform bucket-level access, without which Google refuses the call.
pub static BUCKET: Kind = Kind {
    name: "bucket",
    target: TYPE,
    shape: "BUCKET",
    check_resource: check_bucket,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_role),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, _| false,
    basic: is_basic,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: BY_CONDITION,
};

/// A service account as a resource: who may act as it. It is missing from Google's "Resource types that accept
/// conditional role bindings", so nothing ends by itself here.
pub static SERVICE_ACCOUNT: Kind = Kind {
    name: "service-account",
    target: TYPE,
    shape: "NAME@PROJECT.iam.gserviceaccount.com",
    check_resource: check_service_account,
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(check_role),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| is_dangerous(permission),
    administers: |_, _| false,
    basic: is_basic,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: false, hours: false, mfa: false },
};

/// "Creating and managing projects": 6 to 30 small letters, digits and hyphens, a letter first, no hyphen last.
fn check_project(id: &str) -> Result<(), &'static str> {
    if !(6..=30).contains(&id.len()) {
        return Err("a project's id has 6 to 30 characters");
    }
    if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err("a project's id holds only small letters, digits and `-`");
    }
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || id.ends_with('-') {
        return Err("a project's id starts with a letter and doesn't end with `-`");
    }
    Ok(())
}

/// Folders and organisations are numbers of 64 bits.
pub(super) fn check_number(number: &str) -> Result<(), &'static str> {
    let canonical = number.parse::<u64>().is_ok_and(|n| n > 0 && n.to_string() == number);
    if canonical { Ok(()) } else { Err("it is a number, without leading zeros and without `folders/` or the like") }
}

/// "Bucket names": 3 to 63 characters, with dots up to 222 in parts of 63; not like an IP address.
fn check_bucket(name: &str) -> Result<(), &'static str> {
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')) {
        return Err("a bucket's name holds only small letters, digits, `-`, `_` and `.`, and no `gs://`");
    }
    let longest = if name.contains('.') { 222 } else { 63 };
    if !(3..=longest).contains(&name.len()) || name.split('.').any(|part| part.is_empty() || part.len() > 63) {
        return Err("a bucket's name has 3 to 63 characters; with dots up to 222, in parts of 1 to 63");
    }
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !ends_well(name.chars().next()) || !ends_well(name.chars().last()) {
        return Err("a bucket's name starts and ends with a letter or a digit");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("a bucket's name is not an IP address");
    }
    Ok(())
}

/// "Types of service accounts": all of them are addresses under `gserviceaccount.com`.
fn check_service_account(address: &str) -> Result<(), &'static str> {
    let part = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && !text.ends_with('-')
            && text.len() <= 63
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let valid = address.split_once('@').is_some_and(|(name, domain)| {
        let project = domain.strip_suffix(".gserviceaccount.com");
        part(name) && project.is_some_and(|p| p.split('.').all(part))
    });
    if valid { Ok(()) } else { Err("a service account is written NAME@PROJECT.iam.gserviceaccount.com") }
}

/// `roles/NAME`, or a custom role of a project or an organisation. A custom role's id has 3 to 64 characters.
fn check_role(role: &str) -> Result<(), &'static str> {
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    if let Some(name) = role.strip_prefix("roles/") {
        return if word(name) { Ok(()) } else { Err("a role's name holds only letters, digits, `.` and `_`") };
    }
    let custom = |rest: &str, check_parent: fn(&str) -> Result<(), &'static str>| {
        let (parent, name) = rest.split_once("/roles/").ok_or("a custom role is written PARENT/roles/ID")?;
        check_parent(parent)?;
        if word(name) && (3..=64).contains(&name.len()) {
            Ok(())
        } else {
            Err("a custom role's id has 3 to 64 letters, digits, `.` and `_`")
        }
    };
    if let Some(rest) = role.strip_prefix("projects/") {
        return custom(rest, check_project);
    }
    if let Some(rest) = role.strip_prefix("organizations/") {
        return custom(rest, check_number);
    }
    Err("a role is written `roles/NAME`, `projects/PROJECT/roles/ID` or `organizations/NUMBER/roles/ID`")
}

/// Roles that set allow policies (nearly every `admin` and `owner`), reach everything, or act as a service account.
fn is_dangerous(role: &str) -> bool {
    let name = role.rsplit('/').next().unwrap_or(role).to_ascii_lowercase();
    name.contains("admin")
        || name.contains("owner")
        || matches!(
            name.as_str(),
            "editor"
                | "writer"
                | "iam.serviceaccounttokencreator"
                | "iam.serviceaccountuser"
                | "iam.workloadidentityuser"
        )
}

/// Google's basic roles, the older three and the newer, which reach every service of a resource and accept no condition ("Roles
/// and permissions": basic roles).
fn is_basic(role: &str) -> bool {
    matches!(role, "roles/owner" | "roles/editor" | "roles/viewer" | "roles/admin" | "roles/writer" | "roles/reader")
}

/// Roles that set the allow policy of the organisation itself.
fn administers_organization(role: &str) -> bool {
    matches!(
        role,
        "roles/owner" | "roles/admin" | "roles/resourcemanager.organizationAdmin" | "roles/iam.securityAdmin"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_documentation() {
        for good in ["northwind-payments-stg", "abcdef", "a12345"] {
            assert!(check_project(good).is_ok(), "{good}");
        }
        for bad in ["", "abcde", "1abcdef", "abcdef-", "Abcdef", "abc_def", &"a".repeat(31)] {
            assert!(check_project(bad).is_err(), "{bad}");
        }
        assert!(check_number("420000000001").is_ok());
        for bad in ["", "0", "01", "+1", "folders/1", "99999999999999999999999"] {
            assert!(check_number(bad).is_err(), "{bad}");
        }
        for good in ["a-b_c", "logs.northwind.example", "1ab"] {
            assert!(check_bucket(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "A-b", "a..b", "gs://abc", "192.168.5.4", &"a".repeat(64)] {
            assert!(check_bucket(bad).is_err(), "{bad}");
        }
        for good in [
            "deployer@northwind-prod.iam.gserviceaccount.com",
            "420000000001-compute@developer.gserviceaccount.com",
            "northwind-prod@appspot.gserviceaccount.com",
        ] {
            assert!(check_service_account(good).is_ok(), "{good}");
        }
        for bad in ["", "alice@northwind.example", "@a.iam.gserviceaccount.com", "a@.gserviceaccount.com", "a@b@c"] {
            assert!(check_service_account(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_are_written_out() {
        for good in ["roles/run.viewer", "projects/northwind-prod/roles/billing_Reader", "organizations/42/roles/a.b"] {
            assert!(check_role(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "viewer",
            "roles/",
            "roles/a/b",
            "roles/*",
            "projects/x/roles/abc",
            "organizations/a/roles/abc",
            "projects/northwind-prod/roles/ab",
        ] {
            assert!(check_role(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn basic_roles_of_either_age_are_told() {
        for role in ["owner", "editor", "viewer", "admin", "writer", "reader"] {
            assert!(is_basic(&format!("roles/{role}")), "{role}");
            assert_eq!(is_dangerous(&format!("roles/{role}")), !matches!(role, "viewer" | "reader"), "{role}");
        }
        assert!(!is_basic("roles/run.admin") && administers_organization("roles/admin"));
    }

    #[test]
    fn who_administers() {
        assert!((ORGANIZATION.administers)("", "roles/resourcemanager.organizationAdmin"));
        assert!(!(PROJECT.administers)("", "roles/owner"));
        for dangerous in
            ["roles/owner", "roles/editor", "roles/iam.serviceAccountTokenCreator", "organizations/4/roles/netAdmin"]
        {
            assert!(is_dangerous(dangerous), "{dangerous}");
        }
        assert!(!is_dangerous("roles/logging.viewer") && !is_dangerous("projects/admin-stuff/roles/reader"));
    }
}
