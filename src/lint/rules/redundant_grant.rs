use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Conditions, DomainId, Grant, Interval, Member, ResourceId, RoleId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "redundant-grant",
        title: "a grant gives nothing that another doesn't give",
        why: "When one of two equal grants is removed, the access stays, and whoever removed it believes that it \
              is gone.",
        example: "# grants/a.yaml and grants/b.yaml\nto: [alice.nguyen]\nrole: developer\ndomain: payments-staging",
        instead: "Delete the one that ends first.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    type Same<'a> = (BTreeSet<&'a Member>, &'a RoleId, &'a DomainId, Option<&'a BTreeSet<ResourceId>>, &'a Conditions);
    let mut same: BTreeMap<Same<'_>, Vec<(&Grant, Interval)>> = BTreeMap::new();
    for grant in survey.access.grants.values() {
        let Some(interval) = grant.interval() else { continue };
        let key = (grant.to.iter().collect(), &grant.role, &grant.domain, grant.resources.as_ref(), &grant.conditions);
        same.entry(key).or_default().push((grant, interval));
    }
    for mut grants in same.into_values() {
        // what starts first, of those what lasts longest, can hold all that follow it
        grants.sort_by_key(|(grant, interval)| (interval.from(), Reverse(interval.until()), &grant.id));
        let mut longest: Option<(&Grant, Interval)> = None;
        for (grant, interval) in grants {
            match longest {
                Some((other, held)) if interval.until() <= held.until() => findings.push(
                    Finding::new(
                        &RULE,
                        grant.place(&[]),
                        format!("grant `{}` gives nothing that `{}` doesn't give", grant.id, other.id),
                        "delete the file",
                    )
                    .related(other.place(&[]), "the other grant"),
                ),
                Some(_) | None => longest = Some((grant, interval)),
            }
        }
    }
}
