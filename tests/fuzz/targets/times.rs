//! Dates, instants and durations.

#![no_main]

use dualkey::access::time::{Days, Interval, Intervals, Moment};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let zone = TimeZone::get("Europe/London").expect("a bundled zone");
    let mut moments = Vec::new();
    for line in text.lines() {
        if let Ok(moment) = Moment::parse(line) {
            assert!(moment.start(&zone) <= moment.end(&zone));
            moments.push(moment);
        }
        if let Some(days) = Days::parse(line) {
            assert_eq!(line.split(' ').next(), Some(days.0.to_string().as_str()));
        }
    }
    let intervals: Vec<Interval> = moments
        .windows(2)
        .filter_map(|pair| Interval::new(pair[0].start(&zone), pair[1].end(&zone)))
        .collect();
    let (odd, even): (Vec<_>, Vec<_>) = intervals.iter().enumerate().partition(|(at, _)| at % 2 == 1);
    let set = |of: Vec<(usize, &Interval)>| of.into_iter().map(|(_, interval)| *interval).collect::<Intervals>();
    let (odd, even) = (set(odd), set(even));
    let (both, rest, all) = (odd.intersect(&even), odd.minus(&even), odd.clone().union(&even));
    // every boundary, and the instants around it, belong where each set says
    for at in moments.iter().flat_map(|moment| [moment.start(&zone), moment.end(&zone)]) {
        assert_eq!(both.contains(at), odd.contains(at) && even.contains(at));
        assert_eq!(rest.contains(at), odd.contains(at) && !even.contains(at));
        assert_eq!(all.contains(at), odd.contains(at) || even.contains(at));
    }
    for days in [1, 90, 3660].map(Days) {
        for interval in all.iter() {
            let _ = days.exceeded_by(interval, &zone);
        }
    }
});
