//! Dates, instants and intervals. A date means the organisation's zone; intervals are half-open.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Why a text is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a date or an instant: {why}")]
pub struct InvalidTime {
    pub text: String,
    pub why: &'static str,
}

/// What a file says about time: a day of the organisation's zone, or an instant as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Day(Date),
    Instant(Timestamp),
}

/// Years outside of this range are slips of the hand, not terms of access.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2199;

impl Moment {
    /// Parses `2026-11-24` or an RFC 3339 instant with an offset, such as `2026-11-24T09:00:00+00:00`.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let invalid = |why| InvalidTime { text: text.to_owned(), why };
        let moment = if text.contains('T') {
            if !is_rfc3339_shape(text) {
                return Err(invalid("an instant is written 2026-11-24T09:00:00Z, with seconds and an offset"));
            }
            let instant: Timestamp = text.parse().map_err(|_| invalid("there is no such instant"))?;
            if text.get(11..13) == Some("24") {
                return Err(invalid("hours go from 00 to 23"));
            }
            Moment::Instant(instant)
        } else {
            let bytes = text.as_bytes();
            let shaped = bytes.len() == 10
                && bytes
                    .iter()
                    .enumerate()
                    .all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
            if !shaped {
                return Err(invalid("a date is written 2026-11-24"));
            }
            Moment::Day(text.parse().map_err(|_| invalid("there is no such day"))?)
        };
        let year = match moment {
            Moment::Day(day) => day.year(),
            Moment::Instant(instant) => instant.to_zoned(TimeZone::UTC).year(),
        };
        if YEARS.contains(&year) { Ok(moment) } else { Err(invalid("the year must lie between 2000 and 2199")) }
    }

    /// The instant at which something that starts at this moment starts.
    pub fn start(self, zone: &TimeZone) -> Timestamp {
        match self {
            Moment::Day(day) => start_of_day(day, zone),
            Moment::Instant(instant) => instant,
        }
    }

    /// The instant at which something that lasts until this moment ends: a day counts whole.
    pub fn end(self, zone: &TimeZone) -> Timestamp {
        match self {
            Moment::Day(day) => day.tomorrow().map_or(Timestamp::MAX, |next| start_of_day(next, zone)),
            Moment::Instant(instant) => instant,
        }
    }
}

fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(day.at(0, 0, 0, 0)).compatible().map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn is_rfc3339_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes.get(from..to).is_some_and(|s| s.iter().all(u8::is_ascii_digit));
    let at = |i: usize, c: u8| bytes.get(i) == Some(&c);
    let head = digits(0, 4) && at(4, b'-') && digits(5, 7) && at(7, b'-') && digits(8, 10) && at(10, b'T');
    let clock = digits(11, 13) && at(13, b':') && digits(14, 16) && at(16, b':') && digits(17, 19);
    if !(head && clock) {
        return false;
    }
    let rest = match bytes.get(19) {
        Some(b'.') => {
            let fraction = bytes.iter().skip(20).take_while(|b| b.is_ascii_digit()).count();
            if fraction == 0 || fraction > 9 {
                return false;
            }
            20 + fraction
        }
        _ => 19,
    };
    match bytes.get(rest) {
        Some(b'Z') => bytes.len() == rest + 1,
        Some(b'+' | b'-') => {
            bytes.len() == rest + 6 && digits(rest + 1, rest + 3) && at(rest + 3, b':') && digits(rest + 4, rest + 6)
        }
        _ => false,
    }
}

/// A stretch of time, from an instant up to but not including another. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    from: Timestamp,
    until: Timestamp,
}

impl Interval {
    /// All of time: from `Timestamp::MIN` (no start) to `Timestamp::MAX` (no end).
    pub const ALWAYS: Interval = Interval { from: Timestamp::MIN, until: Timestamp::MAX };

    /// None where the stretch would be empty.
    pub fn new(from: Timestamp, until: Timestamp) -> Option<Self> {
        (from < until).then_some(Interval { from, until })
    }

    /// `Timestamp::MIN` means that there is no start.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// `Timestamp::MAX` means that there is no end.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    pub fn intersect(&self, other: &Interval) -> Option<Interval> {
        Interval::new(self.from.max(other.from), self.until.min(other.until))
    }
}

/// A set of instants as sorted intervals that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Interval> {
        self.0.iter()
    }

    pub fn contains(&self, at: Timestamp) -> bool {
        self.0.iter().any(|i| i.contains(at))
    }

    /// The interval that holds `at`.
    pub fn at(&self, at: Timestamp) -> Option<&Interval> {
        self.0.iter().find(|i| i.contains(at))
    }

    /// The first instant of the set, `Timestamp::MIN` where it has no start.
    pub fn start(&self) -> Option<Timestamp> {
        self.0.first().map(Interval::from)
    }

    /// The end of the set, `Timestamp::MAX` where it has none.
    pub fn end(&self) -> Option<Timestamp> {
        self.0.last().map(Interval::until)
    }

    /// Adds an interval; what overlaps or touches becomes one.
    pub fn insert(&mut self, added: Interval) {
        let first = self.0.partition_point(|held| held.until < added.from);
        let end = self.0.partition_point(|held| held.from <= added.until);
        let touched = self.0.get(first..end).unwrap_or_default();
        let one = Interval {
            from: touched.first().map_or(added.from, |held| held.from.min(added.from)),
            until: touched.last().map_or(added.until, |held| held.until.max(added.until)),
        };
        self.0.splice(first..end.max(first), [one]);
    }

    #[must_use]
    pub fn union(self, other: &Intervals) -> Intervals {
        self.0.into_iter().chain(other.0.iter().copied()).collect()
    }

    #[must_use]
    pub fn intersect(&self, other: &Intervals) -> Intervals {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            both.extend(a.intersect(b));
            // the one that ends first meets nothing more
            if a.until <= b.until {
                ours.next()
            } else {
                theirs.next()
            };
        }
        Intervals(both)
    }

    /// What of this set is not in the other.
    #[must_use]
    pub fn minus(&self, other: &Intervals) -> Intervals {
        let mut cuts = other.0.iter().peekable();
        let mut rest = Vec::new();
        for whole in &self.0 {
            while cuts.next_if(|cut| cut.until <= whole.from).is_some() {}
            let mut from = whole.from;
            // a cut that reaches beyond the end of this one may cut the next one, too
            while let Some(cut) = cuts.peek().filter(|cut| cut.from < whole.until) {
                rest.extend(Interval::new(from, cut.from));
                from = from.max(cut.until);
                if cut.until > whole.until {
                    break;
                }
                cuts.next();
            }
            rest.extend(Interval::new(from, whole.until));
        }
        Intervals(rest)
    }

    /// Those that have an instant in common with the interval.
    pub fn meeting(&self, interval: &Interval) -> &[Interval] {
        let first = self.0.partition_point(|held| held.until <= interval.from);
        let end = self.0.partition_point(|held| held.from < interval.until);
        self.0.get(first..end).unwrap_or_default()
    }

    /// True where some instant of the interval is in the set.
    pub fn meets(&self, interval: &Interval) -> bool {
        !self.meeting(interval).is_empty()
    }
}

impl FromIterator<Interval> for Intervals {
    fn from_iter<T: IntoIterator<Item = Interval>>(iter: T) -> Self {
        let mut all: Vec<Interval> = iter.into_iter().collect();
        all.sort();
        all.dedup_by(|next, held| {
            let one = next.from <= held.until;
            if one {
                held.until = held.until.max(next.until);
            }
            one
        });
        Intervals(all)
    }
}

/// A number of whole days, as policies and roles write durations: `90 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(pub u32);

impl Days {
    /// How long an approval may wait for its first apply, where no policy says so.
    pub const APPROVALS_LAST: Days = Days(90);

    /// Parses `N days` (or `1 day`).
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let days: u32 = number.parse().ok()?;
        let canonical = days.to_string() == number && (unit == "days" || (unit == "day" && days == 1));
        (canonical && (1..=3660).contains(&days)).then_some(Days(days))
    }

    /// True where the interval lasts longer, counted in civil days of the zone so that a change of clocks doesn't matter.
    pub fn exceeded_by(self, interval: &Interval, zone: &TimeZone) -> bool {
        if interval.from() == Timestamp::MIN || interval.until() == Timestamp::MAX {
            return true;
        }
        let from = interval.from().to_zoned(zone.clone());
        match from.checked_add(jiff::Span::new().days(i64::from(self.0))) {
            Ok(latest) => interval.until() > latest.timestamp(),
            Err(_) => false,
        }
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "day" } else { "days" })
    }
}

/// An instant as the plan prints it: in the organisation's zone, with its offset.
pub fn format_instant(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let second = if zoned.subsec_nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.f%:z" };
    zoned.strftime(second).to_string()
}

/// An instant at which somebody did something, which no clock tells better than to the second. What is less is left out.
pub fn format_moment(at: Timestamp, zone: &TimeZone) -> String {
    format_instant(Timestamp::from_second(at.as_second()).unwrap_or(at), zone)
}

/// The end of an interval as people say it: the last day where it ends at a midnight, else the instant.
pub fn format_end(until: Timestamp, zone: &TimeZone) -> String {
    if until == Timestamp::MAX {
        return "no end".to_owned();
    }
    let zoned = until.to_zoned(zone.clone());
    match zoned.date().yesterday() {
        Ok(last) if start_of_day(zoned.date(), zone) == until => last.to_string(),
        _ => format_instant(until, zone),
    }
}

/// The start of an interval as people say it: the day where it starts at a midnight, else the instant.
pub fn format_start(from: Timestamp, zone: &TimeZone) -> String {
    if from == Timestamp::MIN {
        return "now".to_owned();
    }
    let day = from.to_zoned(zone.clone()).date();
    if start_of_day(day, zone) == from { day.to_string() } else { format_instant(from, zone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn london() -> TimeZone {
        TimeZone::get("Europe/London").expect("bundled")
    }

    #[test]
    fn a_day_counts_whole_in_the_zone_also_when_clocks_change() {
        let zone = london();
        for (day, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)] {
            let moment = Moment::parse(day).expect(day);
            let length = moment.end(&zone).duration_since(moment.start(&zone));
            assert_eq!(length.as_hours(), hours, "{day}");
        }
        let until = Moment::parse("2026-12-01").expect("day");
        assert_eq!(format_instant(until.end(&zone), &zone), "2026-12-02T00:00:00+00:00");
        assert_eq!(format_end(until.end(&zone), &zone), "2026-12-01");
        assert_eq!(
            format_instant(Moment::parse("2026-07-01").expect("day").start(&zone), &zone),
            "2026-07-01T00:00:00+01:00"
        );
    }

    #[test]
    fn what_is_not_a_day_or_an_instant_is_refused() {
        for bad in [
            "2026-02-30",
            "2026-1-2",
            "2026-11-24T24:00:00Z",
            "2026-11-24T09:00:00",
            "2026-11-24 09:00:00Z",
            "1764000000",
            "9999-01-01",
            "1999-12-31",
            "20261124",
            "2026-11-24T09:00Z",
            "2026-11-24T09:00:00+01",
            "2026-11-24T09:00:60.Z",
            "",
            "2026-11-24T09:00:00[Europe/London]",
            "２０２６-11-24",
        ] {
            assert!(Moment::parse(bad).is_err(), "{bad}");
        }
        assert!(Moment::parse("2026-11-24T09:00:00.5+05:30").is_ok());
    }

    #[test]
    fn durations_are_civil() {
        let zone = london();
        let of = |from: &str, until: &str| {
            Interval::new(
                Moment::parse(from).expect("from").start(&zone),
                Moment::parse(until).expect("until").end(&zone),
            )
            .expect("interval")
        };
        assert!(!Days(7).exceeded_by(&of("2026-10-22", "2026-10-28"), &zone));
        assert!(Days(7).exceeded_by(&of("2026-10-22", "2026-10-29"), &zone));
        assert!(
            Days::parse("90 days").is_some() && Days::parse("090 days").is_none() && Days::parse("0 days").is_none()
        );
    }

    #[test]
    fn sets_of_intervals() {
        let t = |s: i64| Timestamp::from_second(s).expect("second");
        let i = |a, b| Interval::new(t(a), t(b)).expect("interval");
        let set: Intervals = [i(5, 7), i(0, 2), i(2, 4)].into_iter().collect();
        assert_eq!(set.iter().copied().collect::<Vec<_>>(), [i(0, 4), i(5, 7)]);
        let cut: Intervals = [i(1, 6)].into_iter().collect();
        assert_eq!(set.minus(&cut).iter().copied().collect::<Vec<_>>(), [i(0, 1), i(6, 7)]);
        assert_eq!(set.intersect(&cut).iter().copied().collect::<Vec<_>>(), [i(1, 4), i(5, 6)]);
        assert!(Interval::new(t(1), t(1)).is_none());
    }

    fn set(pairs: &[(i64, i64)]) -> Intervals {
        let at = |second| Timestamp::from_second(second).unwrap();
        pairs.iter().filter_map(|(from, length)| Interval::new(at(*from), at(from + length))).collect()
    }

    proptest::proptest! {
        /// Each set, and what is made of two, holds exactly the instants that its words say.
        #[test]
        fn sets_hold_what_their_words_say(
            a in proptest::collection::vec((0_i64..40, 0_i64..9), 0..8),
            b in proptest::collection::vec((0_i64..40, 0_i64..9), 0..8),
        ) {
            let holds = |pairs: &[(i64, i64)], at| pairs.iter().any(|(from, length)| (*from..from + length).contains(&at));
            let (left, right) = (set(&a), set(&b));
            let mut one_by_one = left.clone();
            right.iter().for_each(|interval| one_by_one.insert(*interval));
            let (all, both, rest) = (left.clone().union(&right), left.intersect(&right), left.minus(&right));
            proptest::prop_assert_eq!(&one_by_one, &all);
            for second in 0..50 {
                let at = Timestamp::from_second(second).unwrap();
                let (in_a, in_b) = (holds(&a, second), holds(&b, second));
                proptest::prop_assert_eq!(all.contains(at), in_a || in_b);
                proptest::prop_assert_eq!(both.contains(at), in_a && in_b);
                proptest::prop_assert_eq!(rest.contains(at), in_a && !in_b);
            }
            for sorted in [&left, &all, &both, &rest] {
                proptest::prop_assert!(sorted.0.windows(2).all(|pair| pair[0].until < pair[1].from), "{:?}", sorted);
            }
            for interval in right.iter() {
                proptest::prop_assert_eq!(left.meets(interval), left.iter().any(|held| held.intersect(interval).is_some()));
            }
        }
    }
}
