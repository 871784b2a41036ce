use std::borrow::Cow;
use std::collections::hash_map::Entry;

use foldhash::{HashMap, HashMapExt as _};

use crate::access::reading::Step;
use crate::access::{Person, TargetType};
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "shared-account",
        title: "two people share one account",
        why: "Everything is judged per person: with one account under two names a person could hold both halves \
              of a duty, or approve their own change.",
        example: "# people/alice.yaml\naccounts: { aws: ops@example.com }\n# people/bob.yaml\n\
                  accounts: { aws: OPS@example.com }",
        instead: "Give each person an account of their own, or merge the two files if they are one person.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut first: HashMap<(TargetType, Part, Cow<'_, str>), &Person> = HashMap::new();
    for person in survey.access.people.values() {
        for (target, account) in person.accounts.iter() {
            let mut same_identity: Option<&Person> = None;
            let identity = if account.caseless { lower(&account.principal) } else { Cow::from(&account.principal) };
            let login = account.numbered.as_ref().map(|numbered| (Part::Login, lower(&numbered.login)));
            for (part, text) in [(Part::Identity, identity)].into_iter().chain(login) {
                let (other, text) = match first.entry((target, part, text)) {
                    Entry::Vacant(free) => {
                        free.insert(person);
                        continue;
                    }
                    Entry::Occupied(taken) => (*taken.get(), taken.key().2.clone()),
                };
                // a shared number says it all
                if part == Part::Login && same_identity.is_some_and(|same| same.id == other.id) {
                    continue;
                }
                let number = part == Part::Identity && account.numbered.is_some();
                same_identity = same_identity.or(Some(other).filter(|_| part == Part::Identity));
                let what = if number { "account number" } else { "account" };
                findings.push(
                    Finding::new(
                        &RULE,
                        place(person, target),
                        format!("`{}` and `{}` share the {target} {what} `{text}`", other.id, person.id),
                        "correct the account of one of them, or keep one file if they are one person",
                    )
                    .related(place(other, target), format!("the account of `{}`", other.id)),
                );
            }
        }
    }
    shared_emails(survey, findings);
}

/// By what an account is found to be another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Identity,
    /// Logins are the same to their systems whatever the case of their letters.
    Login,
}

/// An address is how git names the author of a commit: one that two people have names neither.
fn shared_emails(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut first: HashMap<String, (&Person, usize)> = HashMap::new();
    for person in survey.access.people.values() {
        for (index, email) in person.emails.iter().enumerate() {
            let (other, at) = *first.entry(email.to_lowercase()).or_insert((person, index));
            if other.id == person.id {
                continue;
            }
            let place = |person: &Person, index| person.place(&[Step::Key("emails"), Step::Index(index)]);
            findings.push(
                Finding::new(
                    &RULE,
                    place(person, index),
                    format!("`{}` and `{}` share the e-mail address `{email}`", other.id, person.id),
                    "leave the address to the one whose commits carry it",
                )
                .related(place(other, at), format!("the address of `{}`", other.id)),
            );
        }
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn place(person: &Person, target: TargetType) -> Place {
    person.place(&[Step::Key("accounts"), Step::Key(target.as_str())])
}
