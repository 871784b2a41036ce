//! How few people a rule may be left with before the plan says so, and whose word lingers then.

use super::classes::{FILES, company};
use crate::plan::{ShortRule, plan};

/// A company whose policies ask so many of a group of so many, for whatever changes.
fn asking(count: u32, people: usize, ended: &[usize]) -> crate::access::Revision {
    let names: Vec<String> = (0..people).map(|number| format!("p{number}")).collect();
    let rules: Vec<String> = ["access", "removal", "bridge", "identity", "policy"]
        .iter()
        .map(|class| format!("  - {{ change: {class}, count: {count}, from: \"group:quorum\" }}\n"))
        .collect();
    let mut files: Vec<(String, String)> = vec![
        ("policies/p.yaml".to_owned(), format!("approvals:\n{}", rules.concat())),
        ("groups/quorum.yaml".to_owned(), format!("members: [{}]\n", names.join(", "))),
    ];
    for (number, name) in names.iter().enumerate() {
        let end = if ended.contains(&number) { "ended: 2026-11-20\n" } else { "" };
        let account = 100 + number;
        files.push((
            format!("people/{name}.yaml"),
            format!(
                "name: P\ntype: employee\naccounts:\n  github: {{ login: {name}, id: {account} }}\n{end}keys: [\"{}\"]\n",
                key(number)
            ),
        ));
    }
    let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let revision = company(&files);
    assert!(!revision.is_misread(), "{:?}", revision.reading);
    revision
}

fn texts(of: &crate::access::Revision) -> std::collections::BTreeMap<String, String> {
    let text = |path: &str| String::from_utf8(of.files.bytes(path).unwrap().to_vec()).unwrap();
    of.files.iter().map(|file| (file.path().to_owned(), text(file.path()))).collect()
}

fn key(number: usize) -> String {
    let byte = u8::try_from(100 + number).unwrap();
    let data = ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([byte; 32]));
    ssh_key::PublicKey::from(data).to_openssh().unwrap()
}

#[test]
fn a_rule_that_comes_close_is_named_for_every_count() {
    assert!(FILES.iter().any(|(path, _)| *path == "policies/p.yaml"));
    for (count, people, leave, said) in [
        // one approval: two people stay enough, since an author approves nothing of their own
        (1, 4, 1, None),
        (1, 3, 1, None),
        (1, 3, 2, Some(1)),
        (1, 2, 1, Some(1)),
        (1, 2, 2, Some(0)),
        (2, 4, 1, None),
        (2, 4, 2, Some(2)),
        (2, 3, 1, Some(2)),
        (2, 4, 3, Some(1)),
        (3, 5, 1, None),
        (3, 5, 2, Some(3)),
        (3, 4, 1, Some(3)),
        (3, 4, 2, Some(2)),
    ] {
        let ended: Vec<usize> = (0..leave).collect();
        let (base, head) = (asking(count, people, &[]), asking(count, people, &ended));
        let found = plan(&base, &head, super::now());
        let row = format!("{leave} of {people} leave, and {count} are asked for");
        let expected = said.map(|able| {
            let rule = |class: &str| ShortRule { rule: format!("{class}-1"), able, count };
            ["access", "removal", "bridge", "identity", "policy"].map(rule)
        });
        assert_eq!(found.short, expected.into_iter().flatten().collect::<Vec<_>>(), "{row}");
        // whoever left keeps the rest of a word as long as the rule is so short, and no longer
        let after = plan(&head, &head, super::now());
        for number in 0..people {
            let person = crate::access::PersonId::parse(&format!("p{number}")).unwrap();
            assert_eq!(after.lingers(&person), said.is_some() && number < leave, "{row}: {person}");
        }
    }
}

#[test]
fn who_is_asked_for_beyond_the_rules_approves_such_changes() {
    // the owners of domains approve no policy, and are asked for one where the group may not have enough
    for (count, people, owners) in [(1, 3, false), (1, 2, true), (2, 4, false), (2, 3, true)] {
        let base = asking(count, people, &[]);
        let mut files = texts(&base);
        files.get_mut("policies/p.yaml").unwrap().push_str("approvals_last: 10 days\n");
        let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
        let head = company(&files);
        let found = plan(&base, &head, super::now());
        assert!(found.reserve().contains("p0"), "{count} of {people}");
        assert_eq!(found.reserve().contains("omar"), owners, "{count} of {people}");
        assert!(!found.reserve().contains("tom"), "{count} of {people}");
    }
}
