//! What a change would do: who gains and loses what, what class of change it is, and who must approve it.
//!
//! Everything here comes from two revisions and an instant; [`operations`] adds what is live.

mod account_moved;
mod approvers;
pub mod cases;
mod change_too_large;
pub mod changes;
pub mod classes;
pub mod digest;
mod disputed;
pub mod edges;
pub mod ends;
pub mod facts;
mod grown;
pub mod judges;
mod key_reused;
pub mod lines;
pub mod live;
pub mod live_duties;
mod log_key_changed;
mod lowering;
mod moves;
pub mod operations;
mod panel;
mod reasons;
mod renames;
mod replaced;
pub mod requirements;
pub mod rules;
pub mod stakes;
mod standing;
mod target_moved;
pub mod through;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::raw::Risk;
use crate::access::reading::{Claim, FileKind, NOT_SUPPORTED, NamedFile, Step};
use crate::access::{Access, ChangeClass, Days, DomainId, PersonId, PersonType, Revision};
use crate::finding::{Finding, Rule};
use crate::lint::{self, Halt};
use crate::repository::Oid;

use approvers::Entitled;
pub use approvers::{ShortRule, WordChange};
pub use changes::EntitlementChange;
pub use classes::Classes;
pub use digest::Digest;
pub use disputed::Disputed;
pub use facts::{Fact, facts};
pub use judges::JudgeChange;
pub use lines::{AccessLine, Action};
use moves::Moves;
pub use moves::{Held, Move, ResourceChange};
pub use operations::{Operation, Verb};
pub use panel::{Bar, Circumstances, Part};
pub use renames::Renames;
pub use requirements::{Requirement, Side, Surplus};
pub use stakes::Stakes;
pub use standing::{RuleStanding, Said, Standing, is_met};

/// A change from one revision to another, understood.
#[derive(Debug)]
pub struct Plan<'a> {
    pub base: &'a Revision,
    pub head: &'a Revision,
    /// The instant that "now" meant for findings.
    pub now: Timestamp,
    pub changes: Vec<EntitlementChange>,
    /// The changes as a reader wants them: a line a person and grant.
    pub lines: Vec<AccessLine>,
    pub classes: Classes,
    pub judges: Vec<JudgeChange>,
    /// Whose word counts at other times than before.
    pub words: Vec<WordChange>,
    /// Names that change while everybody holds what they held.
    pub renames: Renames,
    /// Resources that other domains hold than before.
    pub resources: Vec<ResourceChange>,
    /// Those of them that leave one domain for another, which owners of both are asked for.
    pub moves: Vec<Move>,
    /// Domains among them of whose owners nobody can approve, so that one approval more is asked for.
    pub ownerless: BTreeSet<DomainId>,
    /// People who come back with other keys or accounts than they had last, so that one approval more is asked for.
    pub replaced: BTreeSet<PersonId>,
    /// People who come with accounts or e-mails of somebody who had other keys, each with that one: the same is asked for.
    pub taken_over: BTreeSet<(PersonId, PersonId)>,
    /// Keys that it gives to somebody, and that another person had before its base: each is a finding.
    reused: Vec<Finding>,
    /// Rules that the change leaves with so few people that one leaver more could keep them from being met.
    pub short: Vec<ShortRule>,
    /// `sha256:…` of what the change means.
    pub digest: Digest,
    pub requirements: Vec<Requirement>,
    /// Classes of the change of which a policy says nothing, so that nobody can approve it.
    pub silent: Vec<(Side, ChangeClass)>,
    /// Everybody whom a rule's group or an owner list entitles to anything before the change, and not a sponsorship alone.
    seated: BTreeSet<PersonId>,
    pub stakes: Stakes,
    /// Both revisions' findings compared: what is new, waived, standing. Sorted.
    pub findings: Vec<Finding>,
    /// Set where more is removed than the policy's limit: `(removed, of)`.
    pub mass_removal: Option<(usize, usize)>,
    /// Made when first asked for.
    lingering: OnceCell<BTreeSet<PersonId>>,
    /// Made when first asked for.
    reserve: OnceCell<BTreeSet<PersonId>>,
}

/// What a plan says in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Findings stop it.
    Blocked,
    NeedsApproval,
    /// Enough people have approved.
    Ready,
    /// No managed file changed.
    Nothing,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Blocked => "blocked",
            Verdict::NeedsApproval => "needs-approval",
            Verdict::Ready => "ready",
            Verdict::Nothing => "nothing",
        }
    }
}

/// What reading and the rules find in a revision.
pub fn findings_of(revision: &Revision, now: Timestamp) -> Vec<Finding> {
    findings(revision, None, now, &Halt::default(), |_| true)
}

/// The same for a revision that came after another, with what is new and what stood there.
pub fn findings_since(base: &Revision, revision: &Revision, now: Timestamp, halt: &Halt) -> Vec<Finding> {
    let mut found = findings(revision, Some(&base.access), now, halt, |_| true);
    // of rules that find nothing now nothing can have stood
    let rules: BTreeSet<&str> = found.iter().map(|finding| finding.rule.code.id).collect();
    let grown = OnceCell::new();
    let grew = |finding: &Finding| grown.get_or_init(|| grown::Grown::between(base, revision)).has(finding);
    lint::compare(&findings(base, None, now, halt, |rule| rules.contains(rule.code.id)), &mut found, grew);
    lint::settle(&mut found);
    found
}

fn findings(
    revision: &Revision,
    since: Option<&Access>,
    now: Timestamp,
    halt: &Halt,
    wanted: impl Fn(&Rule) -> bool,
) -> Vec<Finding> {
    let subject = lint::Subject { access: &revision.access, entitlements: &revision.entitlements, since, now, halt };
    let mut findings = lint::run(&subject, wanted);
    // a rule that the change drops or loosens judges the change once more
    findings.extend(lint::broken_before(&subject));
    findings.extend(since.and_then(|before| log_key_changed::find(before, &revision.access)));
    let reused = since.map(|before| key_reused::find(before, &revision.access, &[]));
    findings.extend(reused.into_iter().flatten());
    let moved = since.map(|before| target_moved::Places::wanted(before, &revision.access).moved(&revision.access));
    findings.extend(moved.into_iter().flatten());
    if revision.is_misread() {
        // what can't be read may be what they miss
        findings.retain(|finding| !lint::rules::BY_ABSENCE.contains(&finding.rule.code.id));
    }
    findings.extend(revision.reading.iter().cloned());
    lint::weigh(&revision.access, &rules::all(), &mut findings);
    if let Some(before) = since {
        // what weighed more before does so in the change that makes it lighter
        lint::raise(before, &mut findings);
    }
    lint::sort(&mut findings);
    findings
}

/// The log and the branch stay where the genesis put them: nothing would follow such a change. The log's key may change,
/// as [`log_key_changed`] tells.
fn moved_log(base: &Revision, head: &Revision) -> Option<Finding> {
    let (before, after) = (&base.access.config, &head.access.config);
    let (what, path): (&str, &[Step<'_>]) = if before.audit_ref != after.audit_ref {
        ("another ref for the log", &[Step::Key("audit"), Step::Key("ref")])
    } else if before.branch != after.branch {
        ("another protected branch", &[Step::Key("approval"), Step::Key("branch")])
    } else {
        return None;
    };
    let message = format!("{what} than the one of the genesis is not followed by this version");
    Some(Finding::new(&NOT_SUPPORTED, after.place(path), message, "leave it as it was"))
}

/// Understands a change by its two revisions alone. Base and head are linted at the same instant.
pub fn plan<'a>(base: &'a Revision, head: &'a Revision, now: Timestamp) -> Plan<'a> {
    plan_after(base, head, now, &Held::default())
}

/// The same, with what stood before its base of what it brings.
pub fn plan_after<'a>(base: &'a Revision, head: &'a Revision, now: Timestamp, held: &Held) -> Plan<'a> {
    unlinted(base, head, now, held).linted(&Halt::default())
}

/// The same without findings: what a change means, and who must approve it.
pub fn unlinted<'a>(base: &'a Revision, head: &'a Revision, now: Timestamp, held: &Held) -> Plan<'a> {
    let changes = changes::between(&base.entitlements, &head.entitlements);
    let (before, after) = (Entitled::of(&base.access), Entitled::of(&head.access));
    let words = words(base, &before, head);
    let classes = classes::classify(base, head, &changes, [&before, &after], &words);
    let judges = judges::between(&base.access, &head.access);
    let short = match words.is_empty() && judges.is_empty() {
        true => Vec::new(),
        false => approvers::short_rules(&base.access, &head.access, &words, now),
    };
    let pairs = Pairs::of(&changes, base, head);
    let mass_removal = changes::mass_removal(base, head, &changes, &classes);
    let stakes = Stakes::of(base, head, &changes);
    let resources = moves::changes(&base.access, &head.access);
    let moved = Moves::of(&base.access, &head.access, &resources, held, now);
    let beside = moved.requirements;
    let renames = Renames::of(base, head, &classes, &changes, &resources, &judges);
    let (requirements, silent) =
        requirements::all((base, head), &classes, &pairs, &stakes, now, &renames.domains, beside);
    let digest = digest::of(&head.access.config, &changes, &judges, &words, &resources, &facts::effects(base, head));
    let mut lines = lines::of(base, head, &changes);
    if renames.only {
        lines::renamed(&mut lines, &renames);
    }
    Plan {
        base,
        head,
        now,
        changes,
        lines,
        classes,
        judges,
        words,
        renames,
        resources,
        moves: moved.moves,
        ownerless: moved.ownerless,
        replaced: held.returning.replaced(&head.access),
        taken_over: held.returning.taken_over(&head.access),
        reused: held.reused(&base.access, &head.access),
        short,
        digest,
        requirements,
        silent,
        seated: before.seated,
        stakes,
        findings: Vec::new(),
        mass_removal,
        lingering: OnceCell::new(),
        reserve: OnceCell::new(),
    }
}

/// The digest of a change, without what it takes to judge it.
pub fn digest(base: &Revision, head: &Revision) -> Digest {
    let changes = changes::between(&base.entitlements, &head.entitlements);
    let words = words(base, &Entitled::of(&base.access), head);
    let resources = moves::changes(&base.access, &head.access);
    let judges = judges::between(&base.access, &head.access);
    digest::of(&head.access.config, &changes, &judges, &words, &resources, &facts::effects(base, head))
}

fn words(base: &Revision, before: &Entitled, head: &Revision) -> Vec<WordChange> {
    approvers::words(&base.access, before, &head.access, &Entitled::after(&head.access, &base.access))
}

impl Plan<'_> {
    /// The same with findings, all of them unless somebody has it halted.
    #[must_use]
    pub fn linted(mut self, halt: &Halt) -> Self {
        let (base, head) = (self.base, self.head);
        self.findings = findings_since(base, head, self.now, halt);
        self.findings.extend(change_too_large::find(base, head, &self.classes));
        if !self.renames.only {
            self.findings.extend(self.classes.mixed_change());
            self.findings.extend(account_moved::find(base, head, &self.changes));
        }
        let known = |one: &Finding| {
            self.findings.iter().any(|known| (known.rule.code.id, &known.place) == (one.rule.code.id, &one.place))
        };
        let reused: Vec<Finding> = self.reused.iter().filter(|one| !known(one)).cloned().collect();
        self.findings.extend(reused);
        self.findings.extend(moved_log(base, head));
        lint::sort(&mut self.findings);
        self
    }

    /// True where no managed file differs. A path that can't be read, such as a link, is none of the files, but its
    /// finding says that something differs.
    pub fn is_nothing(&self) -> bool {
        self.classes.is_empty() && !lint::blocked(&self.findings)
    }

    /// The findings that stop the change. INVARIANT: nothing that a rule finds holds up what only takes away; it is told.
    /// What can't be read may be anything.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        let free = self.only_takes() && !self.head.is_misread();
        self.errors().filter(move |_| !free)
    }

    /// The findings that would stop any other change.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.blocks() && !finding.rule.dated)
    }

    /// Out of whom people come who are asked for in all. INVARIANT: nobody is among them who approves such a change only as
    /// a sponsor of those whom it changes.
    pub fn reserve(&self) -> &BTreeSet<PersonId> {
        self.reserve.get_or_init(|| approvers::reserve(self))
    }

    /// What the change itself asks for beyond the rules; who made it may ask for more.
    pub fn surplus(&self) -> Surplus {
        let alone = self.requirements.iter().any(|requirement| requirement.sponsor_alone);
        let replaced = !self.replaced.is_empty() || !self.taken_over.is_empty();
        let ratifies = self.ratified().next().is_some();
        let in_all = [self.mass_removal.is_some(), alone, !self.ownerless.is_empty(), replaced, ratifies];
        Surplus { each: 0, in_all: in_all.into_iter().map(u32::from).sum() }
    }

    /// Landings that the change ratifies: each was refused, as far as whoever wrote it knows.
    pub fn ratified(&self) -> impl Iterator<Item = Oid> {
        let added = self.classes.paths().filter(|(path, _)| self.base.files.get(path).is_none());
        added.filter_map(|(path, _)| NamedFile::of_path(path)?.ratifies())
    }

    /// True for somebody who was ended, and whose word isn't over yet: see `approvers::lingering`.
    pub fn lingers(&self, person: &PersonId) -> bool {
        self.lingering().contains(person)
    }

    fn lingering(&self) -> &BTreeSet<PersonId> {
        self.lingering.get_or_init(|| approvers::lingering(&self.base.access, self.now))
    }

    /// True for somebody who was ended, and may approve this change all the same: it does nothing but bring back others
    /// who were ended with them.
    pub fn may_bring_back(&self, person: &PersonId) -> bool {
        let back = |path: &str| {
            let Claim::File(FileKind::Person, stem) = FileKind::of_path(path) else { return false };
            let [before, after] = [self.base, self.head].map(|side| side.access.people.get(stem));
            stem != person.as_str()
                && self.lingering().contains(stem)
                && before.zip(after).is_some_and(|(before, after)| before.is_same_but_ended(after))
        };
        !self.classes.is_empty() && self.lingers(person) && self.classes.paths().all(|(path, _)| back(path))
    }

    /// True where a request for changes by this person counts: an approval by them is asked for, and the change is no
    /// removal, nor takes anything from them. Who was ended objects while the word lingers, but not to being asked no more.
    pub fn may_object(&self, person: &PersonId) -> bool {
        let removal = self.classes.all().into_iter().all(|class| class == ChangeClass::Removal);
        let loses = || self.changes.iter().any(|change| change.key.person == *person && change.loses());
        let entitled = || self.requirements.iter().any(|requirement| requirement.eligible.contains(person));
        let here = || self.base.access.speaks(person).contains(self.now);
        let lingers = || self.lingers(person) && Entitled::of(&self.head.access).people.contains(person);
        !removal && entitled() && !loses() && (here() || lingers())
    }

    /// How long an approval of the change may wait for its first apply: the shorter of the old and the new policy.
    pub fn approvals_last(&self) -> Days {
        let of = |revision: &Revision| revision.access.policy.approvals_last.unwrap_or(Days::APPROVALS_LAST);
        of(self.base).min(of(self.head))
    }

    /// True where access is taken, and nothing else happens.
    pub fn only_takes(&self) -> bool {
        self.classes.all() == BTreeSet::from([ChangeClass::Removal])
            && !self.changes.iter().any(EntitlementChange::gains)
    }

    /// True where access is given, and nothing else happens.
    pub fn only_gives(&self) -> bool {
        self.classes.all().is_subset(&BTreeSet::from([ChangeClass::Access, ChangeClass::Identity]))
            && !self.changes.is_empty()
            && !self.changes.iter().any(EntitlementChange::loses)
            && self.judges.iter().all(|change| change.unseated().is_empty())
    }

    /// The highest risk of the roles in the change.
    pub fn risk(&self) -> Option<Risk> {
        Pairs::of(&self.changes, self.base, self.head).risk
    }
}

/// Which people gain or lose in which domains, and at what risk.
#[derive(Debug, Default)]
pub struct Pairs {
    pub gaining: BTreeSet<(DomainId, PersonId)>,
    pub losing: BTreeSet<(DomainId, PersonId)>,
    /// The highest of the roles in the change.
    pub risk: Option<Risk>,
    /// Of those who gain, services at elevated risk and above.
    pub services: BTreeSet<(DomainId, PersonId)>,
}

impl Pairs {
    fn of(changes: &[EntitlementChange], base: &Revision, head: &Revision) -> Self {
        let mut pairs = Pairs::default();
        // of before and after the higher one, so that a change can't make its own risk smaller
        let risk = |role| {
            let of = |revision: &Revision| revision.access.roles.get(role).map(|role| role.risk);
            of(base).max(of(head))
        };
        let service = |person: &PersonId| {
            let known = [head, base].map(|revision| revision.access.people.get(person));
            known.into_iter().flatten().any(|person| person.person_type == PersonType::Service)
        };
        for change in changes {
            let person = &change.key.person;
            for cause in change.gaining_causes(&head.entitlements) {
                let (pair, risk) = ((cause.domain.clone(), person.clone()), risk(&cause.role));
                if risk >= Some(Risk::Elevated) && service(person) {
                    pairs.services.insert(pair.clone());
                }
                pairs.gaining.insert(pair);
                pairs.risk = pairs.risk.max(risk);
            }
            for cause in change.dropping_causes(&base.entitlements) {
                pairs.losing.insert((cause.domain.clone(), person.clone()));
                pairs.risk = pairs.risk.max(risk(&cause.role));
            }
        }
        pairs
    }

    /// Everybody who gains or loses.
    pub fn all(&self) -> BTreeSet<(DomainId, PersonId)> {
        self.gaining.union(&self.losing).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
