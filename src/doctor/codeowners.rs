//! Whom GitHub asks to review which managed files: those whom the approval rules ask, by their logins.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Found;
use crate::access::{Access, Approvers, ChangeClass, PersonId, Scope};
use crate::finding::{Code, Place, Rule, Severity};

/// Where GitHub looks first.
pub const PATH: &str = ".github/CODEOWNERS";

pub const CODEOWNERS_STALE: Rule = Rule {
    code: Code {
        id: "codeowners-stale",
        title: "CODEOWNERS doesn't name those whom the approval rules ask",
        why: "GitHub asks the owners of the files that a pull request changes for a review. Where they aren't those whom \
              the rules ask, nobody who could approve hears of the change.",
        example: "# .github/CODEOWNERS\n/policies/ @somebody-who-left",
        instead: "Let `dualkey doctor --fix` write it, and land that like any other change.",
    },
    severity: Severity::Warning,
    dated: false,
};

const HEAD: &str = "# Whom GitHub asks about a change: those whom the approval rules ask. Written by `dualkey doctor --fix`.\n\
                    # It approves nothing: who approved enough is proven by `dualkey verify`.\n";

/// The paths that only a change of class policy touches.
const POLICY: [&str; 9] = [
    "/.gitattributes",
    "/.github/",
    "/CODEOWNERS",
    "/docs/CODEOWNERS",
    "/domains/",
    "/dualkey.yaml",
    "/groups/",
    "/policies/",
    "/roles/",
];

/// The text of the file.
pub fn text(access: &Access, now: Timestamp) -> String {
    let asked = |class: ChangeClass| -> BTreeSet<&PersonId> {
        let of_class = access.quorums().into_iter().filter(move |quorum| quorum.rule.change == class);
        of_class.flat_map(|quorum| quorum.people).collect()
    };
    let mut lines = BTreeMap::new();
    let policy = asked(ChangeClass::Policy);
    for path in POLICY {
        lines.insert(path.to_owned(), policy.clone());
    }
    for pattern in access.config.managed.named() {
        lines.insert(format!("/{}", pattern.as_str().replace(' ', "\\ ")), policy.clone());
    }
    lines.insert("/bridges/".to_owned(), asked(ChangeClass::Bridge));
    lines.insert("/grants/".to_owned(), asked(ChangeClass::Access));
    let identity = asked(ChangeClass::Identity);
    lines.insert("/people/".to_owned(), identity.clone());
    lines.insert("/vendors/".to_owned(), identity);
    for domain in access.domains.values() {
        lines.insert(format!("/grants/{}/", domain.id), of_domain(access, domain.id.as_str()));
    }
    let login = |person: &&PersonId| {
        let account = access.people.get(*person).filter(|one| access.still_speaks(&one.id, now))?.accounts.forge()?;
        Some(format!(" @{}", account.login))
    };
    let mut text = HEAD.to_owned();
    // of several lines that match a path the last counts: a folder within another comes after it
    for (path, people) in lines {
        let logins: BTreeSet<String> = people.iter().filter_map(login).collect();
        if !logins.is_empty() {
            text.push_str(&format!("{path}{}\n", logins.into_iter().collect::<String>()));
        }
    }
    text
}

/// Whom rules about access ask in one domain.
fn of_domain<'a>(access: &'a Access, domain: &str) -> BTreeSet<&'a PersonId> {
    let asked = access.quorums().into_iter().filter(|quorum| {
        let here = match quorum.scope {
            Scope::All | Scope::Sponsor(_) => !quorum.rule.from.contains(&Approvers::DomainOwners),
            Scope::Domain(one) => one.id.as_str() == domain,
        };
        here && quorum.rule.change == ChangeClass::Access
    });
    asked.flat_map(|quorum| quorum.people).collect()
}

pub(super) fn judge(found: &mut Found<'_>, now: Timestamp) {
    let revision = found.revision;
    let wanted = text(&revision.access, now);
    let stands = revision.source(PATH).map(|source| source.as_str().replace("\r\n", "\n"));
    let message = match stands {
        Some(stands) if stands == wanted => return,
        Some(_) => format!("`{PATH}` doesn't name those whom the approval rules ask"),
        None => format!("there is no `{PATH}`, so GitHub asks nobody about a change"),
    };
    found.at(
        &CODEOWNERS_STALE,
        Place::whole_file(PATH),
        message,
        "run `dualkey doctor --fix`, and commit what it writes",
    );
}
