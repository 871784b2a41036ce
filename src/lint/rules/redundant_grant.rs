use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Access, Cause, EntitlementKey, GrantId, Intervals, PersonId};
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

/// What one person holds on one resource, by grant.
type Slots<'a> = BTreeMap<(&'a PersonId, &'a str, &'a str, &'a str), Vec<(&'a EntitlementKey, &'a Cause)>>;

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut slots: Slots<'_> = BTreeMap::new();
    for entitlement in survey.entitlements.iter() {
        let key = &entitlement.key;
        let slot = slots.entry((&key.person, key.target.as_str(), key.kind.name, &key.resource)).or_default();
        slot.extend(entitlement.causes.iter().map(|cause| (key, cause)));
    }
    // whatever stands alone somewhere is needed there
    let mut needed: BTreeSet<&GrantId> = BTreeSet::new();
    let mut by_grant: BTreeMap<&GrantId, Vec<&Vec<(&EntitlementKey, &Cause)>>> = BTreeMap::new();
    for slot in slots.values() {
        let grants: BTreeSet<&GrantId> = slot.iter().map(|(_, cause)| &cause.grant).collect();
        if grants.len() == 1 {
            needed.extend(grants);
        } else {
            grants.into_iter().for_each(|grant| by_grant.entry(grant).or_default().push(slot));
        }
    }
    let mut candidates: Vec<&GrantId> = by_grant.keys().copied().filter(|grant| !needed.contains(grant)).collect();
    candidates.sort_by_key(|grant| weakest_first(survey.access, grant));
    let mut gone: BTreeSet<&GrantId> = BTreeSet::new();
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
        for other in others.iter().filter_map(|id| survey.access.grants.get(*id)) {
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

/// True where other grants give the same or more for the whole time; they are added to the others.
fn covered<'a>(
    (key, own): (&EntitlementKey, &Cause),
    slot: &[(&'a EntitlementKey, &'a Cause)],
    gone: &BTreeSet<&GrantId>,
    others: &mut BTreeSet<&'a GrantId>,
) -> bool {
    let kind = key.kind;
    let mut left = Intervals::from_iter([own.interval]);
    for (other, cause) in slot.iter().filter(|(_, cause)| cause.grant != own.grant && !gone.contains(&cause.grant)) {
        let enough = other.permission == key.permission
            || (kind.holds_one() && kind.rank(&other.permission) > kind.rank(&key.permission));
        let given = Intervals::from_iter([cause.interval]);
        let enough = enough && key.conditions.within(&other.conditions);
        if enough && !left.intersect(&given).is_empty() {
            left = left.minus(&given);
            others.insert(&cause.grant);
        }
    }
    left.is_empty()
}
