//! Lists that may be too long to be shown whole, and how they are cut.

use std::collections::BTreeSet;

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
    /// INVARIANT: what somebody gains or loses, and who judges by what, is never cut.
    Always,
}

impl Row {
    pub(super) fn new(text: String, heavy: bool) -> Self {
        Row { text, weight: if heavy { Weight::Heavy } else { Weight::Light } }
    }

    /// A row that is never cut.
    pub(super) fn always(text: String) -> Self {
        Row { text, weight: Weight::Always }
    }

    pub(super) fn size(&self) -> usize {
        self.text.chars().count() + 1
    }
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
            None if row.weight == Weight::Always => left = 0,
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
        let weighed = |(at, row): (usize, Row)| if gained(&at) { Row { weight: Weight::Always, ..row } } else { row };
        let lines = cut(rows.into_iter().enumerate().map(weighed).collect(), 20);
        assert_eq!(lines.iter().filter(|line| line.starts_with("+ ")).count(), (0..100).filter(gained).count());
        assert_eq!(cut(Vec::new(), 0), Vec::<String>::new());
    }
}
