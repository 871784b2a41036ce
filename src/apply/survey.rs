//! What can be known of targets without changing anything there: which they are, what each credential can do, and how much
//! of what is declared is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::look::{self, Answer, Seen};
use super::state::View;
use super::time::{self, Comparison};
use super::{Past, Process, Targets};
use crate::access::{Revision, Target, TargetId};
use crate::finding::Refusal;
use crate::plan::live::{self, LiveFinding};
use crate::targets::credential::CREDENTIAL_MISSING;
use crate::targets::{Depth, Hello, Names, Resource, Scope};

/// What is known of one target.
#[derive(Debug)]
pub struct Survey {
    /// As it is declared.
    pub target: Target,
    /// Which target answered, though it be another than the pinned one.
    pub identity: Option<String>,
    /// What it says to the credential that looks; the refusal where it doesn't answer, or nothing may be asked of it.
    pub reader: Result<Greeting, Refusal>,
    /// The same for the credential that writes.
    pub writer: Result<Greeting, Refusal>,
    /// What the reader sees of what is declared there, where it could look.
    pub sight: Option<Sight>,
    /// What is to be known beside that, sorted.
    pub findings: Vec<LiveFinding>,
    /// What keeps a run from giving something, though the target answers: its clock.
    pub warnings: Vec<Refusal>,
}

/// What a target says of itself to a credential.
#[derive(Clone, Debug)]
pub struct Greeting {
    pub hello: Hello,
    /// How far our clock is ahead of the target's, where that can tell the time.
    pub ahead: Option<SignedDuration>,
    /// None where nothing is measured.
    pub took: Option<Duration>,
}

/// What a reader sees of a scope.
#[derive(Debug)]
pub struct Sight {
    /// How many resources are declared.
    pub resources: usize,
    /// How many entitlements are held on those that could be read, and how many are latent.
    pub held: usize,
    pub latent: usize,
    /// Groups that hold something, or are in one that does.
    pub groups: usize,
    /// Why the scope as a whole, or a resource of it, couldn't be read.
    pub unread: Option<Refusal>,
    pub unread_resources: BTreeMap<Resource, Refusal>,
    /// Whether the target can list the names of each sort that is declared; the refusal where it failed to.
    pub lists: Result<Vec<Listed>, Refusal>,
}

/// Whether a target can list its names of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub of: Names,
    pub can: bool,
}

impl Survey {
    /// True where the target answered, is the pinned one, and everything that is declared there could be read.
    pub fn is_seen(&self) -> bool {
        let whole = |sight: &Sight| sight.unread.is_none() && sight.unread_resources.is_empty() && sight.lists.is_ok();
        self.reader.is_ok() && self.sight.as_ref().is_none_or(whole)
    }

    /// True where that is so, and a credential for writing that is given is of use. Where people only look there is none.
    pub fn is_well(&self) -> bool {
        self.is_seen() && self.unwritable().is_none()
    }

    fn unwritable(&self) -> Option<&Refusal> {
        self.writer.as_ref().err().filter(|refusal| refusal.code != &CREDENTIAL_MISSING)
    }

    /// Why it isn't well, each reason once.
    pub fn refusals(&self) -> Vec<&Refusal> {
        let sight = self.sight.iter().flat_map(|sight| {
            sight.unread.iter().chain(sight.unread_resources.values()).chain(sight.lists.as_ref().err())
        });
        let mut refusals: Vec<&Refusal> = Vec::new();
        for refusal in self.reader.as_ref().err().into_iter().chain(sight).chain(self.unwritable()) {
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
        refusals
    }
}

/// Looks at every target that a tree declares, by both credentials and side by side. Where the clock stands still, nothing is
/// measured either, so that the same targets tell the same.
pub fn survey(
    tree: &Revision,
    targets: &mut Targets,
    now: Timestamp,
    stands: bool,
    process: &dyn Process,
) -> Vec<Survey> {
    let declared = &tree.access.config.targets;
    let past = Past::default();
    let scopes = View::new(tree, &past, now).scopes();
    let readers = look::greeted(&mut targets.readers, |connected| connected.reader.hello(), process);
    let writers = look::greeted(&mut targets.writers, |writer| writer.greet(), process);
    let refused = refused(declared, &readers);
    let seen = look::read(&mut targets.readers, &scopes, Depth::Facts, &refused, process);
    let listed = look::names(&mut targets.readers, &wanted(declared, &scopes, &refused), process);
    let mut answers = Answers { tree, now, stands, scopes, readers, writers, refused, seen, listed };
    declared.values().map(|target| answers.of(target)).collect()
}

/// What was said by each target to each credential.
type Greeted = BTreeMap<TargetId, Result<Answer<Hello>, Refusal>>;

/// Targets that nothing is asked of but which they are, and why.
fn refused(declared: &BTreeMap<TargetId, Target>, readers: &Greeted) -> BTreeMap<TargetId, Refusal> {
    let refusal = |(target, said): (&TargetId, &Result<Answer<Hello>, Refusal>)| {
        let refusal = match said {
            Ok(answer) => answer.said.check(target, &declared.get(target)?.pinned).err()?.refusal(),
            Err(refusal) => refusal.clone(),
        };
        Some((target.clone(), refusal))
    };
    readers.iter().filter_map(refusal).collect()
}

/// Everything that was answered.
struct Answers<'a> {
    tree: &'a Revision,
    now: Timestamp,
    stands: bool,
    scopes: BTreeMap<TargetId, Scope>,
    readers: Greeted,
    writers: Greeted,
    refused: BTreeMap<TargetId, Refusal>,
    seen: Seen,
    listed: BTreeMap<TargetId, Result<look::Listed, Refusal>>,
}

impl Answers<'_> {
    /// What is known of one target.
    fn of(&mut self, target: &Target) -> Survey {
        let id = &target.id;
        let said = self.readers.get(id).and_then(|said| said.as_ref().ok());
        let identity = said.map(|answer| answer.said.identity.clone());
        let mut facts = self.seen.facts.remove(id).unwrap_or_default();
        let mut warnings = Vec::new();
        let reader = match (self.refused.get(id), said) {
            (None, Some(answer)) => {
                facts.extend(answer.said.of_reader());
                let (greeting, skewed) = self.greeting(id, answer);
                warnings.extend(skewed);
                Ok(greeting)
            }
            (Some(refusal), _) => Err(refusal.clone()),
            (None, None) => Err(look::not_connected(id)),
        };
        let writer = match self.writers.get(id) {
            Some(Ok(answer)) => match answer.said.check_writer(id, &target.pinned) {
                Ok(()) => Ok(self.greeting(id, answer).0),
                Err(error) => Err(error.refusal()),
            },
            Some(Err(refusal)) => Err(refusal.clone()),
            None => Err(look::not_connected(id)),
        };
        let mut findings: Vec<LiveFinding> = facts.iter().map(|fact| live::of_fact(id, fact, None)).collect();
        let lists = self.listed.remove(id).unwrap_or_else(|| Ok(BTreeMap::new()));
        if let Ok(names) = &lists {
            findings.extend(unknown(self.tree, target, self.scopes.get(id), names));
        }
        findings.sort();
        findings.dedup();
        let sight = reader.is_ok().then(|| self.sight(id, lists));
        Survey { target: target.clone(), identity, reader, writer, sight, findings, warnings }
    }

    /// What a target said of itself, and what is wrong with its clock.
    fn greeting(&self, target: &TargetId, answer: &Answer<Hello>) -> (Greeting, Option<Refusal>) {
        let ours =
            |passed: Duration| if self.stands { self.now } else { self.now.checked_add(passed).unwrap_or(self.now) };
        let told = Comparison::of(target.clone(), answer, ours);
        let greeting = Greeting {
            hello: answer.said.clone(),
            ahead: told.as_ref().map(|told| told.ours.duration_since(told.theirs)),
            took: (!self.stands).then_some(answer.took),
        };
        (greeting, told.as_ref().and_then(time::skewed))
    }

    /// What the reader sees of a target.
    fn sight(&mut self, target: &TargetId, lists: Result<look::Listed, Refusal>) -> Sight {
        let held = self.seen.held.remove(target).unwrap_or_default();
        let listed = |(of, names): (&Names, &Option<BTreeSet<String>>)| Listed { of: *of, can: names.is_some() };
        Sight {
            resources: self.scopes.get(target).map_or(0, |scope| scope.iter().count()),
            latent: held.iter().filter(|live| live.latent.is_some()).count(),
            held: held.iter().filter(|live| live.latent.is_none()).count(),
            groups: self.seen.members.get(target).map_or(0, BTreeMap::len),
            unread: self.seen.unread.remove(target),
            unread_resources: self.seen.unread_resources.remove(target).unwrap_or_default(),
            lists: lists.map(|names| names.iter().map(listed).collect()),
        }
    }
}

/// The names that each target is asked for: of accounts, and of what is declared there.
fn wanted(
    declared: &BTreeMap<TargetId, Target>,
    scopes: &BTreeMap<TargetId, Scope>,
    refused: &BTreeMap<TargetId, Refusal>,
) -> BTreeMap<TargetId, BTreeSet<Names>> {
    let asked = declared.keys().filter(|target| !refused.contains_key(*target));
    let of = |target: &TargetId| {
        let kinds = scopes.get(target).into_iter().flat_map(Scope::iter).map(|resource| resource.kind);
        let each = kinds.flat_map(|kind| [Names::Resources(kind), Names::Permissions(kind)]);
        each.chain([Names::Accounts]).collect()
    };
    asked.map(|target| (target.clone(), of(target))).collect()
}

/// Resources and accounts that are declared and that the target doesn't have.
fn unknown(tree: &Revision, target: &Target, scope: Option<&Scope>, listed: &look::Listed) -> Vec<LiveFinding> {
    let known = |of: Names| listed.get(&of).and_then(Option::as_ref);
    let mut findings = Vec::new();
    for resource in scope.into_iter().flat_map(Scope::iter) {
        let of = Names::Resources(resource.kind);
        if let Some(Err(error)) = known(of).map(|names| of.check(&resource.name, names)) {
            findings.push(live::of_unknown_name(&target.id, Some(resource.clone()), None, &error));
        }
    }
    for person in tree.access.people.values() {
        let account = person.accounts.principal(target.target_type);
        let names = known(Names::Accounts).filter(|_| person.ended.is_none());
        if let (Some(account), Some(names)) = (account, names)
            && let Err(error) = Names::Accounts.check(account, names)
        {
            findings.push(live::of_unknown_name(&target.id, None, Some(&person.id), &error));
        }
    }
    findings
}
