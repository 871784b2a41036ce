use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::access::{Entitlement, PersonId};
use crate::lint::testing::{KINDS, snapshot};

/// Other texts of files of the small organisation, or of further ones. An empty text takes a file away.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "dualkey.yaml",
        &[
            "version: 1\norganization: northwind\ntimezone: Asia/Tokyo\ntargets:\n  github: { type: sandbox, as: github }\n  \
           aws: { type: sandbox, as: aws }\napproval: { evidence: signatures, branch: main }\n\
           audit: { ref: refs/dualkey/audit, key: \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }\n",
        ],
    ),
    (
        "people/alice.nguyen.yaml",
        &[
            "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
             engagement: { from: 2026-11-01, until: 2026-12-15 }\n\
             accounts: { github: { login: alice-nw, id: 4 }, aws: alice }\n",
            "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
             engagement: { from: 2026-11-01, until: 2027-01-31 }\naccounts: { github: { login: alice-nw, id: 44 } }\n",
            "",
        ],
    ),
    (
        "vendors/globex.yaml",
        &[
            "name: Globex Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2026-12-31 }\n",
            "name: Globex Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2027-03-31 }\nended: 2026-11-30\n",
        ],
    ),
    ("groups/devs.yaml", &["members: [alice.nguyen]\n", "members: [robot, \"group:more\"]\n"]),
    ("groups/more.yaml", &["members: [alice.nguyen, lea.moreau]\n", "members: []\n"]),
    (
        "grants/devs.yaml",
        &[
            "to: [\"group:devs\"]\nrole: developer\ndomain: ledger\nfrom: 2026-11-24\nuntil: 2027-01-31\nreason: x\n",
            "to: [\"group:devs\", lea.moreau]\nrole: deployer\ndomain: production\nreason: x\n",
        ],
    ),
    (
        "grants/alice.yaml",
        &[
            "to: [alice.nguyen]\nrole: developer\ndomain: payments\nresources: [api]\nuntil: 2027-01-31\nreason: x\n",
            "to: [alice.nguyen]\nrole: developer\ndomain: payments\nfrom: 2027-02-24\nuntil: 2027-01-31\nreason: x\n",
            "to: [alice.nguyen\n",
            "",
        ],
    ),
    ("bridges/alice.yaml", &["home: payments\ninto: ledger\nfor: [alice.nguyen]\nuntil: 2026-12-24\nreason: x\n"]),
    (
        "roles/developer.yaml",
        &["title: Developer\nduties: [develop]\nrisk: elevated\nentitlements:\n  repository: maintain\n", ""],
    ),
    (
        "domains/payments.yaml",
        &["title: Payments\nenvironment: staging\nowners: [omar.diaz]\nresources:\n  \
           api: { repository: northwind/renamed }\n  account: { account: \"111122223333\" }\n"],
    ),
    ("policies/main.yaml", &["approvals:\n  - { change: access, count: 1, from: sponsors }\n"]),
];

/// Of each file which text it has, 0 for the one of the small organisation.
fn choices() -> impl Strategy<Value = Vec<usize>> {
    OTHERS.iter().map(|(_, texts)| prop_oneof![2 => Just(0), 1 => 0..=texts.len()]).collect::<Vec<_>>()
}

fn files(choices: &[usize]) -> Snapshot {
    let chosen = OTHERS.iter().zip(choices).filter(|(_, choice)| **choice > 0);
    let changes: Vec<(&str, &str)> = chosen.map(|((path, texts), choice)| (*path, texts[choice - 1])).collect();
    snapshot(&changes)
}

/// All that a revision says.
fn told(revision: &Result<Revision, LoadError>) -> String {
    match revision {
        Ok(Revision { files, access, entitlements, reading }) => {
            let files: Vec<_> = files.iter().map(|file| (file, file.said.source.as_str())).collect();
            let holdings: Vec<_> = entitlements.holdings().collect();
            let entitlements: Vec<_> = entitlements.iter().collect();
            format!("{files:#?}\n{access:#?}\n{holdings:#?}\n{entitlements:#?}\n{reading:#?}")
        }
        Err(error) => format!("{error:#?}"),
    }
}

fn differing(before: &Revision, after: &Revision) -> BTreeSet<PersonId> {
    let all = [&before.entitlements, &after.entitlements].map(|all| all.iter().collect::<Vec<_>>());
    let of = |side: &[&Entitlement], person: &PersonId| {
        let own: Vec<_> = side.iter().filter(|one| one.key.person == *person).collect();
        format!("{own:?}")
    };
    let people: BTreeSet<PersonId> = all.iter().flatten().map(|one| one.key.person.clone()).collect();
    people.into_iter().filter(|person| of(&all[0], person) != of(&all[1], person)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_over_is_what_would_be_read(history in prop::collection::vec(choices(), 2..6)) {
        let mut last = LastRead::default();
        let mut before: Option<Revision> = None;
        for choices in history {
            let files = files(&choices);
            let shared = Revision::load(&files, KINDS, &mut last);
            let alone = Revision::load(&files, KINDS, &mut LastRead::default());
            prop_assert_eq!(told(&shared), told(&alone));
            let Ok(shared) = shared else { continue };
            if let Some(before) = &before {
                let pairs = before.entitlements.differing(&shared.entitlements);
                let looked_at: BTreeSet<PersonId> =
                    pairs.flatten().flatten().map(|one| one.key.person.clone()).collect();
                let differ = differing(before, &shared);
                prop_assert!(differ.is_subset(&looked_at), "{:?} of {:?}", looked_at, differ);
            }
            before = Some(shared);
        }
    }
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let mut last = LastRead::default();
    let choice = |path: &str| OTHERS.iter().map(|(known, _)| usize::from(*known == path)).collect::<Vec<_>>();
    let mut load = |choices: &[usize]| Revision::load(&files(choices), KINDS, &mut last).unwrap();
    let first = load(&choice(""));
    let second = load(&choice("grants/alice.yaml"));
    let read_again = |a: &Revision, b: &Revision| -> Vec<String> {
        let both = a.files.iter().zip(b.files.iter());
        let others = both.filter(|(a, b)| !std::sync::Arc::ptr_eq(&a.said, &b.said));
        others.map(|(file, _)| file.path().to_owned()).collect()
    };
    assert_eq!(read_again(&first, &second), ["grants/alice.yaml"]);
    let differing: BTreeSet<&PersonId> =
        (first.entitlements.differing(&second.entitlements).flatten().flatten()).map(|one| &one.key.person).collect();
    assert_eq!(differing.iter().map(|person| person.as_str()).collect::<Vec<_>>(), ["alice.nguyen"]);
    // other settings give everything another meaning
    let third = load(&choice("dualkey.yaml"));
    assert_eq!(read_again(&first, &third).len(), first.files.len());
}
