use std::collections::BTreeSet;

use crate::access::reading::Step;
use crate::access::{Access, GroupId, Member};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "group-cycle",
        title: "a group contains itself",
        why: "Who is in such a group depends on where one starts to read, and a member added anywhere in the \
              circle is in all of it.",
        example: "# groups/a.yaml\nmembers: [group:b]\n# groups/b.yaml\nmembers: [group:a]",
        instead: "Remove one of the memberships, so that groups contain each other in one direction only.",
    },
    severity: Severity::Error,
    dated: false,
};

/// How many groups of a cycle the message names.
const NAMED: usize = 8;

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    let mut done: BTreeSet<&GroupId> = BTreeSet::new();
    for start in access.groups.values() {
        // the path from the start, with the members of each that are still to be followed
        let mut path: Vec<(&GroupId, std::slice::Iter<'_, Member>)> = Vec::new();
        let mut on_path: BTreeSet<&GroupId> = BTreeSet::new();
        if done.insert(&start.id) {
            on_path.insert(&start.id);
            path.push((&start.id, start.members.iter()));
        }
        while let Some((id, members)) = path.last_mut() {
            let Some(member) = members.next() else {
                on_path.remove(*id);
                path.pop();
                continue;
            };
            let Member::Group(member) = member else { continue };
            let Some(next) = access.groups.get(member) else { continue };
            if on_path.contains(member) {
                let cycle: Vec<&GroupId> = path.iter().map(|(id, _)| *id).skip_while(|id| *id != member).collect();
                findings.extend(report(access, cycle));
            } else if done.insert(&next.id) {
                on_path.insert(&next.id);
                path.push((&next.id, next.members.iter()));
            }
        }
    }
}

fn report(access: &Access, mut cycle: Vec<&GroupId>) -> Option<Finding> {
    let smallest = cycle.iter().enumerate().min_by_key(|(_, id)| **id).map(|(at, _)| at)?;
    cycle.rotate_left(smallest);
    let first = *cycle.first()?;
    let last = access.groups.get(*cycle.last()?)?;
    let mut names: Vec<String> = cycle.iter().take(NAMED).map(ToString::to_string).collect();
    if cycle.len() > NAMED {
        names.push(format!("{} more", cycle.len() - NAMED));
    }
    let finding = Finding::new(
        &RULE,
        last.source.item_place("members", &format!("group:{first}")),
        format!("group `{first}` contains itself: {} → {first}", names.join(" → ")),
        format!("remove `group:{first}` from the members of `{}`, or another step of the circle", last.id),
    );
    let group = access.groups.get(first)?;
    Some(finding.related(group.place(&[Step::Key("members")]), format!("the members of `{first}`")))
}
