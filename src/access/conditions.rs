//! Under which conditions an entitlement holds: the hours of the week, so far.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::raw::Weekday;

/// What must be true at an instant of an entitlement's intervals for it to hold there. Nothing: it always does.
///
/// Conditions are part of what is held, as a permission is, and not a value that it has: whoever holds the same
/// permission by two grants of different hours holds two entitlements, which begin and end apart, and together both
/// hours. A target keeps each as a thing of its own, so there is nothing to merge that could be merged to too much.
///
/// Written as a list, `[]` or `[{"hours":{…}}]`, in which each sort of condition stands at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Condition>", try_from = "Vec<Condition>")]
pub struct Conditions {
    hours: Option<Arc<Hours>>,
}

impl Conditions {
    /// No condition; the first of all in order.
    pub const NONE: Conditions = Conditions { hours: None };

    pub fn of_hours(hours: Hours) -> Self {
        Conditions { hours: Some(Arc::new(hours)) }
    }

    pub fn is_empty(&self) -> bool {
        self.hours.is_none()
    }

    /// True where whatever holds under these conditions holds under the others too. What can't be compared, such as
    /// hours of two time zones, is not within.
    pub fn within(&self, wider: &Conditions) -> bool {
        match (&self.hours, &wider.hours) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(hours), Some(wider)) => hours.within(wider),
        }
    }

    /// True where a target can keep them on a kind.
    pub fn enforceable(&self, kind: &Kind) -> bool {
        self.hours.is_none() || kind.enforces.hours
    }

    /// As people say it: `mon–fri 08:00–19:00`, with the time zone where it isn't the one that is meant anyway.
    pub fn words(&self, zone: &TimeZone) -> String {
        match &self.hours {
            None => "around the clock".to_owned(),
            Some(hours) if zone.iana_name() == Some(&hours.zone) => hours.words(),
            Some(hours) => hours.to_string(),
        }
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hours {
            None => f.write_str("around the clock"),
            Some(hours) => write!(f, "{hours}"),
        }
    }
}

/// Hours of the week, on the clock of a time zone. They never cover the whole week: that is no condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    /// A bit a day, Monday's the lowest; at least one is set.
    days: u8,
    /// Minutes since midnight, inclusive.
    from: u16,
    /// Minutes since midnight, exclusive and larger than `from`; 1440 is the end of the day.
    until: u16,
    /// The IANA name.
    zone: String,
}

/// Why days and a span of the clock are not hours of the week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    #[error("`days` names no day")]
    NoDay,
    /// With the place in the list, counted from 0.
    #[error("`days` names `{}` twice", .1.as_str())]
    Twice(usize, Weekday),
    #[error("`{}` is not a span of hours", .0.escape_debug())]
    Shape(String),
    #[error("`{}` has no hour in it", .0.escape_debug())]
    Empty(String),
    #[error("`{}` passes midnight", .0.escape_debug())]
    Midnight(String),
    #[error("every hour of every day is no condition")]
    Always,
}

impl InvalidHours {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            InvalidHours::NoDay => "name the days, such as `[mon, tue, wed, thu, fri]`",
            InvalidHours::Twice(..) => "name each day once",
            InvalidHours::Shape(_) | InvalidHours::Empty(_) => {
                "write it like \"08:00-19:00\", from 00:00 up to 24:00, the earlier hour first"
            }
            InvalidHours::Midnight(_) => {
                "write two grants: one up to 24:00, and one from 00:00 on the days that follow; both hold"
            }
            InvalidHours::Always => "leave `hours` out",
        }
    }
}

const END_OF_DAY: u16 = 24 * 60;
const EVERY_DAY: u8 = 0b111_1111;

impl Hours {
    /// Hours from days and a span such as `08:00-19:00`, in a time zone by its IANA name.
    ///
    /// # Errors
    ///
    /// What is wrong with them, the first thing only.
    pub fn new(days: &[Weekday], between: &str, zone: &str) -> Result<Self, InvalidHours> {
        let mut set = 0_u8;
        for (index, day) in days.iter().enumerate() {
            if set & day.bit() != 0 {
                return Err(InvalidHours::Twice(index, *day));
            }
            set |= day.bit();
        }
        if set == 0 {
            return Err(InvalidHours::NoDay);
        }
        let named = || between.to_owned();
        let (from, until) = between.split_once('-').ok_or_else(|| InvalidHours::Shape(named()))?;
        let (Some(from), Some(until)) = (minute(from), minute(until)) else {
            return Err(InvalidHours::Shape(named()));
        };
        if from == until {
            return Err(InvalidHours::Empty(named()));
        }
        if from > until {
            return Err(InvalidHours::Midnight(named()));
        }
        if (set, from, until) == (EVERY_DAY, 0, END_OF_DAY) {
            return Err(InvalidHours::Always);
        }
        Ok(Hours { days: set, from, until, zone: zone.to_owned() })
    }

    fn within(&self, wider: &Hours) -> bool {
        self.zone == wider.zone && self.days & !wider.days == 0 && self.from >= wider.from && self.until <= wider.until
    }

    fn days(&self) -> impl Iterator<Item = Weekday> {
        Weekday::ALL.into_iter().filter(|day| self.days & day.bit() != 0)
    }

    /// `mon–fri 08:00–19:00`, without the time zone.
    fn words(&self) -> String {
        let mut runs: Vec<Vec<Weekday>> = Vec::new();
        for day in self.days() {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|last| last.bit() << 1 == day.bit()) => run.push(day),
                Some(_) | None => runs.push(vec![day]),
            }
        }
        let runs: Vec<String> = runs
            .iter()
            .map(|run| match run.as_slice() {
                [first, _, .., last] => format!("{}–{}", first.as_str(), last.as_str()),
                few => few.iter().map(|day| day.as_str()).collect::<Vec<_>>().join(", "),
            })
            .collect();
        format!("{} {}–{}", runs.join(", "), clock(self.from), clock(self.until))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.words(), self.zone)
    }
}

/// Minutes since midnight of `HH:MM`, up to and with 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str, limit: u16| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number: &u16| digits && *number < limit)
    };
    let at = two(hours, 25)? * 60 + two(minutes, 60)?;
    (at <= END_OF_DAY).then_some(at)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// One condition as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Condition {
    Hours(Written),
}

/// Hours as they are written.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Written {
    days: Vec<Weekday>,
    between: String,
    timezone: String,
}

impl From<Conditions> for Vec<Condition> {
    fn from(conditions: Conditions) -> Self {
        let written = |hours: Arc<Hours>| {
            Condition::Hours(Written {
                days: hours.days().collect(),
                between: format!("{}-{}", clock(hours.from), clock(hours.until)),
                timezone: hours.zone.clone(),
            })
        };
        conditions.hours.into_iter().map(written).collect()
    }
}

impl TryFrom<Vec<Condition>> for Conditions {
    type Error = String;

    fn try_from(list: Vec<Condition>) -> Result<Self, String> {
        match <[Condition; 1]>::try_from(list) {
            Ok([Condition::Hours(written)]) => {
                let hours = Hours::new(&written.days, &written.between, &written.timezone);
                hours.map(Conditions::of_hours).map_err(|why| why.to_string())
            }
            Err(list) if list.is_empty() => Ok(Conditions::NONE),
            Err(_) => Err("`hours` stands twice among the conditions".to_owned()),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Conditions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Vec<Condition>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    use super::*;

    const WORK: [Weekday; 5] = [Mon, Tue, Wed, Thu, Fri];

    fn hours(days: &[Weekday], between: &str) -> Conditions {
        Conditions::of_hours(Hours::new(days, between, "Europe/London").expect(between))
    }

    #[test]
    fn what_is_no_span_of_hours_is_told() {
        let of = |days: &[Weekday], between: &str| Hours::new(days, between, "UTC").unwrap_err();
        assert_eq!(of(&[], "08:00-19:00"), InvalidHours::NoDay);
        assert_eq!(of(&[Mon, Tue, Mon], "08:00-19:00"), InvalidHours::Twice(2, Mon));
        for bad in [
            "",
            "-",
            "08:00",
            "8:00-19:00",
            "08:00-19:0",
            "08:00–19:00",
            "08:00 - 19:00",
            "08:00-24:01",
            "08:60-19:00",
            "25:00-26:00",
            "08:00-19:00-20:00",
            "+8:00-19:00",
            "08-19",
            "٠٨:00-19:00",
        ] {
            assert_eq!(of(&WORK, bad), InvalidHours::Shape(bad.to_owned()), "{bad}");
        }
        for bad in ["08:00-08:00", "00:00-00:00", "24:00-24:00"] {
            assert_eq!(of(&WORK, bad), InvalidHours::Empty(bad.to_owned()), "{bad}");
        }
        for bad in ["22:00-06:00", "22:00-00:00", "24:00-08:00"] {
            assert_eq!(of(&WORK, bad), InvalidHours::Midnight(bad.to_owned()), "{bad}");
        }
        assert_eq!(of(&Weekday::ALL, "00:00-24:00"), InvalidHours::Always);
        assert!(Hours::new(&WORK, "00:00-24:00", "UTC").is_ok() && Hours::new(&[Sun], "23:59-24:00", "UTC").is_ok());
    }

    #[test]
    fn days_are_said_as_people_say_them() {
        let london = TimeZone::get("Europe/London").expect("bundled");
        for (days, said) in [
            (&WORK[..], "mon–fri"),
            (&[Fri, Mon, Wed][..], "mon, wed, fri"),
            (&[Sun, Sat][..], "sat, sun"),
            (&[Mon, Tue, Wed, Sat, Sun][..], "mon–wed, sat, sun"),
            (&[Sun][..], "sun"),
        ] {
            assert_eq!(hours(days, "08:00-24:00").words(&london), format!("{said} 08:00–24:00"));
        }
        let elsewhere = hours(&WORK, "08:00-19:00").words(&TimeZone::UTC);
        assert_eq!(elsewhere, "mon–fri 08:00–19:00 Europe/London");
        assert_eq!(Conditions::NONE.words(&london), "around the clock");
    }

    #[test]
    fn fewer_days_and_hours_are_within_more() {
        let week = hours(&WORK, "08:00-19:00");
        let less = [hours(&WORK, "09:00-19:00"), hours(&WORK, "08:00-18:59"), hours(&[Tue], "08:00-19:00")];
        for less in &less {
            assert!(less.within(&week) && !week.within(less), "{less}");
        }
        for other in [hours(&[Sat], "08:00-19:00"), hours(&WORK, "07:00-18:00")] {
            assert!(!other.within(&week) && !week.within(&other), "{other}");
        }
        assert!(week.within(&week) && week.within(&Conditions::NONE) && !Conditions::NONE.within(&week));
        let zone = Conditions::of_hours(Hours::new(&WORK, "08:00-19:00", "UTC").expect("hours"));
        assert!(!zone.within(&week) && !week.within(&zone), "another zone, another clock");
        assert!(Conditions::NONE < week);
    }

    #[test]
    fn they_are_written_and_read_as_a_list() {
        let week = hours(&[Fri, Mon], "08:00-19:00");
        let text = serde_json::to_string(&week).expect("json");
        assert_eq!(text, r#"[{"hours":{"days":["mon","fri"],"between":"08:00-19:00","timezone":"Europe/London"}}]"#);
        let read = |text: &str| serde_json::from_str::<Conditions>(text);
        assert_eq!(read(&text).expect("read"), week);
        assert_eq!(serde_json::to_string(&Conditions::NONE).expect("json"), "[]");
        assert_eq!(read("[]").expect("read"), Conditions::NONE);
        let twice = format!("[{0},{0}]", text.trim_matches(['[', ']']).to_owned() + "]}}");
        for bad in [
            twice.as_str(),
            r#"[{"hours":{"days":[],"between":"08:00-19:00","timezone":"UTC"}}]"#,
            r#"[{"hours":{"days":["mon"],"between":"19:00-08:00","timezone":"UTC"}}]"#,
            r#"[{"hours":{"days":["mon"],"between":"08:00-19:00"}}]"#,
            r#"[{"place":"office"}]"#,
            "{}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
