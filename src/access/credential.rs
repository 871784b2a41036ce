//! What a credential looks like, so that none stays in a file of the access repository.

use crate::finding::{Code, Rule, Severity};

/// A setting that opens a system.
pub const CREDENTIAL_IN_SETTINGS: Rule = Rule {
    code: Code {
        id: "credential-in-settings",
        title: "a setting of a target looks like a credential",
        why: "Whoever can read the access repository, now or in its history, could write to the target with it. So \
              settings only say which system a target is; what opens it comes from the environment of the run.",
        example: "targets:\n  shop: { type: postgres, host: \"writer:secret@db.northwind.example\", system: \"7713\" }",
        instead: "Take the credential back where it was made, and give a new one by the environment. `dualkey targets` \
                  names the variables, for the reader and for the writer.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Beginnings of words that are credentials of systems in common use, with the least length of the whole.
const BEGINNINGS: [(&str, usize); 16] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 35),
    ("ya29.", 20),
    ("eyJ", 40),
    ("xox", 20),
    ("hvs.", 20),
    ("PRIVATE+KEY+", 20),
    ("AGE-SECRET-KEY-", 20),
];

/// True for a text that opens a system, or holds something that does.
pub(super) fn is_one(text: &str) -> bool {
    let is_private_key = text.contains("PRIVATE KEY-----");
    let has_password = text.split_once("://").is_some_and(|(_, rest)| has_password(rest)) || has_password(text);
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+')));
    is_private_key
        || has_password
        || words.any(|word| BEGINNINGS.iter().any(|(begin, least)| word.starts_with(begin) && word.len() >= *least))
}

/// True where a host comes after a name and a password: `user:password@host`.
fn has_password(text: &str) -> bool {
    let before = text.split('/').next().unwrap_or_default().rsplit_once('@').map(|(before, _)| before);
    before.and_then(|before| before.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_system_is_told_from_what_names_it() {
        for credential in [
            "ghp_0123456789abcdefghij",
            "token github_pat_0123456789",
            "AKIAIOSFODNN7EXAMPLE",
            "https://writer:secret@db.northwind.example/shop",
            "writer:secret@db.northwind.example",
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAw",
            "PRIVATE+KEY+northwind-access+70e2a96f+AQ",
        ] {
            assert!(is_one(credential), "{credential}");
        }
        for name in [
            "northwind",
            "arn:aws:sso:::instance/ssoins-7223",
            "https://ghe.northwind.example/api/v3",
            "d-9067",
            "db.northwind.example",
            "fd00::1",
            "/var/run/postgresql",
            "-----BEGIN CERTIFICATE-----\nMC4CAQAw",
            "deployer@northwind-prod.iam.gserviceaccount.com",
        ] {
            assert!(!is_one(name), "{name}");
        }
    }
}
