//! Which way is the weaker: field by field, for everything that files say.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::value::Value;
use crate::access::reading::{Claim, FileKind};
use crate::finding::Severity;
use crate::plan::rules;

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Settings,
    Duty,
    Approval,
    Waiver,
    Limits,
    Admins,
    Protected,
    Severities,
    /// One number of days, which is stricter the shorter it is.
    Durations,
    /// What else a policy says.
    Other,
    Role,
    Domain,
    Group,
    /// A group that approves.
    Judges,
    Vendor,
    Person,
    Grant,
    Bridge,
}

/// How much weight a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Neither way is weaker.
    Plain,
    /// Any other value may be weaker.
    Risky,
    /// Words from the weakest to the strictest; none of them is the weakest of all.
    Rank(&'static [&'static str]),
    /// A number, of which less is stricter; none is no limit.
    Less,
    /// A number, of which more is stricter; none is nothing.
    More,
    /// What it names is kept safe: to name less is weaker.
    Guards,
    /// What it names is let in: to name more is weaker.
    Opens,
    /// Only what it names is let in, or all where it is absent.
    Narrows,
    /// Only what it names is watched, or all where it is absent.
    Watches,
    /// A time at which something ends: later is weaker, and never is weakest.
    Ends,
    /// A time at which something starts: earlier is weaker.
    Starts,
}

impl Weight {
    /// True where values are sets, also where only one stands there.
    pub fn is_of_sets(self) -> bool {
        matches!(self, Weight::Guards | Weight::Opens | Weight::Narrows | Weight::Watches)
    }

    /// True where a value that differs is weaker than the one before.
    pub fn weakens(self, before: Option<&Value>, after: Option<&Value>) -> bool {
        let text = |side: Option<&Value>| side.map(Value::text);
        let set = |side: Option<&Value>| match side {
            Some(Value::Many(texts)) => texts.clone(),
            Some(Value::One(text)) => BTreeSet::from([text.clone()]),
            None => BTreeSet::new(),
        };
        match self {
            Weight::Plain => false,
            Weight::Risky => true,
            Weight::Rank(words) => {
                let rank = |text: Option<String>| words.iter().position(|word| Some(*word) == text.as_deref());
                rank(text(after)) < rank(text(before))
            }
            Weight::Less => match (text(before).and_then(number), text(after).and_then(number)) {
                (Some(before), Some(after)) => after > before,
                (Some(_), None) => true,
                (None, _) => false,
            },
            Weight::More => text(after).and_then(number) < text(before).and_then(number),
            Weight::Guards => !set(after).is_superset(&set(before)),
            Weight::Opens => !set(before).is_superset(&set(after)),
            Weight::Narrows => match (before, after) {
                (Some(_), None) => true,
                (None, _) => false,
                (Some(_), Some(_)) => !set(before).is_superset(&set(after)),
            },
            // an empty list restricts nothing
            Weight::Watches => match (set(before).is_empty(), set(after).is_empty()) {
                (_, true) => false,
                (true, false) => true,
                (false, false) => !set(after).is_superset(&set(before)),
            },
            Weight::Ends => match (text(before), text(after)) {
                (Some(before), Some(after)) => may_precede(&before, &after, DAY),
                (_, None) => true,
                (None, Some(_)) => false,
            },
            Weight::Starts => match (text(before), text(after)) {
                (Some(before), Some(after)) => may_precede(&after, &before, SignedDuration::ZERO),
                (_, None) => true,
                (None, Some(_)) => false,
            },
        }
    }
}

/// The number that a text starts with.
fn number(text: String) -> Option<u64> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// True where one date or instant may come before another. A date means the instant so long after its start, in a zone that
/// isn't known here: of a date and an instant that are near each other nobody can tell.
fn may_precede(one: &str, other: &str, after_start: SignedDuration) -> bool {
    let date = |text: &str| text.parse::<Timestamp>().is_err().then(|| text.parse::<Date>().ok()).flatten();
    if let (Some(one), Some(other)) = (date(one), date(other)) {
        return one < other;
    }
    // the first and the last instant that a text can mean
    let meant = |text: &str| -> Option<[Timestamp; 2]> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some([instant; 2]);
        }
        let utc = date(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp().checked_add(after_start).ok()?;
        let hours = SignedDuration::from_hours;
        Some([utc.checked_sub(hours(14)).ok()?, utc.checked_add(hours(12)).ok()?])
    };
    match (meant(one), meant(other)) {
        (Some([first, _]), Some([_, last])) => first < last,
        (None, _) | (_, None) => true,
    }
}

const SEVERITIES: &[&str] = &["warning", "error"];
const RISKS: &[&str] = &["standard", "elevated", "privileged"];
const PERMITS: &[&str] = &["allowed", "denied"];

/// The weight of a field, by its path within the thing.
pub(super) fn weight(section: Section, path: &str) -> Weight {
    let mut names = path.split('.');
    let (first, last) = (names.next().unwrap_or_default(), path.rsplit('.').next().unwrap_or_default());
    match (section, first, last) {
        (Section::Settings, "managed", _) => Weight::Guards,
        (Section::Settings, "manage", _) => Weight::Rank(&["contractors", "everyone"]),
        (Section::Settings, "approval", "evidence") => Weight::Rank(&["github", "signatures"]),
        (Section::Duty, "sets", "duties" | "roles" | "entitlements") => Weight::Guards,
        (Section::Duty, "sets", "environments" | "domains") => Weight::Watches,
        (Section::Duty, _, "at_most") | (Section::Durations, ..) => Weight::Less,
        (Section::Duty, "severity", _) | (Section::Severities, ..) => Weight::Rank(SEVERITIES),
        (Section::Approval, "change", _) => Weight::Risky,
        // a rule that speaks of less risk speaks of more changes
        (Section::Approval, "risk", _) => Weight::Rank(&["privileged", "elevated", "standard", "any"]),
        (Section::Approval, "by", _) => Weight::Rank(&["any", "signature"]),
        (Section::Approval, "count", _) => Weight::More,
        (Section::Approval, "from", _) => Weight::Opens,
        (Section::Limits, ..) => Weight::Less,
        (Section::Admins, "minimum", _) => Weight::More,
        (Section::Admins, ..) | (Section::Protected, ..) => Weight::Guards,
        (Section::Waiver, "until", _) => Weight::Ends,
        (Section::Waiver, "from", _) => Weight::Starts,
        (Section::Role, "duties", _) => Weight::Guards,
        (Section::Role, "risk", _) => Weight::Rank(RISKS),
        (Section::Role | Section::Domain, "contractors", _) => Weight::Rank(PERMITS),
        (Section::Role, "max_duration", _) => Weight::Less,
        (Section::Role, "mfa", _) => Weight::Guards,
        (Section::Role, "entitlements", _) => Weight::Opens,
        (Section::Domain, "resources", "id") => Weight::Risky,
        (Section::Domain, "environment", _) => Weight::Rank(&["sandbox", "development", "staging", "production"]),
        (Section::Domain, "owners", _) | (Section::Judges, "members", _) => Weight::Opens,
        (Section::Group, "members", _) => Weight::Plain,
        (Section::Vendor, "contract", "until") | (Section::Person, "engagement", "until") => Weight::Ends,
        (Section::Vendor, "contract", "from") | (Section::Person, "engagement", "from") => Weight::Starts,
        (Section::Vendor, "domains", _) => Weight::Narrows,
        (Section::Vendor | Section::Person, "ended", _) => Weight::Ends,
        (Section::Person, "type", _) => Weight::Rank(&["employee", "service", "contractor"]),
        (Section::Person, "keys" | "emails" | "accounts", _) => Weight::Plain,
        (Section::Bridge | Section::Grant, "until", _) => Weight::Ends,
        (Section::Grant, "from", _) => Weight::Starts,
        (Section::Grant, "to", _) | (Section::Bridge, "for", _) => Weight::Opens,
        (Section::Grant, "resources", _) | (Section::Grant, "hours", "days") => Weight::Narrows,
        (
            Section::Settings
            | Section::Duty
            | Section::Approval
            | Section::Waiver
            | Section::Other
            | Section::Role
            | Section::Domain
            | Section::Group
            | Section::Judges
            | Section::Vendor
            | Section::Person
            | Section::Grant
            | Section::Bridge,
            ..,
        ) => Weight::Plain,
    }
}

/// Which way is the weaker where the whole of a thing comes or goes.
pub(super) fn presence(section: Section) -> Weight {
    match section {
        Section::Duty
        | Section::Approval
        | Section::Limits
        | Section::Admins
        | Section::Protected
        | Section::Severities
        | Section::Durations
        | Section::Settings => Weight::Guards,
        Section::Waiver | Section::Bridge => Weight::Opens,
        Section::Other
        | Section::Role
        | Section::Domain
        | Section::Group
        | Section::Judges
        | Section::Vendor
        | Section::Person
        | Section::Grant => Weight::Plain,
    }
}

/// What a thing says where it says nothing.
pub(super) fn defaults(section: Section, value: &Json) -> Vec<(String, String)> {
    let is = |name: &str, word: &str| value.get(name).and_then(Json::as_str) == Some(word);
    let pair = |label: &str, text: &str| (label.to_owned(), text.to_owned());
    let contractors = |closed| pair("contractors", if closed { "denied" } else { "allowed" });
    match section {
        Section::Settings => {
            let targets = value.get("targets").and_then(Json::as_object).into_iter().flat_map(|targets| targets.keys());
            let types = targets.map(|name| pair(&format!("targets.{name}.type"), name));
            types.chain([pair("manage", "contractors")]).collect()
        }
        Section::Duty => vec![pair("at_most", "1"), pair("severity", "error")],
        Section::Approval => vec![pair("risk", "any"), pair("by", "any")],
        Section::Domain => vec![contractors(is("environment", "production"))],
        Section::Role => vec![contractors(is("risk", "privileged"))],
        Section::Waiver
        | Section::Limits
        | Section::Admins
        | Section::Protected
        | Section::Severities
        | Section::Durations
        | Section::Other
        | Section::Group
        | Section::Judges
        | Section::Vendor
        | Section::Person
        | Section::Grant
        | Section::Bridge => Vec::new(),
    }
}

/// What holds where a thing doesn't speak of something that it could.
pub(super) fn unsaid(section: Section, label: &str) -> Option<&'static str> {
    let rule = (section == Section::Severities).then(|| rules::all().into_iter().find(|rule| rule.code.id == label));
    rule.flatten().map(|rule| match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    })
}

/// What follows where a field of a thing changes.
pub(super) fn consequence(section: Section, path: &str, after: Option<&Value>, weaker: bool) -> Option<&'static str> {
    let is = |word: &str| matches!(after, Some(Value::One(text)) if text == word);
    let first = path.split('.').next().unwrap_or_default();
    let text = match (section, first) {
        (Section::Settings, "manage") if is("everyone") => {
            "the next apply removes the undeclared access of everybody, not of contractors alone: `dualkey plan --live` \
             says whose"
        }
        (Section::Settings, "manage") => "undeclared access of employees and of unknown accounts is left as it is",
        (Section::Settings, "timezone") => "every date means another instant",
        (Section::Settings, "targets") => "another system is changed, or the same as another",
        (Section::Settings, "approval") => "what proves an approval is another thing",
        (Section::Settings, "audit") => "the log goes on elsewhere, or under another key",
        (Section::Settings, "managed") if weaker => "what is named no longer is changed by whoever can push",
        (Section::Duty, "severity") if is("warning") => "who breaks it is only warned of",
        (Section::Approval, "from" | "count" | "risk" | "change" | "by") if weaker => {
            "others may decide on such changes than before"
        }
        (Section::Judges, "members") if weaker => "others approve from now on",
        (Section::Domain, "resources") if path.ends_with(".id") => {
            "what was given on another one goes, and people are let in to this one"
        }
        (Section::Domain, "owners") if weaker => "others approve access to the domain",
        (Section::Vendor, "domains") if after.is_none() => "may now work everywhere",
        (Section::Person, "keys") => "what these keys sign is this person's word",
        (Section::Person | Section::Vendor, "ended") if after.is_none() => "is no longer ended",
        (Section::Person, "type") => "other limits hold for this person",
        _ => return None,
    };
    Some(text)
}

/// What follows where the whole of a thing comes or goes.
pub(super) fn whole(section: Section, [_, after]: [bool; 2]) -> Option<&'static str> {
    match (section, after) {
        (Section::Duty, false) => Some("nothing keeps these duties apart any longer"),
        (Section::Approval, false) => Some("nobody is asked by it any longer"),
        (Section::Protected, false) => Some("these may be revoked"),
        (Section::Waiver, true) => Some("the rule is not held against this person"),
        (Section::Bridge, true) => Some("these people may work in both domains"),
        _ => None,
    }
}

/// What a file of no kind is, and what follows where it changes.
pub(super) fn file(path: &str) -> (&'static str, Option<&'static str>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    match FileKind::of_path(path) {
        Claim::File(FileKind::Rego, _) => ("custom rules", Some("they judge every change")),
        Claim::File(FileKind::Cases, _) => ("cases", None),
        Claim::File(..) | Claim::Refused { .. } | Claim::Placeholder => ("file that can't be read", None),
        Claim::NotOurs if name.eq_ignore_ascii_case("CODEOWNERS") => {
            ("code owners", Some("the forge asks other people for a review"))
        }
        Claim::NotOurs if name == ".gitattributes" => {
            ("attributes", Some("they decide how changes are shown and merged"))
        }
        Claim::NotOurs => ("pipeline file", Some("what it does may run with the log's key")),
    }
}
