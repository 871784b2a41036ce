use std::borrow::Cow;
use std::collections::hash_map::Entry;

use foldhash::{HashMap, HashMapExt as _};

use crate::access::Person;
use crate::access::reading::Step;
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
    let mut first: HashMap<(&str, Cow<'_, str>), &Person> = HashMap::new();
    for person in survey.access.people.values() {
        let github = person.accounts.github.as_ref();
        // logins, user names and addresses are the same to their systems whatever the case of their letters
        let accounts = [
            ("github", "id", github.map(|account| Cow::Owned(account.id.to_string()))),
            ("github", "login", github.map(|account| lower(&account.login))),
            ("aws", "", person.accounts.aws.as_deref().map(lower)),
            ("gcp", "", person.accounts.gcp.as_deref().map(lower)),
        ];
        let mut same_number: Option<&Person> = None;
        for (target, part, account) in accounts {
            let Some(account) = account else { continue };
            let label = if part == "id" { "github account number" } else { target };
            match first.entry((label, account)) {
                Entry::Vacant(free) => {
                    free.insert(person);
                }
                // a shared number says it all
                Entry::Occupied(taken)
                    if part == "login" && same_number.is_some_and(|same| same.id == taken.get().id) => {}
                Entry::Occupied(taken) => {
                    let (other, (_, account)) = (*taken.get(), taken.key());
                    if part == "id" {
                        same_number = Some(other);
                    }
                    let what = if part == "id" { label.to_owned() } else { format!("{label} account") };
                    findings.push(
                        Finding::new(
                            &RULE,
                            place(person, target),
                            format!("`{}` and `{}` share the {what} `{account}`", other.id, person.id),
                            "correct the account of one of them, or keep one file if they are one person",
                        )
                        .related(place(other, target), format!("the account of `{}`", other.id)),
                    );
                }
            }
        }
    }
    shared_emails(survey, findings);
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

fn place(person: &Person, target: &str) -> Place {
    person.place(&[Step::Key("accounts"), Step::Key(target)])
}
