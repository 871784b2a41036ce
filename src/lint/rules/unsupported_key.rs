use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "unsupported-key",
        title: "a key can't be used to verify signatures",
        why: "Signatures by this key are never accepted, so that its owner can't approve, and it would only show \
              when an approval is needed.",
        example: "keys: [ \"ssh-rsa AAAAB3… alice\" ]",
        instead: "Make an ed25519 key (`ssh-keygen -t ed25519`), or use one of a security key (`ed25519-sk`), and \
              paste the line of its `.pub` file.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for person in survey.access.people.values() {
        for (index, key) in person.keys.iter().enumerate().filter(|(_, key)| key.public.is_none()) {
            let message = match key.text.split_whitespace().next() {
                Some("ssh-rsa") => format!("a key of `{}` is an RSA key", person.id),
                Some("ssh-dss") => format!("a key of `{}` is a DSA key", person.id),
                Some(_) | None => format!("a key of `{}` can't be read", person.id),
            };
            findings.push(Finding::new(
                &RULE,
                person.place(&[Step::Key("keys"), Step::Index(index)]),
                message,
                "make one with `ssh-keygen -t ed25519` and paste the line of its `.pub` file",
            ));
        }
    }
}
