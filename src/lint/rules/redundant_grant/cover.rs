//! Intervals that come and go, asked what they cover together. Each question takes as many steps as the number of intervals
//! has digits.

use jiff::Timestamp;

use crate::access::Interval;

/// What is asked of them.
#[derive(Debug)]
pub struct Cover {
    /// Where an interval starts or ends, sorted; between two neighbours nothing changes.
    instants: Vec<Timestamp>,
    /// How often the least covered part below each node is covered, beside what nodes above say. Two nodes are under each.
    least: Vec<i64>,
    /// How often the whole of each node is covered.
    whole: Vec<i64>,
    /// The intervals by their start, and below each node the latest end of one that is there.
    starts: Vec<(Timestamp, usize)>,
    latest: Vec<Option<(Timestamp, usize)>>,
    intervals: Vec<Interval>,
}

impl Cover {
    /// Of intervals that may be there, none of which is yet. They are called by their places.
    pub fn of(intervals: Vec<Interval>) -> Self {
        let mut instants: Vec<Timestamp> = intervals.iter().flat_map(|one| [one.from(), one.until()]).collect();
        instants.sort_unstable();
        instants.dedup();
        let mut starts: Vec<(Timestamp, usize)> = intervals.iter().map(Interval::from).zip(0..).collect();
        starts.sort_unstable();
        let nodes = 2 * instants.len().next_power_of_two();
        let latest = vec![None; 2 * starts.len().next_power_of_two()];
        Cover { instants, least: vec![0; nodes], whole: vec![0; nodes], starts, latest, intervals }
    }

    /// One comes.
    pub fn insert(&mut self, place: usize) {
        self.set(place, 1);
    }

    /// One goes.
    pub fn remove(&mut self, place: usize) {
        self.set(place, -1);
    }

    fn set(&mut self, place: usize, by: i64) {
        let Some(interval) = self.intervals.get(place).copied() else { return };
        let (from, until) = self.parts(&interval);
        self.add(1, (0, self.whole.len() / 2), (from, until), by);
        let Ok(leaf) = self.starts.binary_search(&(interval.from(), place)) else { return };
        let mut node = self.latest.len() / 2 + leaf;
        let mut value = (by > 0).then_some((interval.until(), place));
        while let Some(held) = self.latest.get_mut(node) {
            *held = value;
            let beside = self.latest.get(node ^ 1).copied().flatten();
            if node <= 1 {
                break;
            }
            value = value.max(beside);
            node /= 2;
        }
    }

    /// True where the whole of an interval is covered by those that are there. It starts and ends where one of them does or
    /// would.
    pub fn covers(&self, interval: &Interval) -> bool {
        self.least_in(1, (0, self.whole.len() / 2), self.parts(interval)) > 0
    }

    /// Of those that have started by an instant, the one that lasts longest.
    pub fn longest_at(&self, at: Timestamp) -> Option<(Timestamp, usize)> {
        let (mut from, mut until) = (0, self.starts.partition_point(|(start, _)| *start <= at));
        let leaves = self.latest.len() / 2;
        (from, until) = (from + leaves, until + leaves);
        let mut longest = None;
        while from < until {
            if from % 2 == 1 {
                longest = longest.max(self.latest.get(from).copied().flatten());
                from += 1;
            }
            if until % 2 == 1 {
                until -= 1;
                longest = longest.max(self.latest.get(until).copied().flatten());
            }
            (from, until) = (from / 2, until / 2);
        }
        longest
    }

    fn parts(&self, interval: &Interval) -> (usize, usize) {
        let place = |at: Timestamp| self.instants.partition_point(|instant| *instant < at);
        (place(interval.from()), place(interval.until()))
    }

    fn add(&mut self, node: usize, (first, end): (usize, usize), parts: (usize, usize), by: i64) {
        if parts.1 <= first || end <= parts.0 {
            return;
        }
        if parts.0 <= first && end <= parts.1 {
            self.whole.get_mut(node).into_iter().for_each(|whole| *whole += by);
        } else {
            let middle = usize::midpoint(first, end);
            self.add(2 * node, (first, middle), parts, by);
            self.add(2 * node + 1, (middle, end), parts, by);
            let below = |node: usize| self.covered(node);
            let least = below(2 * node).min(below(2 * node + 1));
            self.least.get_mut(node).into_iter().for_each(|held| *held = least);
        }
    }

    fn covered(&self, node: usize) -> i64 {
        let of = |all: &[i64]| all.get(node).copied().unwrap_or_default();
        of(&self.least) + of(&self.whole)
    }

    fn least_in(&self, node: usize, (first, end): (usize, usize), parts: (usize, usize)) -> i64 {
        if parts.1 <= first || end <= parts.0 {
            return i64::MAX;
        }
        if parts.0 <= first && end <= parts.1 {
            return self.covered(node);
        }
        let middle = usize::midpoint(first, end);
        let below = self.least_in(2 * node, (first, middle), parts);
        let beside = self.least_in(2 * node + 1, (middle, end), parts);
        below.min(beside).saturating_add(self.whole.get(node).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn it_says_what_looking_at_each_second_says(
            all in proptest::collection::vec((0_i64..30, 1_i64..9), 1..12),
            steps in proptest::collection::vec(0_usize..12, 0..24),
        ) {
            let intervals: Vec<Interval> =
                all.iter().filter_map(|(from, length)| Interval::new(at(*from), at(from + length))).collect();
            let mut cover = Cover::of(intervals.clone());
            let mut there = vec![false; intervals.len()];
            for place in steps.iter().map(|step| step % intervals.len()) {
                there[place] = !there[place];
                if there[place] { cover.insert(place) } else { cover.remove(place) }
                let present = || intervals.iter().zip(&there).filter(|(_, there)| **there).map(|(one, _)| *one);
                for (from, length) in &all {
                    let asked = Interval::new(at(*from), at(from + length)).unwrap();
                    let covered = (*from..from + length).all(|second| present().any(|one| one.contains(at(second))));
                    prop_assert_eq!(cover.covers(&asked), covered);
                    let longest = present().filter(|one| one.from() <= at(*from)).map(|one| one.until()).max();
                    prop_assert_eq!(cover.longest_at(at(*from)).map(|(until, _)| until), longest);
                }
            }
        }
    }
}
