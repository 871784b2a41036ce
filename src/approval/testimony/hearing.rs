//! What of everything that is signed counts as somebody's word on a head.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ssh_key::public::KeyData;

use super::opinion::{Opinion, Says};
use super::registered::Registered;
use super::source::{Question, Venue};
use super::statement::{self, Expected, Found, Signed};
use super::statements::Signatures;
use crate::access::PersonId;
use crate::finding::Refusal;
use crate::repository::{Oid, RepositoryError};

/// What people say of a head.
pub(super) struct Heard {
    pub opinions: Vec<Opinion>,
    /// Each of them as it was signed.
    pub statements: Vec<Signed>,
    pub superseded: BTreeMap<PersonId, Oid>,
    pub ignored: Vec<Refusal>,
}

/// What a person really said of a head, by a key that is theirs or was.
struct Word<'f> {
    opinion: Opinion,
    found: &'f Found,
    key: KeyData,
    /// True where the key is the person's at the last verified landing.
    stands: bool,
}

impl Word<'_> {
    fn is_against(&self) -> bool {
        self.opinion.says != Says::Approve
    }

    /// True where the same person took an earlier word back by it: by a key that stands, or by the same key, which went since.
    fn answers(&self, earlier: &Word<'_>) -> bool {
        self.opinion.person == earlier.opinion.person && (self.stands || self.key == earlier.key)
    }

    /// True where an earlier word by a key that went was replaced before the key did.
    fn silences(&self, earlier: &Word<'_>) -> bool {
        !earlier.stands && self.key == earlier.key && self.answers(earlier) && self.opinion.replaces(&earlier.opinion)
    }
}

impl Signatures<'_> {
    /// Everything that people said of a head, where another one is asked about.
    fn said(
        &self,
        asked: &Venue<'_>,
        (question, head): (Oid, Oid),
        registered: &Registered<'_>,
    ) -> Result<Vec<Word<'_>>, RepositoryError> {
        let mut words = Vec::new();
        for found in self.words(question).get(&head).into_iter().flatten() {
            let Some((opinion, key)) = statement::said(found, asked.anchor, asked.branch) else { continue };
            let stands = registered.holds(&found.person, &key);
            if stands || registered.held(&found.person, &key, head)? {
                words.push(Word { opinion, found, key, stands });
            }
        }
        Ok(words)
    }

    /// What a person said last of a head, where another one is asked about.
    pub(super) fn last_said(
        &self,
        asked: &Venue<'_>,
        heads: (Oid, Oid),
        person: &PersonId,
        registered: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError> {
        let mut words = self.said(asked, heads, registered)?;
        words.retain(|word| word.opinion.person == *person);
        let counts = |word: &&Word<'_>| word.stands || word.is_against() && !words.iter().any(|one| one.silences(word));
        let mut counting = words.iter().filter(counts).map(|word| &word.opinion);
        let first = counting.next();
        Ok(first.map(|first| counting.fold(first, |last, one| if one.replaces(last) { one } else { last }).clone()))
    }

    /// True where a statement speaks against a head: against its own, or against one that it stands on and that the same
    /// person had approved. `approved` are all heads that refs say this person approved.
    ///
    /// INVARIANT: what costs the same for every statement is looked at first. Of statements that nobody signed who may speak
    /// here there can be any number, each on a long history.
    pub(super) fn is_against(
        &self,
        found: &Found,
        approved: &BTreeSet<Oid>,
        asked: &Venue<'_>,
        registered: &Registered<'_>,
    ) -> Result<bool, RepositoryError> {
        let approves = found.says == Says::Approve;
        let mut others = approved.iter().filter(|head| **head != found.head);
        if approves && (others.clone().next().is_none() || !self.open_heads(asked.tip)?.contains(&found.head)) {
            return Ok(false);
        }
        let Some((_, key)) = statement::said(found, asked.anchor, asked.branch) else { return Ok(false) };
        if !registered.held(&found.person, &key, found.head)? {
            return Ok(false);
        }
        if !approves {
            return Ok(true);
        }
        let Some(base) = statement::claimed_base(found) else { return Ok(false) };
        let between = self.between(base, found.head)?;
        Ok(others.any(|other| between.contains(other)))
    }

    /// Whom refs say to have approved heads, and which.
    pub(super) fn approvers(&self) -> BTreeMap<&PersonId, BTreeSet<Oid>> {
        let mut approvers = BTreeMap::<&PersonId, BTreeSet<Oid>>::new();
        for found in self.found.values().flatten().filter(|found| found.says == Says::Approve) {
            approvers.entry(&found.person).or_default().insert(found.head);
        }
        approvers
    }

    /// The last opinion of each person on the head, and what was found but doesn't count as one.
    pub(super) fn opinions(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        base: Oid,
    ) -> Result<Heard, RepositoryError> {
        let (head, asked) = (question.head, Venue::of(question));
        let expected = Expected {
            anchor: question.anchor,
            branch: question.branch,
            base,
            head,
            head_tree: self.repository.tree_of(head)?,
            reviewed: question.reviewed,
        };
        let mut opinions: BTreeMap<PersonId, (Opinion, &Found)> = BTreeMap::new();
        let mut before: BTreeMap<PersonId, Opinion> = BTreeMap::new();
        let mut replaced = |earlier: Opinion| {
            if earlier.says != Says::Withdraw && before.get(&earlier.person).is_none_or(|known| earlier.replaces(known))
            {
                before.insert(earlier.person.clone(), earlier);
            }
        };
        let mut heard = |opinion: Opinion, found| match opinions.get(&opinion.person) {
            Some((held, _)) if !opinion.replaces(held) => Some(opinion),
            Some(_) | None => opinions.insert(opinion.person.clone(), (opinion, found)).map(|(held, _)| held),
        };
        // INVARIANT: what nobody signed who may speak here stops nothing. It is ignored, and told.
        let broken = self.broken.get(&head).filter(|_| self.record_of(head).is_none());
        let mut ignored = broken.cloned().unwrap_or_default();
        let said = self.said(&asked, (head, head), registered)?;
        for found in self.words(head).get(&head).into_iter().flatten() {
            let word = said.iter().find(|word| std::ptr::eq(word.found, found) && word.is_against());
            let earlier = match word {
                // what a person says against a head holds whatever it is compared with
                Some(word) if !said.iter().any(|one| one.silences(word)) => heard(word.opinion.clone(), found),
                Some(word) => Some(word.opinion.clone()),
                None => match statement::check(found, &expected, registered.registry) {
                    Ok(opinion) => heard(opinion, found),
                    Err(refusal) => {
                        ignored.push(refusal);
                        None
                    }
                },
            };
            earlier.into_iter().for_each(&mut replaced);
        }
        let below = self.repository.commits_between(question.base, head)?;
        for word in self.requests_below(registered, question, &below)? {
            heard(word.opinion, word.found).into_iter().for_each(&mut replaced);
        }
        for (person, (last, _)) in opinions.iter_mut().filter(|(_, (last, _))| last.says == Says::Withdraw) {
            last.took_back = before.get(person).map(|opinion| opinion.says);
        }
        let mut superseded = BTreeMap::new();
        for (opinion, _) in opinions.values().filter(|(opinion, _)| opinion.says == Says::Approve) {
            if let Some(newer) = self.newer(opinion, registered, question)? {
                superseded.insert(opinion.person.clone(), newer);
            }
        }
        let (opinions, statements) =
            opinions.into_values().map(|(opinion, found)| (opinion, found.signed.clone())).unzip();
        Ok(Heard { opinions, statements, superseded, ignored })
    }

    /// Requests for changes of commits that the head stands on: adding a commit doesn't answer them. The same person's
    /// approval of something on top does.
    fn requests_below(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        below: &[Oid],
    ) -> Result<Vec<Word<'_>>, RepositoryError> {
        let asked = Venue::of(question);
        let mut said = BTreeMap::new();
        for commit in below {
            let words = self.said(&asked, (question.head, *commit), registered)?;
            if !words.is_empty() {
                said.insert(*commit, words);
            }
        }
        let mut standing = Vec::new();
        for (commit, words) in said.iter().filter(|(commit, _)| **commit != question.head) {
            for request in words.iter().filter(|word| word.opinion.says == Says::RequestChanges) {
                // taken back, or answered where it was made
                let mut answered = words.iter().any(|later| {
                    later.opinion.says != Says::RequestChanges
                        && later.answers(request)
                        && later.opinion.replaces(&request.opinion)
                });
                for (on_top, words) in said.iter().filter(|(on_top, _)| *on_top != commit) {
                    let approves = |one: &Word<'_>| !one.is_against() && one.answers(request);
                    answered |= words.iter().any(approves) && self.repository.is_ancestor(*commit, *on_top)?;
                }
                if !answered {
                    let Word { opinion, found, key, stands } = request;
                    standing.push(Word { opinion: opinion.clone(), found, key: key.clone(), stands: *stands });
                }
            }
        }
        Ok(standing)
    }

    /// A descendant of the head that the same person approved, not before this one, and that has not landed. Only what the person signed
    /// counts: nobody else can end an approval. Who says that they started from a landing that holds the head, or from
    /// the one in question, which as a squash doesn't hold its head, has approved something on top of it, and nothing
    /// instead of it. `approve` names as start only what it has verified.
    fn newer(
        &self,
        approval: &Opinion,
        registered: &Registered<'_>,
        question: &Question<'_>,
    ) -> Result<Option<Oid>, RepositoryError> {
        let (head, person) = (question.head, &approval.person);
        for other in self.open_heads(question.tip)?.iter().filter(|other| **other != head) {
            let approvals = self.found.get(other).into_iter().flatten();
            for found in approvals.filter(|found| &found.person == person && found.says == Says::Approve) {
                let said = statement::said(found, question.anchor, question.branch);
                let (Some((opinion, key)), Some(base)) = (said, statement::claimed_base(found)) else { continue };
                if given_again(approval, &opinion) {
                    continue;
                }
                // who started from what holds the head says nothing about it
                if !registered.held(person, &key, *other)? || !self.between(base, *other)?.contains(&head) {
                    continue;
                }
                let after_landing = match question.landed {
                    Some(landed) => {
                        self.repository.is_ancestor(landed, base)? || self.is_later(&opinion, head, landed)?
                    }
                    None => false,
                };
                if !after_landing {
                    return Ok(Some(*other));
                }
            }
        }
        Ok(None)
    }

    /// True where an approval says that it was given after a landing that the log records and that doesn't hold its head.
    /// Nothing but the time tells there whether it was meant instead of the head, or on top of what had landed.
    fn is_later(&self, opinion: &Opinion, head: Oid, landed: Oid) -> Result<bool, RepositoryError> {
        let Some(record) = self.record_of(head) else { return Ok(false) };
        let later = opinion.at.parse::<Timestamp>().is_ok_and(|at| at > record.at);
        Ok(later && !self.repository.is_ancestor(head, landed)?)
    }
}

/// True where an approval was given after another one of the same person, as both say.
fn given_again(approval: &Opinion, other: &Opinion) -> bool {
    let at = |opinion: &Opinion| opinion.at.parse::<Timestamp>().ok();
    at(approval).zip(at(other)).is_some_and(|(approval, other)| approval > other)
}
