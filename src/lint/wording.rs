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
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(NAMED).map(|name| format!("`{name}`")).collect();
    match (names.count(), shown.split_last()) {
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
    let all: Vec<&Interval> = intervals.into_iter().collect();
    let shown: Vec<String> = all.iter().take(NAMED).map(|interval| during(interval, zone)).collect();
    match all.last() {
        Some(last) if all.len() > NAMED => {
            let more = all.len() - NAMED;
            format!("{} and {more} more times until {}", shown.join(", "), format_end(last.until(), zone))
        }
        _ => shown.join(" and "),
    }
}
