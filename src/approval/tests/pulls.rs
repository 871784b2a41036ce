//! A second source of testimony: what a forge says of pull requests, gathered before the walk. Neither the walk nor the
//! decision knows which source it hears.

use super::*;
use crate::approval::testimony::{Anchor, Branch, Question, RecordedWords, Registered, Source, Venue, of_commits};
use crate::approval::{Chain, Recorded, Verdict, Verifier};
use crate::repository::{Repository, RepositoryError};

/// Pull requests by their heads.
#[derive(Debug)]
struct Pulls<'a> {
    repository: &'a Repository,
    /// Where all of them started.
    base: Oid,
    by_head: BTreeMap<Oid, Pull>,
}

impl Source for Pulls<'_> {
    fn testimony(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        _: &Trees,
    ) -> Result<Testimony, RepositoryError> {
        let made = of_commits(self.repository, registered, question.onto, question.head)?;
        let commits: Vec<CommitMakers> = made.into_iter().map(|(made, _)| made).collect();
        let asked = Asked { landed: question.landed, head: question.head, commits: &commits };
        Ok(source::testimony(self.by_head.get(&question.head), asked, registered.registry))
    }

    fn heads(&self) -> Vec<Oid> {
        self.by_head.keys().copied().collect()
    }

    fn is_spoken_of(&self, head: Oid) -> bool {
        self.by_head.contains_key(&head)
    }

    fn claimed_bases(&self, _: Oid) -> BTreeSet<Oid> {
        BTreeSet::from([self.base])
    }

    fn stale(&self, _: Oid, _: Oid) -> Result<Vec<(PersonId, Oid)>, RepositoryError> {
        Ok(Vec::new())
    }

    fn objections(&self, _: &Venue<'_>, _: &Registered<'_>) -> Result<BTreeSet<(Oid, Signed)>, RepositoryError> {
        Ok(BTreeSet::new())
    }

    fn is_approved(&self, _: Anchor<'_>, _: Branch<'_>, head: Oid, _: &Access) -> bool {
        let mut reviews = self.by_head.get(&head).into_iter().flat_map(|pull| &pull.reviews);
        reviews.any(|review| review.verdict == ReviewVerdict::Approved)
    }

    fn last_word(
        &self,
        _: &Venue<'_>,
        _: Oid,
        _: &PersonId,
        _: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError> {
        Ok(None)
    }

    fn hear(&mut self, _: &[Signed]) {}

    fn of_record<'s>(&'s self, record: &RecordedWords<'_>) -> Box<dyn Source + 's> {
        let known = self.by_head.get(&record.head).map(|pull| (record.head, pull.clone()));
        Box::new(Pulls { repository: self.repository, base: self.base, by_head: known.into_iter().collect() })
    }
}

/// Tom's pull request lets Zoe in, and is merged. What comes of it where these people reviewed it.
fn landed(reviewers: &[&str], spoil: impl FnOnce(&mut Pull)) -> (Chain, Oid) {
    let folder = Folder::new();
    let text = files(SIGNATURES, &[]);
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
        reviews_total: reviewers.len(),
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
    let source = Pulls { repository: &repository, base: genesis, by_head: BTreeMap::from([(head, pull)]) };
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
    assert!(refused(&["ann", "ben"], |pull| pull.reviews_total = 3).contains(&"evidence-incomplete"));
    assert!(refused(&["ann", "ben"], |pull| pull.head_repository = 1).contains(&"fork-pr-forbidden"));
}
