//! Effective access before and after as a unified diff, an entitlement a line; and how long lists are cut.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

use super::PlanView;
use super::escape::terminal;
use super::gains;
use crate::access::time::{format_end, format_start};
use crate::access::{Entitlement, EntitlementKey, Intervals, PersonId, Revision, TargetId};
use crate::plan::EntitlementChange;

/// Unchanged lines around a change, so that a gain is seen beside what the person holds already.
const CONTEXT: usize = 2;

/// Wider columns are not padded: one long name would push all others off the screen.
const WIDEST: usize = 48;

/// A line of a list that may be too long to be shown whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) weight: Weight,
}

/// In which order rows go where something has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Light,
    /// A loss, or what administers.
    Heavy,
    /// INVARIANT: what somebody gains is never cut.
    Gain,
}

impl Row {
    pub(super) fn new(text: String, heavy: bool) -> Self {
        Row { text, weight: if heavy { Weight::Heavy } else { Weight::Light } }
    }

    fn size(&self) -> usize {
        self.text.chars().count() + 1
    }
}

type Cells = [String; 6];

/// What a person holds in one interval.
#[derive(Clone)]
struct Holds {
    cells: Cells,
    /// How it weighs where it is new.
    weight: Weight,
}

/// The diff, sorted by person, of about so many characters: gains that are more are grouped. Each person is compared alone,
/// which keeps the work linear in the number of people.
pub(super) fn unified(view: &PlanView<'_>, room: usize) -> Vec<String> {
    let people: BTreeSet<&PersonId> = view.plan.changes.iter().map(|change| &change.key.person).collect();
    let (before, after) = (held(view, view.plan.base, &people), held(view, view.plan.head, &people));
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
                ChangeTag::Delete => ('-', Weight::Heavy),
                ChangeTag::Insert => ('+', *weight),
            };
            Row { text: format!("{sign} {}", aligned(cells, &widths)), weight }
        })
        .collect();
    let gained = rows.iter().filter(|row| row.weight == Weight::Gain).map(Row::size).sum::<usize>();
    if gained <= room {
        return cut(rows, room);
    }
    let others = rows.into_iter().filter(|row| row.weight != Weight::Gain);
    cut(gains::grouped(view, room).into_iter().chain(others).collect(), room)
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

/// What people hold, each interval a row.
fn held<'a>(
    view: &PlanView<'_>,
    revision: &'a Revision,
    people: &BTreeSet<&PersonId>,
) -> BTreeMap<&'a PersonId, Vec<Holds>> {
    let zone = view.zone();
    let moved = moved(view);
    let gained: BTreeMap<&EntitlementKey, &Intervals> =
        view.plan.changes.iter().map(|change| (&change.key, &change.gained)).collect();
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
            let weight = match gained.get(key) {
                Some(gained) if gained.meets(interval) => Weight::Gain,
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

/// Cuts a list in the middle to so many characters, and says by how much. The heavier a row, the later it goes.
pub(super) fn cut(rows: Vec<Row>, room: usize) -> Vec<String> {
    let total = rows.len();
    if rows.iter().map(Row::size).sum::<usize>() <= room {
        return rows.into_iter().map(|row| row.text).collect();
    }
    // from both ends inwards, the heavier before the rest
    let mut inwards: Vec<usize> = (0..total.div_ceil(2)).flat_map(|at| [at, total - 1 - at]).collect();
    inwards.sort_by_key(|at| std::cmp::Reverse(rows.get(*at).map(|row| row.weight)));
    let mut left = room.saturating_sub(NOTE);
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    for at in inwards {
        let Some(row) = rows.get(at).filter(|_| !shown.contains(&at)) else { continue };
        match left.checked_sub(row.size() + GAP) {
            Some(rest) => left = rest,
            None if row.weight == Weight::Gain => left = 0,
            // one huge row must not hide all others
            None if row.size() > room / 4 => continue,
            None => break,
        }
        shown.insert(at);
    }
    let mut lines = Vec::new();
    let (mut told, mut within) = (false, false);
    for (at, row) in rows.iter().enumerate() {
        let is_shown = shown.contains(&at);
        if is_shown {
            lines.push(row.text.clone());
        } else if !within {
            lines.push(if told { "…".to_owned() } else { format!("… {} of {total} shown", shown.len()) });
            told = true;
        }
        within = !is_shown;
    }
    lines
}

/// Room for the line that says what was cut, and for the mark of one more gap beside each row.
const NOTE: usize = 40;
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_in_the_middle_and_losses_stay() {
        let rows: Vec<Row> = (0..100)
            .map(|at| Row::new(if at == 50 { "- 50".to_owned() } else { format!("+ {at:02}") }, at == 50))
            .collect();
        let lines = cut(rows.clone(), 75);
        assert_eq!(lines, ["+ 00", "+ 01", "… 5 of 100 shown", "- 50", "…", "+ 98", "+ 99"]);
        assert!(lines.iter().map(|line| line.chars().count() + 1).sum::<usize>() <= 75);
        assert_eq!(cut(rows.clone(), 500).len(), 100);
        // what is gained is never cut, however little room there is
        let gained = |at: &usize| at % 3 == 1;
        let weighed = |(at, row): (usize, Row)| if gained(&at) { Row { weight: Weight::Gain, ..row } } else { row };
        let lines = cut(rows.into_iter().enumerate().map(weighed).collect(), 20);
        assert_eq!(lines.iter().filter(|line| line.starts_with("+ ")).count(), (0..100).filter(gained).count());
        assert_eq!(cut(Vec::new(), 0), Vec::<String>::new());
    }
}
