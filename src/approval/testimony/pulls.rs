//! Both sources of testimony together: what people sign, and what a forge told of pull requests. By which of them a change is
//! judged says the registry of the last verified landing.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::data::Testimony;
use super::forge::{self, Asked};
use super::makers::{CommitMakers, ProvenBy, made_by, of_commits};
use super::names::{Anchor, Branch};
use super::opinion::Opinion;
use super::pull::{Pull, ReviewVerdict, Told};
use super::registered::Registered;
use super::source::{Question, RecordedWords, Source, Venue};
use super::statement::Signed;
use super::statements::Signatures;
use crate::access::reading::{NamedFile, ratification_path};
use crate::access::{Access, EvidenceSource, PersonId};
use crate::approval::codes;
use crate::approval::landing::Trees;
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, RepositoryError};

/// What people signed, and what a forge told.
#[derive(Debug)]
pub struct Sources<'a> {
    repository: &'a Repository,
    signatures: Signatures<'a>,
    told: Rc<Told>,
    record: Option<Kept>,
}

/// What the log keeps of one landing.
#[derive(Debug)]
struct Kept {
    base: Oid,
    landed: Oid,
    pull: Pull,
}

/// So many commits of the branch below a pull request are looked at for the last verified one. It only says where to look.
const BELOW: usize = 64;

impl<'a> Sources<'a> {
    pub fn new(repository: &'a Repository, signatures: Signatures<'a>, told: Rc<Told>) -> Self {
        Sources { repository, signatures, told, record: None }
    }

    /// The pull requests of a head, each once.
    fn of_head(&self, head: Oid) -> impl Iterator<Item = &Pull> {
        let landed = self.told.landed.values().filter(move |pull| pull.head == head);
        let recorded = self.record.iter().map(|kept| &kept.pull).filter(move |pull| pull.head == head);
        recorded.chain(landed).chain(self.told.open.get(&head))
    }

    /// The pull request that brought a landing, or that would; or why nobody knows of one.
    fn asked_about(&self, landed: Option<Oid>, head: Oid) -> Result<&Pull, Refusal> {
        let Some(landed) = landed else {
            let unread = || self.told.unread.clone().unwrap_or_else(|| forge::none_opened(head));
            return self.told.open.get(&head).ok_or_else(unread);
        };
        // what was judged once is judged again by what it was judged by
        let recorded = self.record.as_ref().filter(|kept| kept.landed == landed).map(|kept| &kept.pull);
        if let Some(pull) = recorded.or_else(|| self.told.landed.get(&landed)) {
            return Ok(pull);
        }
        if self.told.unclaimed.contains(&landed) {
            return Err(forge::no_pull_request(landed));
        }
        let missing = self.told.missing.get(&landed).or(self.told.unread.as_ref());
        Err(missing.cloned().unwrap_or_else(|| unasked(landed)))
    }

    /// Paths that would change unseen: they differ between where a landing starts and what landed, and reviewers saw them
    /// change from something else, or not at all.
    fn unseen(&self, pull: &Pull, question: &Question<'_>, trees: &Trees) -> Result<Option<Refusal>, RepositoryError> {
        let onto = match question.landed {
            Some(_) => pull.onto,
            None => Some(question.tip),
        };
        let Some(onto) = onto.filter(|onto| *onto != question.onto) else { return Ok(None) };
        let line = self.line(question.onto, onto)?;
        let ratified = newest_ratified(&line, trees);
        let mut unseen: BTreeSet<&String> = BTreeSet::new();
        // the forge shows what the head changed since it parted from the branch; of several such places it takes any
        for shown in self.repository.merge_bases(onto, question.head)? {
            let moved = self.repository.managed_changes(question.onto, shown)?;
            // who reviewed the ratification of a landing let in everything up to it
            let left = match ratified {
                Some(ratified) => Some(self.repository.managed_changes(ratified, shown)?),
                None => None,
            };
            let base = trees.base.iter().map(|(path, before)| (path, Some(before)));
            let brought = trees.landed.keys().filter(|path| !trees.base.contains_key(*path)).map(|path| (path, None));
            let hidden = base.chain(brought).filter(|(path, before)| {
                let after = trees.landed.get(*path);
                after != *before
                    && moved.get(path.as_str()).is_some_and(|[_, then]| then.as_ref() != *before)
                    && left.as_ref().is_none_or(|left| left.contains_key(path.as_str()))
            });
            unseen.extend(hidden.map(|(path, _)| path));
        }
        let unseen: Vec<&String> = unseen.into_iter().collect();
        let Some((path, others)) = unseen.split_first() else { return Ok(None) };
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        let fact = format!(
            "`{}`{more} would change by a landing before #{} that was refused, and its reviewers were not shown that",
            path.escape_debug(),
            pull.number
        );
        let help = match self.last_to_touch(&line, question.onto, &unseen)? {
            Some(landing) => format!(
                "restore what {} touched, by a pull request of its own, and merge that first; or let it stand: add `{}` \
                 with `reason` and `owner`, which asks for one approval more",
                landing.short(),
                ratification_path(landing)
            ),
            None => {
                "restore what the refused landing touched, by a pull request of its own, and merge that first; or let \
                     it stand: add `policies/ratified/ID.yaml`, where ID is the refused landing's full id"
                    .to_owned()
            }
        };
        Ok(Some(Refusal::new(&codes::UNVERIFIED_ANCESTOR, fact, help)))
    }

    /// The commits of the branch after one of them up to another, newest first. Empty where the one isn't below the other.
    fn line(&self, after: Oid, up_to: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let least = self.repository.generation(after)?;
        let (mut line, mut at) = (Vec::new(), up_to);
        while at != after {
            self.repository.visit()?;
            line.push(at);
            match self.repository.first_parent(at)? {
                Some(parent) if self.repository.generation(parent)? >= least => at = parent,
                Some(_) | None => return Ok(Vec::new()),
            }
        }
        Ok(line)
    }

    /// The newest commit of a line that touched any of the paths.
    fn last_to_touch(&self, line: &[Oid], after: Oid, paths: &[&String]) -> Result<Option<Oid>, RepositoryError> {
        for (place, commit) in line.iter().enumerate() {
            let before = line.get(place + 1).copied().unwrap_or(after);
            let changes = self.repository.managed_changes(before, *commit)?;
            if paths.iter().any(|path| changes.contains_key(path.as_str())) {
                return Ok(Some(*commit));
            }
        }
        Ok(None)
    }

    /// Where a head started from the branch, and the commits of the branch below that: where what lay between was refused, a
    /// landing starts from one of those.
    fn starts(&self, onto: Oid, since: Option<Oid>, head: Oid) -> BTreeSet<Oid> {
        // a head that isn't here starts nowhere
        let of = |onto: Oid| self.repository.merge_bases(onto, head).unwrap_or_default();
        let mut line = vec![onto];
        let mut at = onto;
        while line.len() < BELOW
            && since.is_some_and(|since| since != at)
            && let Ok(Some(parent)) = self.repository.first_parent(at)
        {
            line.push(parent);
            at = parent;
        }
        let mut starts: BTreeSet<Oid> = of(onto).into_iter().collect();
        let below: Vec<Oid> = line.iter().copied().skip_while(|one| !starts.contains(one)).collect();
        if below.is_empty() && line.len() > 1 && !of(at).iter().eq(&starts) {
            // it started from what was merged on the way
            starts.extend(line.iter().flat_map(|onto| of(*onto)));
        }
        starts.extend(below);
        starts
    }
}

/// The newest commit of a line that is ratified by what a landing brings. What said so before brings nothing.
fn newest_ratified(line: &[Oid], trees: &Trees) -> Option<Oid> {
    let brought = trees.landed.keys().filter(|path| !trees.base.contains_key(*path));
    let ratified: BTreeSet<Oid> = brought.filter_map(|path| NamedFile::of_path(path)?.ratifies()).collect();
    line.iter().copied().find(|commit| ratified.contains(commit))
}

/// The refusal of a landing of which the forge was not asked.
fn unasked(landed: Oid) -> Refusal {
    let fact = format!("the forge was not asked about {}", landed.short());
    let help = "run it again where the forge can be asked: DUALKEY_FORGE_TOKEN holds the token";
    Refusal::new(&codes::EVIDENCE_INCOMPLETE, fact, help)
}

impl Source for Sources<'_> {
    fn testimony(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        trees: &Trees,
    ) -> Result<Testimony, RepositoryError> {
        let signed = self.signatures.testimony(registered, question, trees)?;
        if registered.registry.config.evidence == EvidenceSource::Signatures {
            return Ok(signed);
        }
        let commits = of_commits(self.repository, registered, question.onto, question.head)?;
        let commits: Vec<CommitMakers> = commits.into_iter().map(|(made, _)| made).collect();
        let mut made = match self.asked_about(question.landed, question.head) {
            Ok(pull) => {
                let (landed, head, branch) = (question.landed, question.head, question.branch.as_str());
                let asked = Asked { landed, head, branch, commits: &commits };
                let mut made = forge::testimony(pull, asked, registered.registry);
                made.refusals.extend(self.unseen(pull, question, trees)?);
                made.pull = Some(pull.clone());
                made
            }
            Err(why) => {
                let mut made = made_by(&commits, ProvenBy::Forge);
                match question.landed {
                    Some(_) => made.refusals.push(why),
                    None => made.to_do.push(why),
                }
                made
            }
        };
        for (person, part) in signed.makers {
            made.makers.entry(person).or_insert(part);
        }
        made.opinions.extend(signed.opinions);
        made.opinions.sort_by(|a, b| (&a.person, a.way).cmp(&(&b.person, b.way)));
        Ok(Testimony {
            made_own: signed.made_own,
            proven_keys: signed.proven_keys,
            statements: signed.statements,
            superseded: signed.superseded,
            stale: signed.stale,
            ignored: signed.ignored,
            ..made
        })
    }

    fn brought(&self, landed: Oid) -> Option<(Oid, Option<Oid>)> {
        let recorded = self.record.as_ref().filter(|kept| kept.landed == landed).map(|kept| &kept.pull);
        recorded.or_else(|| self.told.landed.get(&landed)).map(|pull| (pull.head, pull.onto))
    }

    fn heads(&self) -> Vec<Oid> {
        let pulls = self.told.landed.values().map(|pull| pull.head).chain(self.told.open.keys().copied());
        let recorded = self.record.iter().map(|kept| kept.pull.head);
        let heads: BTreeSet<Oid> = pulls.chain(recorded).chain(self.signatures.heads()).collect();
        heads.into_iter().collect()
    }

    fn is_spoken_of(&self, head: Oid) -> bool {
        self.of_head(head).next().is_some() || self.signatures.is_spoken_of(head)
    }

    fn claimed_bases(&self, head: Oid) -> BTreeSet<Oid> {
        let mut bases = self.signatures.claimed_bases(head);
        let recorded = self.record.as_ref().filter(|kept| kept.pull.head == head).map(|kept| kept.base);
        let since = recorded.or(self.told.since);
        bases.extend(self.of_head(head).filter_map(|pull| pull.onto).flat_map(|onto| self.starts(onto, since, head)));
        bases
    }

    fn stale(&self, base: Oid, head: Oid) -> Result<Vec<(PersonId, Oid)>, RepositoryError> {
        self.signatures.stale(base, head)
    }

    fn objections(
        &self,
        asked: &Venue<'_>,
        registered: &Registered<'_>,
    ) -> Result<BTreeSet<(Oid, Signed)>, RepositoryError> {
        self.signatures.objections(asked, registered)
    }

    fn is_approved(&self, anchor: Anchor<'_>, branch: Branch<'_>, head: Oid, registry: &Access) -> bool {
        let mut reviews = self.of_head(head).flat_map(|pull| &pull.reviews);
        reviews.any(|review| review.verdict == ReviewVerdict::Approved)
            || self.signatures.is_approved(anchor, branch, head, registry)
    }

    fn last_word(
        &self,
        asked: &Venue<'_>,
        head: Oid,
        person: &PersonId,
        registered: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError> {
        self.signatures.last_word(asked, head, person, registered)
    }

    fn hear(&mut self, statements: &[Signed]) {
        self.signatures.hear(statements);
    }

    fn of_record<'s>(&'s self, record: &RecordedWords<'_>) -> Box<dyn Source + 's> {
        let believed = record.pull.filter(|(landed, _)| !self.told.asked_again.contains(landed));
        Box::new(Sources {
            repository: self.repository,
            signatures: self.signatures.with_record(record),
            told: Rc::clone(&self.told),
            record: believed.map(|(landed, pull)| Kept { base: record.base, landed, pull: pull.clone() }),
        })
    }
}
