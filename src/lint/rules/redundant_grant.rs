use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashSet, HashSetExt as _};

use crate::access::{Access, Cause, Entitlement, EntitlementKey, GrantId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Survey, wording};

pub const RULE: Rule = Rule {
    code: Code {
        id: "redundant-grant",
        title: "a grant gives nothing that others don't give",
        why: "When it is removed, the access stays, and whoever removed it believes that it is gone. Of permissions \
              that a person holds one at a time, a higher one gives the lower ones too.",
        example: "# grants/a.yaml\nto: [alice.nguyen]\nrole: developer       # `repository: push`\n\
                  # grants/b.yaml\nto: [alice.nguyen]\nrole: reader          # `repository: pull`",
        instead: "Delete the one that gives less.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// What one person holds on one resource, sorted by when it starts.
type Slot<'a> = Vec<(&'a EntitlementKey, &'a Cause)>;

pub fn find<'a>(survey: &Survey<'a>, findings: &mut Vec<Finding>) {
    // whatever stands alone somewhere is needed there
    let mut needed: HashSet<&GrantId> = HashSet::new();
    let mut shared: Vec<Slot<'_>> = Vec::new();
    let one_slot = |a: &Entitlement, b: &Entitlement| {
        let (a, b) = (&a.key, &b.key);
        (a.kind, &a.resource, &a.target) == (b.kind, &b.resource, &b.target)
    };
    for slot in survey.entitlements.by_person().flat_map(|own| own.chunk_by(one_slot)) {
        let mut grants = slot.iter().flat_map(|entitlement| &entitlement.causes).map(|cause| &cause.grant);
        let Some(first) = grants.next() else { continue };
        if grants.all(|grant| grant == first) {
            needed.insert(first);
        } else {
            let of = |one: &'a Entitlement| one.causes.iter().map(|cause| (&one.key, cause));
            let mut held: Slot<'_> = slot.iter().flat_map(of).collect();
            held.sort_by_key(|(_, cause)| cause.interval.from());
            shared.push(held);
        }
    }
    let mut by_grant: BTreeMap<&GrantId, Vec<&Slot<'_>>> = BTreeMap::new();
    for slot in &shared {
        let grants: BTreeSet<&GrantId> = slot.iter().map(|(_, cause)| &cause.grant).collect();
        grants.into_iter().for_each(|grant| by_grant.entry(grant).or_default().push(slot));
    }
    let mut candidates: Vec<&GrantId> = by_grant.keys().copied().filter(|grant| !needed.contains(grant)).collect();
    candidates.sort_by_key(|grant| weakest_first(survey.access, grant));
    let mut gone: HashSet<&GrantId> = HashSet::new();
    for id in candidates {
        let mut others: BTreeSet<&GrantId> = BTreeSet::new();
        let covered = by_grant.get(id).is_some_and(|slots| {
            slots.iter().all(|slot| {
                slot.iter().filter(|(_, cause)| &cause.grant == id).all(|own| covered(*own, slot, &gone, &mut others))
            })
        });
        let Some(grant) = survey.access.grants.get(id).filter(|_| covered) else { continue };
        gone.insert(id);
        let mut finding = Finding::new(
            &RULE,
            grant.place(&[]),
            format!(
                "grant `{id}` gives nothing that {} {} give",
                wording::some_of(&others),
                if others.len() == 1 { "doesn't" } else { "don't" }
            ),
            "delete the file",
        );
        // as many as the message names: of thousands that overlap each could name all others
        for other in others.iter().take(wording::NAMED).filter_map(|id| survey.access.grants.get(*id)) {
            finding = finding.related(other.place(&[]), format!("grant `{}`", other.id));
        }
        findings.push(finding);
    }
}

/// Of two that cover each other the one that starts later, or ends earlier, or comes later by name, is too much.
fn weakest_first<'a>(access: &Access, id: &'a GrantId) -> impl Ord + use<'a> {
    let interval = access.grants.get(id).and_then(crate::access::Grant::interval);
    (interval.map(|interval| (Reverse(interval.from()), interval.until())), Reverse(id))
}

/// True where other grants give the same or more for the whole time; those that reach furthest are added to the others.
fn covered<'a>(
    (key, own): (&EntitlementKey, &Cause),
    slot: &[(&'a EntitlementKey, &'a Cause)],
    gone: &HashSet<&GrantId>,
    others: &mut BTreeSet<&'a GrantId>,
) -> bool {
    let kind = key.kind;
    let enough = |other: &EntitlementKey| {
        let more = kind.holds_one() && kind.rank(&other.permission) > kind.rank(&key.permission);
        (other.permission == key.permission || more) && key.conditions.within(&other.conditions)
    };
    let (mut given, end) = (own.interval.from(), own.interval.until());
    let mut furthest: Option<&'a Cause> = None;
    for (other, cause) in slot {
        if cause.interval.from() > given {
            // nothing that starts later fills the gap
            let Some(next) = furthest.take() else { return false };
            others.insert(&next.grant);
            given = next.interval.until();
            if given >= end || cause.interval.from() > given {
                break;
            }
        }
        let reach = furthest.map_or(given, |next| next.interval.until());
        if cause.interval.until() > reach && cause.grant != own.grant && enough(other) && !gone.contains(&cause.grant) {
            furthest = Some(cause);
        }
    }
    if let Some(next) = furthest.filter(|_| given < end) {
        others.insert(&next.grant);
        given = next.interval.until();
    }
    given >= end
}
