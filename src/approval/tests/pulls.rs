//! A second source of testimony: what a forge says of pull requests, gathered before the walk. Neither the walk nor the
//! decision knows which source it hears.

use std::rc::Rc;

use super::*;
use crate::approval::{Chain, Recorded, Signatures, Sources, Verdict, Verifier, pull as told};

/// Tom's pull request lets Zoe in, and is merged. What comes of it where these people reviewed it.
fn landed(reviewers: &[&str], spoil: impl FnOnce(&mut Pull)) -> (Chain, Oid) {
    let folder = Folder::new();
    let text = files(GITHUB, &[]);
    let text: Vec<(&str, &str)> = text.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let genesis = folder.commit(&text);
    folder.git(&["switch", "--quiet", "--create", "zoe"]);
    let head = folder.commit(&[ZOE]);
    folder.git(&["switch", "--quiet", "-"]);
    folder.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "zoe"]);
    let landed = folder.oid("HEAD");
    let review = |id: &&str| Review {
        by: forge::account(id),
        verdict: ReviewVerdict::Approved,
        of: Some(head),
        at: forge::at(20),
    };
    let mut pull = Pull {
        reviews: reviewers.iter().map(review).collect(),
        head,
        onto: Some(genesis),
        movements: vec![forge::moved("tom", Moved::Head(head), 10)],
        ..forge::reviewed().pull.unwrap()
    };
    spoil(&mut pull);
    let repository = folder.open();
    let recorded = Recorded {
        genesis,
        anchor: format!("{genesis}:00000000"),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: Vec::new(),
    };
    let told = told::Told { landed: BTreeMap::from([(landed, pull)]), ..told::Told::default() };
    let source = Sources::new(&repository, Signatures::of_records(&repository), Rc::new(told));
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, now());
    (verifier.chain(landed).unwrap(), landed)
}

#[test]
fn a_landing_is_decided_by_what_a_forge_says_as_by_what_people_sign() {
    // an author whom nobody knows asks for one more
    let (chain, tip) = landed(&["ann", "ben"], |_| {});
    let [landing] = &chain.landings[..] else { panic!("{chain:#?}") };
    assert_eq!((landing.verdict, chain.last), (Verdict::Approved, tip), "{landing:#?}");
    assert_eq!(landing.approvals.len(), 2);
    // whoever pushed is its maker, though no commit is signed
    assert!(landing.authors.contains(&Maker::Person(person("tom"))), "{:?}", landing.authors);
    let refused = |reviewers: &[&str], spoil: fn(&mut Pull)| -> Vec<&'static str> {
        let (chain, tip) = landed(reviewers, spoil);
        assert!(chain.last != tip);
        chain.landings[0].refusals.iter().map(|refusal| refusal.code.id).collect()
    };
    assert!(refused(&[], |_| {}).contains(&"no-approval"));
    assert!(refused(&["tom"], |_| {}).iter().any(|code| code.starts_with("approver-")));
    assert!(refused(&["ann", "ben"], |pull| pull.missing.push("x".to_owned())).contains(&"evidence-incomplete"));
    assert!(refused(&["ann", "ben"], |pull| pull.head_repository = Some(1)).contains(&"fork-pr-forbidden"));
}
