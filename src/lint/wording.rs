//! How messages say the same things in the same words.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::access::Interval;
use crate::access::time::{format_end, format_start};

/// How many names a message holds before it counts the rest.
pub const NAMED: usize = 3;

/// "`a`, `b`, `c` and 4 more".
pub fn some_of<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    some_of_many(names, 0)
}

/// The same where there are so many more beside the names.
pub fn some_of_many<T: Display>(names: impl IntoIterator<Item = T>, more: usize) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(NAMED).map(|name| format!("`{name}`")).collect();
    match (names.count() + more, shown.split_last()) {
        (0, Some((last, rest))) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (0, _) => shown.join(", "),
        (more, _) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// "from 2026-11-24 to 2027-01-31", with the last day where the end is a midnight; "on 2026-11-24" for one day.
pub fn during(interval: &Interval, zone: &TimeZone) -> String {
    let from = format_start(interval.from(), zone);
    let until = format_end(interval.until(), zone);
    match (interval.from() == Timestamp::MIN, interval.until() == Timestamp::MAX) {
        (true, true) => "without start and end".to_owned(),
        (true, false) => format!("until {until}"),
        (false, true) => format!("from {from} on"),
        (false, false) if from == until => format!("on {from}"),
        (false, false) => format!("from {from} to {until}"),
    }
}

/// Several stretches of time: the first few, then how many more.
pub fn during_all<'a>(intervals: impl IntoIterator<Item = &'a Interval>, zone: &TimeZone) -> String {
    let all: Vec<Interval> = intervals.into_iter().copied().collect();
    let first = all.get(..NAMED).unwrap_or(&all);
    let end = all.last().map_or(Timestamp::MAX, Interval::until);
    during_many(first, all.len() - first.len(), end, zone)
}

/// The same of the first stretches, of how many more there are, and of when the last one ends.
pub fn during_many(first: &[Interval], more: usize, end: Timestamp, zone: &TimeZone) -> String {
    let shown: Vec<String> = first.iter().map(|interval| during(interval, zone)).collect();
    match more {
        0 => shown.join(" and "),
        more => {
            let times = if more == 1 { "time" } else { "times" };
            format!("{} and {more} more {times} until {}", shown.join(", "), format_end(end, zone))
        }
    }
}
