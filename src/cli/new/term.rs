//! From when until when: what was asked for, cut by what the registry allows, and the words that say so.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::access::time::{format_end, format_start};
use crate::access::{Days, Interval, Moment};
use crate::cli::Stop;

/// How long access was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Days(i64),
    Weeks(i64),
    Months(i64),
}

impl Length {
    /// Reads `10d`, `6w` or `3m`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write days, weeks or months: 10d, 6w, 3m".to_owned();
        let (at, unit) = text.char_indices().next_back().ok_or_else(wrong)?;
        let digits = text.get(..at).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).ok_or_else(wrong)?;
        let number = digits.parse().ok().filter(|number| (1..=3660).contains(number)).ok_or_else(wrong)?;
        match unit {
            'd' => Ok(Length::Days(number)),
            'w' => Ok(Length::Weeks(number)),
            'm' => Ok(Length::Months(number)),
            _ => Err(wrong()),
        }
    }

    /// The day after the last, for access that starts on a day.
    pub fn after(self, first: Date) -> Result<Date, jiff::Error> {
        let span = match self {
            Length::Days(number) => Span::new().try_days(number),
            Length::Weeks(number) => Span::new().try_weeks(number),
            Length::Months(number) => Span::new().try_months(number),
        };
        first.checked_add(span?)
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (number, unit) = match self {
            Length::Days(number) => (number, "day"),
            Length::Weeks(number) => (number, "week"),
            Length::Months(number) => (number, "month"),
        };
        write!(f, "{number} {unit}{}", if *number == 1 { "" } else { "s" })
    }
}

/// The end as it was asked for.
#[derive(Clone, Debug)]
pub enum Asked {
    For(Length),
    Until(Moment),
}

/// Something that access can't start before or outlast, with the words that name it.
#[derive(Clone, Debug)]
pub struct Bound {
    pub interval: Interval,
    pub what: String,
}

/// What no access may last longer than, with the words that name it.
#[derive(Clone, Debug)]
pub struct Longest {
    pub days: Days,
    pub what: String,
}

/// When the new access holds.
#[derive(Debug)]
pub struct Term {
    /// As the files write them: a day, or an instant where the registry cuts within a day.
    pub from: String,
    pub until: String,
    /// One line about each of them that says why.
    pub why: Vec<String>,
}

/// Everything that decides about start and end.
#[derive(Debug)]
pub struct Limits<'a> {
    pub zone: &'a TimeZone,
    pub today: Date,
    pub bounds: Vec<Bound>,
    pub longest: Vec<Longest>,
}

impl Limits<'_> {
    /// The term that was asked for, cut by every bound.
    pub fn term(&self, from: Option<Date>, asked: &Asked) -> Result<Term, Stop> {
        let mut why = Vec::new();
        let first = from.unwrap_or(self.today);
        let mut start = Moment::Day(first).start(self.zone);
        let latest_start = self.bounds.iter().max_by_key(|bound| bound.interval.from());
        if let Some(bound) = latest_start.filter(|bound| bound.interval.from() > start) {
            start = bound.interval.from();
            let starts = format_start(start, self.zone);
            why.push(format!("from {starts}, not {first}: {} starts then", bound.what));
        }
        let wanted = self.wanted(start, asked)?;
        let (end, cause) = self.earliest(start, wanted);
        let until = format_end(end, self.zone);
        if end <= start {
            let message = match &cause {
                Some(cause) => format!("nothing would be left: {cause}"),
                None => format!("the end {until} lies before the start {}", format_start(start, self.zone)),
            };
            return Err(Stop::usage(message, "ask for a later end, or have that term extended first"));
        }
        let since = if start == Moment::Day(self.today).start(self.zone) {
            "today".to_owned()
        } else {
            format_start(start, self.zone)
        };
        let length = match asked {
            Asked::For(length) => format!("{length} from {since}"),
            Asked::Until(_) => "as asked for".to_owned(),
        };
        why.push(match cause {
            None => format!("until {until}: {length}"),
            Some(cause) => format!("until {until}, not {} ({length}): {cause}", format_end(wanted, self.zone)),
        });
        Ok(Term { from: format_start(start, self.zone), until, why })
    }

    fn wanted(&self, start: Timestamp, asked: &Asked) -> Result<Timestamp, Stop> {
        match asked {
            Asked::Until(moment) => Ok(moment.end(self.zone)),
            Asked::For(length) => {
                let first = start.to_zoned(self.zone.clone()).date();
                let after = length.after(first).ok().filter(|day| Moment::parse(&day.to_string()).is_ok());
                after.map(|day| Moment::Day(day).start(self.zone)).ok_or_else(|| {
                    Stop::usage(format!("{length} from {first} is out of reach"), "ask for less, such as `--for 6w`")
                })
            }
        }
    }

    /// The earliest end of all, and what brings it where that isn't the wish.
    fn earliest(&self, start: Timestamp, wanted: Timestamp) -> (Timestamp, Option<String>) {
        let ends = self.bounds.iter().map(|bound| (bound.interval.until(), format!("{} ends then", bound.what)));
        let lasting = self.longest.iter().filter_map(|longest| {
            let first = start.to_zoned(self.zone.clone());
            let after = first.checked_add(Span::new().try_days(i64::from(longest.days.0)).ok()?).ok()?;
            Some((after.timestamp(), format!("{} {}", longest.what, longest.days)))
        });
        match ends.chain(lasting).min_by_key(|(end, _)| *end) {
            Some((end, cause)) if end < wanted => (end, Some(cause)),
            Some(_) | None => (wanted, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(zone: &TimeZone) -> Limits<'_> {
        Limits { zone, today: "2026-11-23".parse().unwrap(), bounds: Vec::new(), longest: Vec::new() }
    }

    fn bound(from: &str, until: &str, zone: &TimeZone) -> Bound {
        let moment = |text| Moment::parse(text).unwrap();
        let interval = Interval::new(moment(from).start(zone), moment(until).end(zone)).unwrap();
        Bound { interval, what: "the contract".to_owned() }
    }

    #[test]
    fn lengths() {
        assert_eq!(Length::parse("6w"), Ok(Length::Weeks(6)));
        for bad in ["", "w", "6", "0d", "-1d", "1.5w", "6 w", "6y", "99999d", "６w", "6wé"] {
            assert!(Length::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_day_counts_whole_also_when_clocks_change() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let mut limits = limits(&zone);
        let term =
            |limits: &Limits<'_>, length| limits.term(None, &Asked::For(Length::parse(length).unwrap())).unwrap();
        assert_eq!(term(&limits, "6w").until, "2027-01-03");
        assert_eq!(term(&limits, "1d").until, "2026-11-23");
        assert_eq!(term(&limits, "6w").why, ["until 2027-01-03: 6 weeks from today"]);
        limits.today = "2026-10-20".parse().unwrap();
        assert_eq!(term(&limits, "1w").until, "2026-10-26");
        limits.today = "2026-11-30".parse().unwrap();
        assert_eq!(term(&limits, "3m").until, "2027-02-27");
    }

    #[test]
    fn the_earliest_end_counts_and_is_named() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let mut limits = limits(&zone);
        limits.bounds = vec![bound("2026-10-01", "2027-03-31", &zone), bound("2026-10-01", "2026-12-31", &zone)];
        limits.longest = vec![Longest { days: Days(90), what: "role `x` lasts at most".to_owned() }];
        let asked = Asked::Until(Moment::parse("2027-01-31").unwrap());
        let term = limits.term(None, &asked).unwrap();
        assert_eq!(term.why, ["until 2026-12-31, not 2027-01-31 (as asked for): the contract ends then"]);
        limits.bounds.pop();
        let term = limits.term(None, &Asked::For(Length::Months(6))).unwrap();
        assert_eq!(term.until, "2027-02-20");
        assert!(term.why[0].ends_with("role `x` lasts at most 90 days"), "{:?}", term.why);
    }

    #[test]
    fn a_start_waits_and_an_empty_term_is_refused() {
        let zone = TimeZone::UTC;
        let mut limits = limits(&zone);
        limits.bounds = vec![bound("2026-12-01", "2026-12-10", &zone)];
        let term = limits.term(None, &Asked::For(Length::Days(3))).unwrap();
        assert_eq!((term.from.as_str(), term.until.as_str()), ("2026-12-01", "2026-12-03"));
        assert_eq!(
            term.why,
            ["from 2026-12-01, not 2026-11-23: the contract starts then", "until 2026-12-03: 3 days from 2026-12-01"]
        );
        let late = "2026-12-11".parse().unwrap();
        assert!(limits.term(Some(late), &Asked::For(Length::Days(3))).is_err());
        assert!(limits.term(None, &Asked::Until(Moment::parse("2026-11-01").unwrap())).is_err());
    }
}
