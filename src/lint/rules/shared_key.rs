use std::collections::BTreeMap;

use crate::access::Person;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use ssh_key::public::KeyData;

pub const RULE: Rule = Rule {
    code: Code {
        id: "shared-key",
        title: "two people share one key",
        why: "A key says who signed a commit or an approval. With a key that two people hold, one could approve \
              what they wrote themselves.",
        example: "# people/alice.yaml and people/bob.yaml\nkeys: [ \"ssh-ed25519 AAAAC3… team\" ]",
        instead: "Let each person make a key of their own, and remove the shared one from both files.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<&KeyData, (&Person, usize)> = BTreeMap::new();
    for person in survey.access.people.values() {
        for (index, key) in person.keys.iter().enumerate() {
            let Some(public) = &key.public else { continue };
            let (other, at) = *first.entry(public).or_insert((person, index));
            if other.id == person.id {
                continue;
            }
            findings.push(
                Finding::new(
                    &RULE,
                    person.place(&[Step::Key("keys"), Step::Index(index)]),
                    format!("`{}` and `{}` share a key", other.id, person.id),
                    "make a key for each: `ssh-keygen -t ed25519`",
                )
                .related(
                    other.place(&[Step::Key("keys"), Step::Index(at)]),
                    format!("the same key, of `{}`", other.id),
                ),
            );
        }
    }
}
