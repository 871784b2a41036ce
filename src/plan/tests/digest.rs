//! Same meaning, same digest; other meaning, other digest.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::classes::{FILES, company};
use crate::access::Revision;
use crate::plan::{Digest, digest};

/// Edits that mean something, each on a place of its own: file, what stands there, what shall.
const EDITS: &[(&str, &str, &str)] = &[
    // of a grant, and of what it reaches
    ("grants/g.yaml", "to: [alice, tom]", "to: [alice, tom, omar]"),
    ("grants/g.yaml", "resources: [api, web]", "resources: [api]"),
    ("grants/g.yaml", "from: 2026-11-02", "from: 2026-11-03"),
    ("grants/g.yaml", "until: 2027-01-15", "until: 2027-01-14"),
    ("roles/writer.yaml", "repository: push", "repository: maintain"),
    ("domains/payments.yaml", "northwind/api", "northwind/other"),
    ("people/alice.yaml", "id: 4", "id: 44"),
    ("people/alice.yaml", "ended: 2027-01-20", "ended: 2027-01-02"),
    // of who judges
    ("people/alice.yaml", "sponsor: priya", "sponsor: omar"),
    ("vendors/globex.yaml", "sponsor: priya", "sponsor: omar"),
    ("people/priya.yaml", "KEY1", "KEY6"),
    ("people/omar.yaml", "id: 2", "id: 22"),
    ("people/carl.yaml", "ended: 2026-11-01\n", ""),
    ("people/tom.yaml", "KEY3]\n", "KEY3]\nended: 2026-11-20\n"),
    ("groups/leads.yaml", "priya, omar", "priya, tom, omar"),
    ("groups/inner.yaml", "[omar]", "[omar, alice]"),
    ("domains/ledger.yaml", "owners: [omar]", "owners: [omar, tom]"),
    ("policies/p.yaml", "access, count: 1", "access, count: 2"),
    ("policies/p.yaml", "removal, count: 1, from: [domain-owners, sponsors]", "removal, count: 1, from: sponsors"),
    ("policies/p.yaml", "{ change: bridge,", "{ change: bridge, risk: elevated,"),
    ("policies/p.yaml", "  - { change: identity, count: 1, from: \"group:leads\" }\n", ""),
    // of what is managed
    ("dualkey.yaml", "organization: northwind", "organization: southwind"),
    ("dualkey.yaml", "  github: { type", "  hub: { type"),
];

/// Edits that mean nothing for what an approval binds.
const WORDS: &[(&str, &str, &str)] = &[
    ("grants/g.yaml", "reason: x", "reason: another\nticket: PAY-1"),
    ("people/alice.yaml", "name: A", "name: Alice"),
    ("people/alice.yaml", "login: alice", "login: other"),
    ("roles/writer.yaml", "title: W", "title: Writes"),
    ("domains/ledger.yaml", "title: L", "title: Ledger"),
    ("people/tom.yaml", "name: T", "name: Tom # the one and only"),
];

fn edited<'a>(edits: impl IntoIterator<Item = &'a (&'a str, &'a str, &'a str)>) -> Revision {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for (path, from, to) in edits {
        let original = || FILES.iter().find(|(known, _)| known == path).unwrap().1.to_owned();
        let text = files.entry(path).or_insert_with(original);
        assert!(text.contains(from), "{from} is not in {path}");
        *text = text.replacen(from, to, 1);
    }
    company(&files.into_iter().collect::<Vec<_>>())
}

fn subset() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..EDITS.len(), 0..4)
}

#[test]
fn no_two_edits_have_one_digest() {
    let base = company(&[]);
    let mut found: BTreeMap<Digest, &str> = BTreeMap::from([(digest(&base, &base), "nothing")]);
    for edit in EDITS {
        let other = found.insert(digest(&base, &edited([edit])), edit.2);
        assert_eq!(other, None, "{edit:?}");
    }
    let nothing = digest(&base, &base);
    for edit in WORDS {
        assert_eq!(digest(&base, &edited([edit])), nothing, "{edit:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whoever_means_something_else_has_another_digest(
        one in subset(),
        other in subset(),
        words in proptest::collection::btree_set(0..WORDS.len(), 0..3),
    ) {
        let base = company(&[]);
        let of = |edits: &BTreeSet<usize>, words: &BTreeSet<usize>| {
            let words = words.iter().map(|at| &WORDS[*at]);
            digest(&base, &edited(edits.iter().map(|at| &EDITS[*at]).chain(words)))
        };
        prop_assert_eq!(of(&one, &words), of(&one, &BTreeSet::new()), "words mean nothing");
        prop_assert_eq!(one == other, of(&one, &words) == of(&other, &BTreeSet::new()));
    }
}
