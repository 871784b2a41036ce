//! Effective access before and after as a unified diff, an entitlement a line.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

use super::PlanView;
use super::escape::terminal;
use super::gains::{self, Way};
use super::rows::{Row, Weight, cut};
use crate::access::time::{format_end, format_start};
use crate::access::{Entitlement, EntitlementKey, Intervals, PersonId, Revision, TargetId};
use crate::plan::EntitlementChange;

/// Unchanged lines around a change, so that a gain is seen beside what the person holds already.
const CONTEXT: usize = 2;

/// Wider columns are not padded: one long name would push all others off the screen.
const WIDEST: usize = 48;

type Cells = [String; 6];

/// What a person holds in one interval.
#[derive(Clone)]
struct Holds {
    cells: Cells,
    /// How it weighs where it is new or gone.
    weight: Weight,
}

/// The diff, sorted by person, of about so many characters: gains and losses that are more are grouped. Each person is compared alone,
/// which keeps the work linear in the number of people.
pub(super) fn unified(view: &PlanView<'_>, room: usize) -> Vec<String> {
    let people: BTreeSet<&PersonId> = view.plan.changes.iter().map(|change| &change.key.person).collect();
    let lost = view.plan.changes.iter().map(|change| (&change.key, &change.lost)).collect();
    let gained = view.plan.changes.iter().map(|change| (&change.key, &change.gained)).collect();
    let (before, after) = (held(view, view.plan.base, &people, &lost), held(view, view.plan.head, &people, &gained));
    let none = Vec::new();
    let mut picked: Vec<(ChangeTag, &Holds)> = Vec::new();
    for person in &people {
        let (old, new) = (before.get(person).unwrap_or(&none), after.get(person).unwrap_or(&none));
        let text = |rows: &'_ [Holds]| rows.iter().map(|row| row.cells.clone()).collect::<Vec<_>>();
        let ops = capture_diff_slices(Algorithm::Myers, &text(old), &text(new));
        for op in group_diff_ops(ops, CONTEXT).into_iter().flatten() {
            pick(op, old, new, &mut picked);
        }
    }
    let widths = widths(picked.iter().map(|(_, row)| &row.cells));
    let rows: Vec<Row> = picked
        .into_iter()
        .map(|(tag, Holds { cells, weight })| {
            let (sign, weight) = match tag {
                ChangeTag::Equal => (' ', Weight::Light),
                ChangeTag::Delete => ('-', (*weight).max(Weight::Heavy)),
                ChangeTag::Insert => ('+', *weight),
            };
            Row { text: format!("{sign} {}", aligned(cells, &widths)), weight }
        })
        .collect();
    let kept = rows.iter().filter(|row| row.weight == Weight::Always).map(Row::size).sum::<usize>();
    if kept <= room {
        return cut(rows, room);
    }
    let others = rows.into_iter().filter(|row| row.weight != Weight::Always);
    let losses = gains::grouped(view, Way::Loss, room / 2);
    let left = room.saturating_sub(losses.iter().map(Row::size).sum());
    let gains = gains::grouped(view, Way::Gain, left);
    cut(losses.into_iter().chain(gains).chain(others).collect(), room)
}

fn pick<'r>(op: DiffOp, old: &'r [Holds], new: &'r [Holds], picked: &mut Vec<(ChangeTag, &'r Holds)>) {
    let mut add = |tag, rows: &'r [Holds], range: std::ops::Range<usize>| {
        picked.extend(rows.get(range).unwrap_or_default().iter().map(|row| (tag, row)));
    };
    match op {
        DiffOp::Equal { old_index, len, .. } => add(ChangeTag::Equal, old, old_index..old_index + len),
        DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
            add(ChangeTag::Delete, old, op.old_range());
            add(ChangeTag::Insert, new, op.new_range());
        }
    }
}

/// What people hold, each interval a row. `changed` is what of it comes or goes.
fn held<'a>(
    view: &PlanView<'_>,
    revision: &'a Revision,
    people: &BTreeSet<&PersonId>,
    changed: &BTreeMap<&EntitlementKey, &Intervals>,
) -> BTreeMap<&'a PersonId, Vec<Holds>> {
    let zone = view.zone();
    let moved = moved(view);
    let mut held: BTreeMap<&PersonId, Vec<Holds>> = BTreeMap::new();
    let of_people = people.iter().flat_map(|person| revision.entitlements.of(person));
    for Entitlement { key, intervals, .. } in of_people {
        let hours = if key.conditions.is_empty() { String::new() } else { key.conditions.words(zone) };
        let rows = held.entry(&key.person).or_default();
        for interval in intervals.iter() {
            let time = format!("{} … {}", format_start(interval.from(), zone), format_end(interval.until(), zone));
            let cells = [
                terminal(key.person.as_str()),
                if moved.contains(&(&key.person, &key.target)) {
                    terminal(&format!("{} {}", key.target, key.principal))
                } else {
                    terminal(key.target.as_str())
                },
                terminal(&format!("{} {}", key.kind.name, key.resource)),
                terminal(&key.permission),
                time,
                hours.clone(),
            ];
            let weight = match changed.get(key) {
                Some(changed) if changed.meets(interval) => Weight::Always,
                _ if (key.kind.dangerous)(&key.resource, &key.permission) => Weight::Heavy,
                _ => Weight::Light,
            };
            rows.push(Holds { cells, weight });
        }
    }
    held
}

/// Whose account at a target changes: without the account the lines before and after would read alike.
fn moved<'a>(view: &PlanView<'a>) -> BTreeSet<(&'a PersonId, &'a TargetId)> {
    let mut principals: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for EntitlementChange { key, .. } in &view.plan.changes {
        principals.entry((&key.person, &key.target)).or_default().insert(&key.principal);
    }
    principals.into_iter().filter(|(_, names)| names.len() > 1).map(|(key, _)| key).collect()
}

fn widths<'a>(rows: impl Iterator<Item = &'a Cells>) -> [usize; 6] {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count().min(WIDEST));
        }
    }
    widths
}

fn aligned(cells: &Cells, widths: &[usize; 6]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}
