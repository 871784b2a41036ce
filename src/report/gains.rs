//! Who gains, keeps or loses what, a sentence a person and grant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::PlanView;
use super::escape::terminal;
use super::facts::tail;
use super::rows::Row;
use super::style::count;
use super::voice::{LISTED, Voice};
use crate::access::raw::Risk;
use crate::access::time::{format_end, format_start};
use crate::access::{Cause, EntitlementKey, GrantId, Interval, Intervals, PersonId, TargetType};
use crate::plan::{AccessLine, Action, EntitlementChange, Fact};

/// One line of the answer to who gets what.
#[derive(Clone, Debug)]
pub(super) struct Gain {
    pub(super) action: Action,
    /// True where somebody really has more than before.
    pub(super) gains: bool,
    pub(super) text: String,
    /// What makes it dangerous.
    pub(super) why: Option<String>,
    /// Of what gains: who the person is, and what it is for.
    pub(super) what_for: Option<String>,
    /// The grant by which.
    pub(super) grant: GrantId,
}

/// Facts that don't stand under a line of access already: what a new grant is for.
pub(super) fn untold(facts: Vec<Fact>, shown: &[Gain]) -> Vec<Fact> {
    let told: BTreeSet<String> =
        shown.iter().filter(|gain| gain.what_for.is_some()).map(|gain| format!("grant `{}`", gain.grant)).collect();
    let is_new = |fact: &Fact| fact.field.is_none() && fact.before.is_none();
    facts.into_iter().filter(|fact| !(is_new(fact) && told.contains(&fact.about))).collect()
}

/// What follows the first so many lines, of which those that gain come first.
pub(super) fn more(gains: &[Gain], shown: usize) -> String {
    let rest = gains.get(shown..).unwrap_or_default();
    match rest.iter().filter(|gain| gain.gains).count() {
        0 => format!("… and {} more, below", rest.len()),
        gaining => format!("… and {} more, {gaining} of which gain, below", rest.len()),
    }
}

impl PlanView<'_> {
    /// A line a person and grant, the most dangerous first; what changes nothing that people hold is left out, but for grants
    /// that go though their people keep what they hold.
    pub(super) fn gains(&self, voice: Voice) -> Vec<Gain> {
        let goes = |line: &&AccessLine| !self.plan.head.access.grants.contains_key(&line.grant);
        let lines = self.plan.lines.iter().filter(|line| line.action != Action::Keep || goes(line));
        let gain = |line: &AccessLine| Gain {
            action: line.action,
            gains: line.gains,
            text: self.gain(line, voice),
            why: why(line, voice),
            what_for: line.gains.then(|| self.what_for(line, voice)).flatten(),
            grant: line.grant.clone(),
        };
        lines.map(gain).collect()
    }

    fn gain(&self, line: &AccessLine, voice: Voice) -> String {
        let zone = self.zone();
        let who = self.who(&line.person, voice);
        let what = format!(
            "{} on {} in {}",
            voice.data(line.role.as_str()),
            voice.list(line.resources.iter().map(|resource| resource.as_str()), ", "),
            voice.data(line.domain.as_str())
        );
        let until = format_end(line.until, zone);
        let hours = tail(&line.conditions, zone);
        let instead = instead(line, voice);
        let span = || format!("{} … {until}{hours}", format_start(line.from, zone));
        if let Some(before) = &line.conditions_before {
            let how = match (line.conditions.within(before), before.within(&line.conditions)) {
                (true, _) => "at fewer hours",
                (_, true) => "at more hours",
                (false, false) => "at other hours",
            };
            let (now, before) = (line.conditions.words(zone), before.words(zone));
            let until = times(line, zone).map_or_else(|| format!("until {until}"), |(_, times)| times);
            return format!("{who} has {what}{instead} {how}: {now}, was {before}; {until}");
        }
        match line.action {
            Action::Gain => format!("{who} gains {what}{instead}, {}", span()),
            Action::Keep => format!("{who} keeps {what} by {}", self.others(line, voice)),
            Action::Lose if line.until == Timestamp::MAX => {
                format!("{who} loses {what}, had it without end{hours}")
            }
            Action::Lose => format!("{who} loses {what}, had it until {until}{hours}"),
            Action::Change => match times(line, zone) {
                Some((how, times)) => format!("{who} has {what}{instead} {how}: {times}{hours}"),
                None => format!("{who} has {what}{instead} changed, {}", span()),
            },
        }
    }

    /// The grants by which somebody keeps what one gave them, each with its role: rules may ask something else of that.
    fn others(&self, line: &AccessLine, voice: Voice) -> String {
        let place = |key: &EntitlementKey| (key.target.clone(), key.kind, key.resource.clone());
        let places: BTreeSet<_> = line.entitlements.iter().map(|(key, _)| place(key)).collect();
        let held = self.plan.head.entitlements.of(&line.person).iter().filter(|one| places.contains(&place(&one.key)));
        let causes = held.flat_map(|one| &one.causes).filter(|cause| cause.grant != line.grant);
        let others: BTreeSet<(&str, &str)> = causes.map(|cause| (cause.grant.as_str(), cause.role.as_str())).collect();
        let named: Vec<String> = others
            .iter()
            .map(|(grant, role)| format!("grant {} of role {}", voice.data(grant), voice.data(role)))
            .collect();
        let more = named.len().saturating_sub(LISTED);
        match (named.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", "), more) {
            (_, _) if named.is_empty() => "another grant".to_owned(),
            (named, 0) => named,
            (named, more) => format!("{named} and {more} more"),
        }
    }

    /// Name and accounts of whoever gains, and why they need it: what a reviewer knows them by.
    fn what_for(&self, line: &AccessLine, voice: Voice) -> Option<String> {
        let access = &self.plan.head.access;
        let (person, grant) = (access.people.get(&line.person)?, access.grants.get(&line.grant)?);
        let targets: BTreeSet<TargetType> = line.entitlements.iter().map(|(key, _)| key.kind.target).collect();
        let account = |target: TargetType| {
            let account = person.accounts.get(target)?;
            let number = account.numbered.as_ref().map(|numbered| format!("{} #{}", numbered.login, numbered.id));
            Some(format!("{target} {}", voice.data(number.as_ref().unwrap_or(&account.principal))))
        };
        let who = [voice.data(&person.name)].into_iter().chain(targets.into_iter().filter_map(account));
        let who = who.collect::<Vec<_>>().join(", ");
        let ticket = grant.ticket.as_ref().map(|ticket| format!(" ({})", voice.data(ticket))).unwrap_or_default();
        Some(format!("{who}: {}{ticket}", voice.data(&brief(&grant.reason))))
    }

    /// The person, whom they come from, and whether the registry knew them.
    fn who(&self, person: &PersonId, voice: Voice) -> String {
        let (base, head) = (&self.plan.base.access.people, &self.plan.head.access.people);
        let vendor = head.get(person).or_else(|| base.get(person)).and_then(|person| person.vendor.as_ref());
        let vendor = vendor.map(|vendor| voice.data(vendor.as_str()));
        let new = (!base.contains_key(person)).then(|| "new".to_owned());
        let sponsor = head.get(person).filter(|_| new.is_some()).and_then(|person| person.sponsor.as_ref());
        let sponsor = sponsor.map(|sponsor| format!("sponsor {}", voice.data(sponsor.as_str())));
        let about: Vec<String> = [new, vendor, sponsor].into_iter().flatten().collect();
        let name = voice.data(person.as_str());
        if about.is_empty() { name } else { format!("{name} ({})", about.join(", ")) }
    }
}

/// Characters of a reason; the grant has all of it.
const REASON: usize = 160;

fn brief(reason: &str) -> String {
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// What is held now and was held before by the same grant on the same resources, where that was something else.
fn instead(line: &AccessLine, voice: Voice) -> String {
    fn words<'k>(keys: impl Iterator<Item = &'k EntitlementKey>, voice: Voice) -> String {
        let words: BTreeSet<&str> = keys.map(|key| &*key.permission).collect();
        words.into_iter().map(|word| voice.data(word)).collect::<Vec<_>>().join(", ")
    }
    if line.instead_of.is_empty() {
        return String::new();
    }
    let now = words(line.entitlements.iter().map(|(key, _)| key), voice);
    format!(" ({now}, was {})", words(line.instead_of.iter(), voice))
}

/// How its times are others than before, and what they were; None where they are the same.
fn times(line: &AccessLine, zone: &TimeZone) -> Option<(&'static str, String)> {
    let until = format_end(line.until, zone);
    let until = match line.until_before {
        Some(before) => format!("until {until}, was {}", format_end(before, zone)),
        None => format!("until {until}"),
    };
    let start = |before| format!("from {}, was {}; {until}", format_start(line.from, zone), format_start(before, zone));
    let earlier = line.from_before.is_some_and(|before| line.from < before);
    let how = match (line.from_before, line.until_before) {
        (None, None) => return None,
        (None, Some(before)) if before < line.until => "longer",
        (None, Some(_)) => "shorter",
        (Some(_), None) => {
            if earlier {
                "longer"
            } else {
                "shorter"
            }
        }
        (Some(_), Some(before)) => match (earlier, before < line.until) {
            (true, true) => "longer",
            (false, false) => "shorter",
            (true, false) | (false, true) => "at other times",
        },
    };
    Some((how, line.from_before.map_or(until.clone(), start)))
}

fn why(line: &AccessLine, voice: Voice) -> Option<String> {
    if line.action == Action::Lose || !line.gains {
        return None;
    }
    let dangerous =
        line.entitlements.iter().map(|(key, _)| key).find(|key| (key.kind.dangerous)(&key.resource, &key.permission));
    match (dangerous, line.risk) {
        (Some(key), _) => Some(format!(
            "{} on {} {} can change who has access, or reaches everything",
            voice.data(&key.permission),
            key.kind.name,
            voice.data(&key.resource)
        )),
        (None, Risk::Elevated | Risk::Privileged) => {
            Some(format!("role {} is of risk {}", voice.data(line.role.as_str()), line.risk.as_str()))
        }
        (None, Risk::Standard) => None,
    }
}

/// What is told together: what comes, or what goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Gain,
    Loss,
}

impl Way {
    fn sign(self) -> char {
        match self {
            Way::Gain => '+',
            Way::Loss => '-',
        }
    }

    /// What comes or goes by a change: of its intervals those that meet the others, and the domains where.
    fn of<'c>(self, view: &'c PlanView<'_>, change: &'c EntitlementChange) -> (Vec<Interval>, Vec<&'c str>) {
        let meeting = |of: &Intervals, other: &Intervals| of.iter().filter(|one| other.meets(one)).copied().collect();
        let domain = |cause: &'c Cause| cause.domain.as_str();
        match self {
            Way::Gain => {
                let causes = change.gaining_causes(&view.plan.head.entitlements);
                (meeting(&change.after, &change.gained), causes.map(domain).collect())
            }
            Way::Loss => {
                let causes = change.losing_causes(&view.plan.base.entitlements);
                (meeting(&change.before, &change.lost), causes.map(domain).collect())
            }
        }
    }
}

/// Who gains or loses what where, those together who do so on the same resources: each permission and person by name. Where
/// even that is more than so many characters, a line a permission says in which domains, and names people only if they are
/// few.
pub(super) fn grouped(view: &PlanView<'_>, way: Way, room: usize) -> Vec<Row> {
    let (zone, sign) = (view.zone(), way.sign());
    let mut of_person: BTreeMap<(&PersonId, [String; 3]), BTreeSet<&str>> = BTreeMap::new();
    let mut domains: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for change in &view.plan.changes {
        let (intervals, causes) = way.of(view, change);
        if intervals.is_empty() {
            continue;
        }
        let key = &change.key;
        let right = format!("{} on {} of {}", key.permission, key.kind.name, key.target);
        domains.entry(right.clone()).or_default().extend(causes);
        for interval in intervals {
            let time = format!("{} … {}", format_start(interval.from(), zone), format_end(interval.until(), zone));
            let hours = tail(&key.conditions, zone);
            let what = [right.clone(), time, hours];
            of_person.entry((&key.person, what)).or_default().insert(&key.resource);
        }
    }
    let mut groups: BTreeMap<([String; 3], BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((person, what), resources) in of_person {
        groups.entry((what, resources)).or_default().push(person.as_str());
    }
    let row = |text: String| Row::always(terminal(&text));
    let named: Vec<Row> = groups
        .iter()
        .map(|(([what, time, hours], resources), people)| {
            let resources = resources.iter().copied().collect::<Vec<_>>().join(", ");
            row(format!("{sign} {what}, {time}{hours}: {}: {resources}", people.join(", ")))
        })
        .collect();
    if named.iter().map(|row| row.text.chars().count() + 1).sum::<usize>() <= room {
        return named;
    }
    let mut counted: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for (([what, ..], resources), people) in &groups {
        let (everybody, everything) = counted.entry(what).or_default();
        everybody.extend(people);
        everything.extend(resources);
    }
    // so much of a line may be names
    let names = room / (2 * counted.len().max(1));
    let counted = counted.into_iter().map(|(what, (people, resources))| {
        let everybody = people.iter().copied().collect::<Vec<_>>().join(", ");
        let everybody = if everybody.len() <= names { everybody } else { people_of(people.len()) };
        let domains = domains.get(what).into_iter().flatten().copied().collect::<Vec<_>>().join(", ");
        row(format!("{sign} {what}: {everybody}: {} in {domains}", count(resources.len(), "resource")))
    });
    counted.collect()
}

fn people_of(number: usize) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}
