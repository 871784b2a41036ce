//! What can be held at GitHub.
//!
//! GitHub doesn't tell capitals from small letters in these names. People write them as GitHub does; in here they are small,
//! so that one resource has one spelling and cannot be declared in two domains.

use super::TYPE;
use crate::access::{Enforces, Kind, Permissions, Required};

/// GitHub ends nothing by itself. It tells owners who signs in with a second factor.
const ENFORCES: Enforces = Enforces { ends: false, hours: false, mfa: true };

/// A repository, shared with a person as its collaborator. An admin changes who has access; a maintainer changes the
/// settings that guard it (GitHub's "Repository roles for an organization"). What an organisation's own role adds to the word
/// that it stands on is written behind a plus: `push+release-manager`.
pub static REPOSITORY: Kind = Kind {
    name: "repository",
    target: TYPE,
    shape: "OWNER/NAME",
    check_resource: check_repository,
    folds_case: true,
    numbered: true,
    permissions: Permissions::Ordered(&["pull", "triage", "push", "maintain", "admin"]),
    extended: true,
    synonyms: &[("read", "pull"), ("write", "push")],
    // nobody can tell from a name what a role that the organisation made adds
    dangerous: |_, permission| matches!(permission, "maintain" | "admin") || permission.contains('+'),
    administers: |_, _| false,
    basic: |_| false,
    pushes: |permission| matches!(permission, "push" | "maintain" | "admin") || permission.contains('+'),
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: ENFORCES,
};

/// A team of an organisation. A maintainer adds and removes members. Outside collaborators can't be in teams.
pub static TEAM: Kind = Kind {
    name: "team",
    target: TYPE,
    shape: "ORGANIZATION/SLUG",
    check_resource: check_team,
    folds_case: true,
    numbered: true,
    permissions: Permissions::Ordered(&["member", "maintainer"]),
    extended: false,
    synonyms: &[],
    dangerous: |_, permission| permission == "maintainer",
    administers: |_, _| false,
    basic: |_| false,
    pushes: |_| false,
    groups: true,
    membership: false,
    requires: |team| team.split_once('/').map(|(organization, _)| Required::on(MEMBERSHIP.name, organization)),
    enforces: ENFORCES,
};

/// Membership of an organisation, whose members are a group: they have its base permission on each repository. An admin is
/// what GitHub's pages call an owner.
pub static MEMBERSHIP: Kind = Kind {
    name: "membership",
    target: TYPE,
    shape: "ORGANIZATION",
    check_resource: check_login,
    folds_case: true,
    numbered: false,
    permissions: Permissions::Ordered(&["member", "admin"]),
    extended: false,
    synonyms: &[("owner", "admin")],
    dangerous: |_, permission| permission == "admin",
    administers: |_, permission| permission == "admin",
    basic: |_| false,
    pushes: |_| false,
    groups: true,
    membership: true,
    requires: |_| None,
    enforces: ENFORCES,
};

/// GitHub's rule at sign-up: letters, digits and single inner hyphens, at most 39 characters.
pub(super) fn check_login(login: &str) -> Result<(), &'static str> {
    if login.is_empty() || login.len() > 39 {
        return Err("a GitHub account's name has 1 to 39 characters");
    }
    check_case(login)?;
    if !login.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err("a GitHub account's name holds only letters, digits and `-`");
    }
    if login.starts_with('-') || login.ends_with('-') || login.contains("--") {
        return Err("a GitHub account's name neither starts nor ends with `-` nor holds `--`");
    }
    Ok(())
}

/// GitHub's "Repository limits": ASCII letters, digits, `.`, `-`, `_`, at most 100; `.git` and `.wiki` are reserved.
fn check_repository(resource: &str) -> Result<(), &'static str> {
    let Some((owner, name)) = resource.split_once('/') else {
        return Err("a repository is written OWNER/NAME");
    };
    check_login(owner)?;
    if name.is_empty() || name.len() > 100 {
        return Err("a repository's name has 1 to 100 characters");
    }
    check_case(name)?;
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')) {
        return Err("a repository's name holds only letters, digits, `.`, `-` and `_`");
    }
    if matches!(name, "." | "..") || name.ends_with(".git") || name.ends_with(".wiki") {
        return Err("a repository's name is not `.` or `..` and doesn't end in `.git` or `.wiki`");
    }
    Ok(())
}

/// A team is named by the slug of its address: GitHub makes it of letters, digits, `-` and `_`.
fn check_team(resource: &str) -> Result<(), &'static str> {
    let Some((organization, slug)) = resource.split_once('/') else {
        return Err("a team is written ORGANIZATION/SLUG");
    };
    check_login(organization)?;
    if slug.is_empty() || slug.len() > 255 {
        return Err("a team's slug has 1 to 255 characters");
    }
    check_case(slug)?;
    if !slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')) {
        return Err("a team is named by the slug in its address: letters, digits, `-` and `_`");
    }
    Ok(())
}

fn check_case(name: &str) -> Result<(), &'static str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("write it in small letters: GitHub doesn't tell capitals apart");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_spelling() {
        let long = "n".repeat(101);
        for good in ["northwind/payments-api", "a/.github", "a-1/x_y.z"] {
            assert_eq!(check_repository(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "northwind",
            "/a",
            "a/",
            "a/b/c",
            "Northwind/a",
            "a/B",
            "a/..",
            "a/b.git",
            "a/b.wiki",
            "a--b/c",
            "a /b",
        ] {
            assert!(check_repository(bad).is_err(), "{bad}");
        }
        assert!(check_repository(&format!("a/{long}")).is_err());
        assert!(check_team("northwind/on_call-1").is_ok());
        for bad in ["northwind/On-call", "northwind/on.call", "northwind/", "oncall", "northwind/é"] {
            assert!(check_team(bad).is_err(), "{bad}");
        }
        assert!(check_login("northwind").is_ok());
        for bad in ["", "-a", "a-", "a_b", &"a".repeat(40)] {
            assert!(check_login(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_administers_the_organisation() {
        assert!((MEMBERSHIP.administers)("", "admin"));
        assert!(!(MEMBERSHIP.administers)("", "member"));
        assert!(!(REPOSITORY.administers)("", "admin"));
        assert!((REPOSITORY.dangerous)("", "maintain") && !(REPOSITORY.dangerous)("", "push"));
        assert!(MEMBERSHIP.rank("admin") > MEMBERSHIP.rank("member"));
    }

    #[test]
    fn what_an_organisations_own_role_adds_is_known_to_nobody() {
        let includes = |held, asked| REPOSITORY.includes(held, asked);
        for (held, asked) in
            [("push+x", "push"), ("push+x", "pull"), ("admin", "push+x"), ("push+x", "push+x"), ("admin", "pull")]
        {
            assert!(includes(held, asked), "{held} {asked}");
        }
        for (held, asked) in [
            ("maintain", "push+x"),
            ("push+x", "maintain"),
            ("push+x", "push+y"),
            ("admin+x", "push+x"),
            ("odd", "pull"),
        ] {
            assert!(!includes(held, asked), "{held} {asked}");
        }
        assert!(
            REPOSITORY.height("push+x") > REPOSITORY.height("push")
                && REPOSITORY.height("push+x") < REPOSITORY.height("maintain")
        );
        assert_eq!(
            (REPOSITORY.word("push+x"), REPOSITORY.added("push+x"), REPOSITORY.added("push")),
            ("push", Some("x"), None)
        );
        assert_eq!((TEAM.word("member+x"), TEAM.added("member+x")), ("member+x", None));
        for good in ["push+x", "pull+Release Manager", "admin+a-b_c.d"] {
            assert_eq!(REPOSITORY.check_permission(good), Ok(()), "{good}");
        }
        for bad in ["push+", "push+ x", "push+a:b", "push+a*", "odd+x", "+x", "write+x", "push+x+y"] {
            assert!(REPOSITORY.check_permission(bad).is_err(), "{bad}");
        }
        assert!(TEAM.check_permission("member+x").is_err());
        assert!((REPOSITORY.dangerous)("", "pull+x") && (REPOSITORY.pushes)("pull+x"));
    }
}
