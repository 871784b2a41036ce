//! Classes of change, by what changes and not by file alone (which class a file's change belongs to).

use std::collections::{BTreeMap, BTreeSet};

use crate::access::merge;
use crate::access::reading::{Claim, FileKind};
use crate::access::{Bridge, ChangeClass, Grant, Group, Interval, Person, PersonId, PersonType, Revision, Vendor};
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::plan::EntitlementChange;
use crate::plan::approvers::{Entitled, WordChange};

/// Rules and the access they judge, changed in one step.
pub const MIXED_CHANGE: Rule = Rule {
    code: Code {
        id: "mixed-change",
        title: "one change touches both the rules (or who people are) and the access that they judge",
        why: "Whoever may loosen a rule and use it in the same step has turned both keys. A reviewer of the grant can't \
              see that the rule which should have stopped it goes away in another file.",
        example: "policies/duties.yaml      # a duties rule is dropped\ngrants/tom-deploy.yaml    # the grant that it forbade",
        instead: "Split the change: let the policy or identity part land first, with its own approvals, then the access. A person \
                  or domain that only gets another name, or a resource that goes to a domain of the same owners, lands in one \
                  change with the grants that name it: nobody gains or loses anything by that.",
    },
    severity: Severity::Error,
    dated: false,
};

/// The classes of a change, and which path belongs to which.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    by_path: BTreeMap<String, ChangeClass>,
    extra: BTreeSet<ChangeClass>,
    ending: BTreeSet<PersonId>,
}

impl Classes {
    pub fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    pub fn has(&self, class: ChangeClass) -> bool {
        self.all().contains(&class)
    }

    /// Every class that is touched.
    pub fn all(&self) -> BTreeSet<ChangeClass> {
        self.by_path.values().copied().chain(self.extra.iter().copied()).collect()
    }

    /// The changed paths, each with its class.
    pub fn paths(&self) -> impl Iterator<Item = (&str, ChangeClass)> {
        self.by_path.iter().map(|(path, class)| (path.as_str(), *class))
    }

    /// People whose engagement, contract or `ended` moved: what they lose doesn't count as a mass removal.
    pub fn ending_people(&self) -> &BTreeSet<PersonId> {
        &self.ending
    }

    /// The finding for rules and access in one change, where they are.
    pub fn mixed_change(&self) -> Option<Finding> {
        // a ratification stands in one change with what it ratifies, and loosens nothing else
        let loosens = |path: &str| !matches!(FileKind::of_path(path), Claim::File(FileKind::Ratification, _));
        let first =
            |wanted: &[ChangeClass]| self.by_path.iter().find(|(path, class)| wanted.contains(class) && loosens(path));
        let (judge, class) = first(&[ChangeClass::Policy, ChangeClass::Identity])?;
        let (access, _) = first(&[ChangeClass::Access])?;
        let place = Place::whole_file(judge);
        let message = format!("this change touches {} (class {}) together with access files", judge, class.as_str());
        let help = format!("move {judge} and the other {} files to a change of their own", class.as_str());
        Some(Finding::new(&MIXED_CHANGE, place, message, help).related(Place::whole_file(access), "an access file"))
    }
}

/// Whose files steer who approves.
struct Judges<'a> {
    /// Before and after the change.
    entitled: [&'a Entitled; 2],
    /// Who can approve something after the change, and could not before.
    newcomers: BTreeSet<&'a PersonId>,
}

impl Judges<'_> {
    fn has_person(&self, id: &str) -> bool {
        self.entitled.iter().any(|side| side.people.contains(id))
    }

    fn has_group(&self, id: &str) -> bool {
        self.entitled.iter().any(|side| side.groups.contains(id))
    }

    /// True where a sponsor who could approve nothing before takes over.
    fn lets_in(&self, before: Option<&PersonId>, after: Option<&PersonId>) -> bool {
        before != after && after.is_some_and(|sponsor| self.newcomers.contains(sponsor))
    }
}

/// Sorts every changed managed path into a class.
///
/// INVARIANT: where somebody could approve anything after the change who could not before, it is of class policy,
/// whichever file did it.
pub fn classify<'a>(
    base: &'a Revision,
    head: &'a Revision,
    changes: &[EntitlementChange],
    entitled: [&Entitled; 2],
    words: &[WordChange],
) -> Classes {
    let judges =
        Judges { entitled, newcomers: words.iter().filter(|word| word.gains()).map(|word| &word.person).collect() };
    let mut classes = Classes::default();
    let row = |of: &'a Revision| of.files.iter().map(|file| (file.path(), file));
    for (path, ..) in merge(row(base), row(head)).filter(|(_, before, after)| before != after) {
        let class = match FileKind::of_path(path) {
            Claim::File(kind, stem) => file_class(kind, stem, base, head, &judges, &mut classes.ending),
            // workflows, code owners, attributes, and whatever is not read: all of it steers how changes are judged
            Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => ChangeClass::Policy,
        };
        classes.by_path.insert(path.to_owned(), class);
    }
    if !judges.newcomers.is_empty() && !classes.has(ChangeClass::Policy) {
        classes.extra.insert(ChangeClass::Policy);
    }
    let gains = changes.iter().any(EntitlementChange::gains);
    let only_removals = !classes.is_empty() && classes.by_path.values().all(|class| *class == ChangeClass::Removal);
    if gains && only_removals {
        // what looks like a removal file by file may still lengthen something: then it is judged as access too
        classes.extra.insert(ChangeClass::Access);
    }
    classes
}

fn file_class(
    kind: FileKind,
    stem: &str,
    base: &Revision,
    head: &Revision,
    judges: &Judges<'_>,
    ending: &mut BTreeSet<PersonId>,
) -> ChangeClass {
    let (base, head) = (&base.access, &head.access);
    match kind {
        FileKind::Config
        | FileKind::Policy
        | FileKind::Cases
        | FileKind::Ratification
        | FileKind::Rego
        | FileKind::Role
        | FileKind::Domain => ChangeClass::Policy,
        FileKind::Group if judges.has_group(stem) => ChangeClass::Policy,
        FileKind::Group => removal_or(group_shrinks(base.groups.get(stem), head.groups.get(stem)), ChangeClass::Access),
        FileKind::Grant => removal_or(grant_shrinks(base.grants.get(stem), head.grants.get(stem)), ChangeClass::Access),
        FileKind::Bridge => {
            removal_or(bridge_shrinks(base.bridges.get(stem), head.bridges.get(stem)), ChangeClass::Bridge)
        }
        FileKind::Vendor => {
            let (before, after) = (base.vendors.get(stem), head.vendors.get(stem));
            if let (Some(before), Some(after)) = (before, after)
                && (before.ended != after.ended || before.contract != after.contract)
            {
                ending.extend(
                    base.people.values().filter(|p| p.vendor.as_ref() == Some(&before.id)).map(|p| p.id.clone()),
                );
            }
            if before.is_some() && judges.lets_in(before.map(|v| &v.sponsor), after.map(|v| &v.sponsor)) {
                return ChangeClass::Policy;
            }
            removal_or(vendor_shrinks(before, after), ChangeClass::Identity)
        }
        FileKind::Person => {
            let (before, after) = (base.people.get(stem), head.people.get(stem));
            if let (Some(before), Some(after)) = (before, after)
                && (before.ended != after.ended || before.engagement != after.engagement)
            {
                ending.insert(before.id.clone());
            }
            let sponsor = |person: Option<&'_ Person>| person.and_then(|person| person.sponsor.clone());
            let lets_in = before.is_some() && judges.lets_in(sponsor(before).as_ref(), sponsor(after).as_ref());
            if lets_in || judges.lets_in(None, after.map(|person| &person.id)) {
                return ChangeClass::Policy;
            }
            person_class(before, after, judges.has_person(stem))
        }
    }
}

/// A removal takes something: a change of words alone is none.
fn removal_or(shrinks: bool, otherwise: ChangeClass) -> ChangeClass {
    if shrinks { ChangeClass::Removal } else { otherwise }
}

fn shrinks_to<T: Ord>(before: &[T], after: &[T]) -> bool {
    let before: BTreeSet<&T> = before.iter().collect();
    after.iter().all(|member| before.contains(member))
}

fn group_shrinks(before: Option<&Group>, after: Option<&Group>) -> bool {
    match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => before.members != after.members && shrinks_to(&before.members, &after.members),
        (None, _) => false,
    }
}

fn grant_shrinks(before: Option<&Grant>, after: Option<&Grant>) -> bool {
    match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            let narrower = match (&before.resources, &after.resources) {
                (None, _) => true,
                (Some(before), Some(after)) => after.is_subset(before),
                (Some(_), None) => false,
            };
            let same = before.resources == after.resources
                && before.until == after.until
                && before.to == after.to
                && before.conditions == after.conditions;
            !same
                && before.role == after.role
                && before.domain == after.domain
                && narrower
                && after.conditions.within(&before.conditions)
                && before.from == after.from
                && ends_no_later(before.until, after.until)
                && shrinks_to(&before.to, &after.to)
        }
        (None, _) => false,
    }
}

fn ends_no_later(before: Option<jiff::Timestamp>, after: Option<jiff::Timestamp>) -> bool {
    match (before, after) {
        (None, _) => true,
        (Some(before), Some(after)) => after <= before,
        (Some(_), None) => false,
    }
}

fn bridge_shrinks(before: Option<&Bridge>, after: Option<&Bridge>) -> bool {
    match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            !(after.until == before.until && after.people == before.people)
                && before.home == after.home
                && before.into == after.into
                && after.until <= before.until
                && after.people.is_subset(&before.people)
        }
        (None, _) => false,
    }
}

fn vendor_shrinks(before: Option<&Vendor>, after: Option<&Vendor>) -> bool {
    match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            !(before.contract == after.contract && before.ended == after.ended)
                && before.name == after.name
                && before.sponsor == after.sponsor
                && before.domains == after.domains
                && within(&after.contract, &before.contract)
                && ends_no_later(before.ended, after.ended)
        }
        (None, _) => false,
    }
}

fn within(inner: &Interval, outer: &Interval) -> bool {
    inner.from() == outer.from() && inner.until() <= outer.until()
}

fn person_class(before: Option<&Person>, after: Option<&Person>, approves: bool) -> ChangeClass {
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (Some(_), None) if approves => return ChangeClass::Policy,
        (Some(_), None) => return ChangeClass::Removal,
        (None, Some(new)) => {
            let quiet = new.person_type == PersonType::Contractor && new.keys.is_empty() && new.emails.is_empty();
            return if approves {
                ChangeClass::Policy
            } else if quiet {
                ChangeClass::Access
            } else {
                ChangeClass::Identity
            };
        }
        // a file that is read in neither revision has findings that stop the change; it must not count as harmless
        (None, None) => return ChangeClass::Policy,
    };
    let identity = before.accounts != after.accounts
        || before.emails != after.emails
        || before.keys != after.keys
        || before.person_type != after.person_type
        || before.sponsor != after.sponsor;
    if identity && approves {
        return ChangeClass::Policy;
    }
    let later_end = before.ended != after.ended && !ends_no_later(before.ended, after.ended);
    if identity || later_end || before.vendor != after.vendor {
        return ChangeClass::Identity;
    }
    let same_name = before.name == after.name;
    let same_engagement = before.engagement == after.engagement;
    let shorter = match (&before.engagement, &after.engagement) {
        (Some(before), Some(after)) => within(after, before),
        (before, after) => before == after,
    };
    let ends = before.ended != after.ended;
    let only_ends = ends && same_engagement;
    let only_shorter = shorter && !same_engagement && !approves;
    if same_name && (only_ends || only_shorter) { ChangeClass::Removal } else { ChangeClass::Access }
}
