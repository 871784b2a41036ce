//! Evidence from git alone: signed commits, and statements under `refs/dualkey/`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::evidence::{CommitEvidence, Evidence, Opinion, Says, Signer};
use super::landing::Trees;
use super::statement::{self, APPROVALS, Expected, Found, SIGNATURE_FILE, STATEMENT_FILE, WITHDRAWALS};
use super::{Trusted, codes};
use crate::access::{Access, PersonId};
use crate::finding::Refusal;
use crate::repository::{Commit, Oid, Repository, RepositoryError, StateRefs};

/// Reads evidence from a repository. What it has read of a commit it keeps, since commits never change.
#[derive(Debug)]
pub struct Source<'a> {
    repository: &'a Repository,
    found: BTreeMap<Oid, Vec<Found>>,
    /// Refs that hold no readable statement.
    broken: BTreeMap<Oid, Vec<Refusal>>,
    /// For a tip, the heads that have not landed there; it is asked for each landing, and doesn't change meanwhile.
    open: RefCell<Option<(Oid, Rc<OpenHeads>)>>,
}

/// Heads that have not landed, each with the commits that lead to it from what has.
type OpenHeads = BTreeMap<Oid, HashSet<Oid>>;

/// What a question about one landing is made of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub anchor: &'a str,
    pub branch: &'a str,
    /// The last verified landing.
    pub base: Oid,
    /// What the head landed on, or would. It is not the base where it is not verified.
    pub onto: Oid,
    /// None: what would land if the head was merged now; then the trees' `landed` is given.
    pub landed: Option<Oid>,
    pub head: Oid,
    /// The tip of the protected branch.
    pub tip: Oid,
    /// Digest of the change from the merge base to the head.
    pub reviewed_digest: &'a str,
}

impl<'a> Source<'a> {
    /// Reads all statements. One that can't be read is remembered as such; it can't stop the others.
    ///
    /// # Errors
    ///
    /// Where refs can't be listed.
    pub fn open(repository: &'a Repository, refs: &StateRefs<'_>) -> Result<Self, RepositoryError> {
        let mut source =
            Source { repository, found: BTreeMap::new(), broken: BTreeMap::new(), open: RefCell::default() };
        for (prefix, says) in [(APPROVALS, Says::Approve), (WITHDRAWALS, Says::Withdraw)] {
            for (name, commit) in refs.list(prefix)? {
                let Some((head, person)) = name.strip_prefix(prefix).and_then(|rest| rest.split_once('/')) else {
                    continue;
                };
                let (Ok(head), Ok(person)) = (head.parse::<Oid>(), PersonId::parse(person)) else { continue };
                match source.statement(head, &person, says, commit) {
                    Ok(found) => source.found.entry(head).or_default().push(found),
                    Err(why) => source.broken.entry(head).or_default().push(Refusal::new(
                        &codes::STATEMENT_INVALID,
                        format!("the statement of `{person}` on {} can't be read: {why}", head.short()),
                        "ignore it, or have that person run `dualkey approve` again",
                    )),
                }
            }
        }
        Ok(source)
    }

    fn statement(&self, head: Oid, person: &PersonId, says: Says, commit: Oid) -> Result<Found, String> {
        let parents = self.repository.commit(commit).map_err(|error| error.to_string())?.parents;
        let mut files = self.repository.read_files(commit).map_err(|error| error.to_string())?;
        let mut file = |name: &str| files.remove(name).ok_or_else(|| format!("it holds no {name}"));
        let statement = file(STATEMENT_FILE)?;
        let signature = String::from_utf8(file(SIGNATURE_FILE)?).map_err(|_| "the signature is not text".to_owned())?;
        Ok(Found { head, person: person.clone(), says, parents, statement, signature })
    }

    /// Every head of which somebody says something.
    pub fn heads(&self) -> impl Iterator<Item = Oid> {
        self.found.keys().copied()
    }

    /// True where somebody says something of the head, readable or not.
    pub fn is_spoken_of(&self, head: Oid) -> bool {
        self.found.contains_key(&head) || self.broken.contains_key(&head)
    }

    /// Every head with each commit that its approvers say it started from. They may say anything.
    pub(super) fn claims(&self) -> impl Iterator<Item = (Oid, Oid)> {
        self.heads().flat_map(|head| self.claimed_bases(head).into_iter().map(move |base| (head, base)))
    }

    pub(super) fn claimed_bases(&self, head: Oid) -> BTreeSet<Oid> {
        self.found.get(&head).into_iter().flatten().filter_map(statement::claimed_base).collect()
    }

    /// Everything about one landing, with its trees.
    pub fn evidence(
        &self,
        trusted: &Trusted,
        question: &Question<'_>,
        trees: Trees,
    ) -> Result<Evidence, RepositoryError> {
        let Question { base, onto, head, .. } = *question;
        let registry = &trusted.revision().access;
        let merge_base = match self.repository.merge_bases(base, head)?.as_slice() {
            [one] => *one,
            // refused for that; the trees don't matter then
            _ => base,
        };
        let keys = Keys::of(registry);
        let mut commits = Vec::new();
        for oid in self.repository.commits_between(onto, head)? {
            commits.push(keys.commit(&self.repository.commit(oid)?));
        }
        let (opinions, ignored) = self.opinions(registry, question, merge_base)?;
        Ok(Evidence {
            base,
            landed: question.landed,
            head,
            merge_bases: self.repository.merge_bases(onto, head)?,
            trees,
            touched: self.touched(head, onto)?,
            commits,
            opinions,
            stale: self.stale(base, head)?,
            ignored,
        })
    }

    /// Managed paths that commits on the first-parent chain of `base` touched since `head`.
    fn touched(&self, head: Oid, base: Oid) -> Result<BTreeSet<String>, RepositoryError> {
        let since: HashSet<Oid> = self.repository.commits_between(head, base)?.into_iter().collect();
        let mut touched = BTreeSet::new();
        let mut at = base;
        while since.contains(&at)
            && let Some(parent) = self.repository.first_parent(at)?
        {
            touched.extend(self.repository.managed_changes(parent, at)?.into_keys());
            at = parent;
        }
        Ok(touched)
    }

    /// The last opinion of each person on the head, and what was found but doesn't count as one.
    fn opinions(
        &self,
        registry: &Access,
        question: &Question<'_>,
        base: Oid,
    ) -> Result<(Vec<Opinion>, Vec<Refusal>), RepositoryError> {
        let head = question.head;
        let expected = Expected {
            anchor: question.anchor,
            branch: question.branch,
            base,
            head,
            head_tree: self.repository.commit(head)?.tree,
            digest: question.reviewed_digest,
        };
        let mut opinions: BTreeMap<PersonId, Opinion> = BTreeMap::new();
        let mut ignored: Vec<Refusal> = self.broken.get(&head).cloned().unwrap_or_default();
        for found in self.found.get(&head).into_iter().flatten() {
            match statement::check(found, &expected, registry) {
                Ok(opinion) => {
                    let held = opinions.get(&opinion.person);
                    // a withdrawal beats an approval, in whatever order they are found
                    if held.is_none_or(|held| held.says == Says::Approve) {
                        opinions.insert(opinion.person.clone(), opinion);
                    }
                }
                Err(refusal) => ignored.push(refusal),
            }
        }
        let mut counted = Vec::new();
        for (person, opinion) in opinions {
            match self.newer(&person, registry, question)? {
                Some(newer) if opinion.says == Says::Approve => ignored.push(Refusal::new(
                    &codes::APPROVAL_STALE,
                    format!(
                        "`{person}` approved {} since, which ended the approval of {}",
                        newer.short(),
                        head.short()
                    ),
                    "land the newer head, or ask for an approval of this one again",
                )),
                Some(_) | None => counted.push(opinion),
            }
        }
        Ok((counted, ignored))
    }

    /// A descendant of the head that the same person approved and that has not landed. Only what the person signed
    /// counts: nobody else can end an approval. Who started from a verified landing that holds the head has approved
    /// something on top of it, and nothing instead of it.
    fn newer(
        &self,
        person: &PersonId,
        registry: &Access,
        question: &Question<'_>,
    ) -> Result<Option<Oid>, RepositoryError> {
        let head = question.head;
        let open = self.open_heads(question.tip)?;
        for (other, side) in open.iter().filter(|(other, _)| **other != head) {
            let approvals = self.found.get(other).into_iter().flatten();
            let mut own = approvals.filter(|found| &found.person == person && found.says == Says::Approve).peekable();
            if own.peek().is_none() {
                continue;
            }
            // of heads apart from the tip, the way to the other tells; only a head that landed has to be looked for
            let apart = open.contains_key(&head);
            let on_top = if apart { side.contains(&head) } else { self.repository.is_ancestor(head, *other)? };
            if !on_top {
                continue;
            }
            for found in own.filter(|found| statement::is_genuine(found, question.anchor, question.branch, registry)) {
                let had_landed = match statement::claimed_base(found) {
                    Some(base) => self.repository.commit(base).is_ok() && self.repository.is_ancestor(head, base)?,
                    None => false,
                };
                if !had_landed {
                    return Ok(Some(*other));
                }
            }
        }
        Ok(None)
    }

    fn open_heads(&self, tip: Oid) -> Result<Rc<OpenHeads>, RepositoryError> {
        let mut open = self.open.borrow_mut();
        if let Some((_, heads)) = open.as_ref().filter(|(of, _)| *of == tip) {
            return Ok(Rc::clone(heads));
        }
        // a head that isn't in this repository stands on nothing here
        let known = self.heads().filter(|head| self.repository.commit(*head).is_ok());
        let heads = Rc::new(self.repository.beside(tip, known)?);
        *open = Some((tip, Rc::clone(&heads)));
        Ok(heads)
    }

    /// People who approved an ancestor of the head that isn't part of the base.
    pub(super) fn stale(&self, base: Oid, head: Oid) -> Result<Vec<(PersonId, Oid)>, RepositoryError> {
        let mut stale = Vec::new();
        for oid in self.repository.commits_between(base, head)? {
            let found = self.found.get(&oid).filter(|_| oid != head).into_iter().flatten();
            stale.extend(found.filter(|found| found.says == Says::Approve).map(|found| (found.person.clone(), oid)));
        }
        stale.sort();
        Ok(stale)
    }
}

/// Who a key and an e-mail address belong to, at the last verified landing.
struct Keys<'a> {
    registry: &'a Access,
    /// Each address with everybody who has it: where two share one, both are parties.
    emails: BTreeMap<String, BTreeSet<&'a PersonId>>,
}

impl<'a> Keys<'a> {
    fn of(registry: &'a Access) -> Self {
        let mut emails: BTreeMap<String, BTreeSet<&PersonId>> = BTreeMap::new();
        for person in registry.people.values() {
            for email in &person.emails {
                emails.entry(email.to_lowercase()).or_default().insert(&person.id);
            }
        }
        Keys { registry, emails }
    }

    fn commit(&self, commit: &Commit) -> CommitEvidence {
        let signer = commit.signature.as_ref().and_then(|signature| {
            self.registry.people.values().find(|person| {
                let keys = person.keys.iter().filter_map(|key| key.public.as_ref());
                statement::verify(keys, statement::GIT_NAMESPACE, &signature.payload, &signature.armored)
            })
        });
        let mut named = BTreeSet::new();
        let mut names_unknown = false;
        for email in std::iter::once(commit.author.email.clone()).chain(co_authors(&commit.message)) {
            match self.emails.get(&email.to_lowercase()) {
                Some(people) => named.extend(people.iter().map(|person| (*person).clone())),
                None => names_unknown = true,
            }
        }
        // a committer line proves nothing, but who stands in it is no independent party either; a forge's own address is
        // nobody's, and so not an unknown author
        let committers = self.emails.get(&commit.committer.email.to_lowercase());
        CommitEvidence {
            oid: commit.oid,
            committers: committers.into_iter().flatten().map(|person| (*person).clone()).collect(),
            signer: signer.map_or(Signer::Unknown, |person| Signer::Person(person.id.clone())),
            named,
            names_unknown,
        }
    }
}

/// The addresses of `Co-authored-by:` lines.
fn co_authors(message: &str) -> impl Iterator<Item = String> {
    message.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        if !key.trim().eq_ignore_ascii_case("co-authored-by") {
            return None;
        }
        let address =
            value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(value, |(inside, _)| inside);
        Some(address.trim().to_owned())
    })
}
