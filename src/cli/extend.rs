//! `dualkey extend`

use std::collections::BTreeSet;

use clap::Args;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::context::Clock;
use super::named::{Named, Sort, named};
use super::new::{self, Asked, Bound, Length, Limits, Term};
use super::written::{Errors, Files, WorkTree};
use super::{Exit, NowOption, RepoOption, Stop};
use crate::access::reading::FileKind;
use crate::access::style::{scalar, set};
use crate::access::{Access, Grant, Member, Moment, Person, PersonType};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey extend alice.nguyen --for 4w           all that she holds by grants of her own\n  \
                        dualkey extend alice-refunds --until 2027-02-28    one grant"
)]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// A person, or the id of a grant; `person:ID` or `grant:ID` where both have one id
    #[arg(value_name = "PERSON|GRANT")]
    who: String,
    /// How much longer: days, weeks or months, such as 10d, 4w or 3m
    #[arg(long = "for", value_name = "LENGTH", value_parser = Length::parse, required_unless_present = "until")]
    length: Option<Length>,
    /// The last day
    #[arg(long, value_name = "DATE", conflicts_with = "length")]
    until: Option<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let tree = WorkTree::open(&options.repo, &options.now)?;
    let (access, clock) = (&tree.revision.access, tree.clock);
    let mut extension = Extension { options, access, clock, files: Files::new(), why: Vec::new() };
    for grant in extension.grants()? {
        extension.grant(grant)?;
    }
    let Extension { files, why, .. } = extension;
    tree.write_and_plan(&files, Errors::Stop, &why)
}

struct Extension<'a> {
    options: &'a Options,
    access: &'a Access,
    clock: Clock,
    files: Files,
    why: Vec<String>,
}

impl<'a> Extension<'a> {
    /// The grants that are meant: the one of that id, or those of a person alone that last longest.
    fn grants(&self) -> Result<Vec<&'a Grant>, Stop> {
        let (access, who) = (self.access, self.options.who.as_str());
        let person = match named(access, who, &[Sort::Person, Sort::Grant])? {
            Named::Grant(grant) => return Ok(vec![grant]),
            Named::Person(person) => person,
            Named::Vendor(vendor) => return Err(Stop::usage(format!("`{}` is a vendor", vendor.id), "name a person")),
        };
        if person.ended.is_some_and(|ended| ended <= self.clock.now) {
            let help = format!("to let them back, take `ended` out of {}, in a change of its own", person.source.path);
            return Err(Stop::usage(format!("`{who}` was ended"), help));
        }
        let own = [Member::Person(person.id.clone())];
        let own = access.grants.values().filter(|grant| grant.to == own && grant.until.is_some());
        let own: Vec<&Grant> = own.collect();
        let last = own.iter().filter_map(|grant| grant.until).max();
        let open = |until: Option<Timestamp>| until > Some(self.clock.now) || until == last;
        let open: Vec<&Grant> = own.into_iter().filter(|grant| open(grant.until)).collect();
        if open.is_empty() {
            let via = access.grants.values().filter(|grant| access.expand(&grant.to).contains_key(&person.id));
            let via: Vec<&str> = via.map(|grant| grant.id.as_str()).collect();
            let help = match via.is_empty() {
                true => "`dualkey new` writes one".to_owned(),
                false => format!("extend one by its id, for everybody it names: {}", via.join(", ")),
            };
            return Err(Stop::usage(format!("`{who}` has no grant alone that ends"), help));
        }
        Ok(open)
    }

    fn grant(&mut self, grant: &Grant) -> Result<(), Stop> {
        let zone = &self.access.config.zone;
        let Some(until) = grant.until else {
            return Err(Stop::usage(format!("grant `{}` has no end", grant.id), "there is nothing to extend"));
        };
        let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let last = day(until.checked_sub(1.nanosecond()).unwrap_or(until));
        let today = day(self.clock.now);
        let wanted = match (&self.options.until, self.options.length) {
            (Some(text), _) => new::day(text)?,
            (None, Some(length)) => self.longer(length, last.max(today.yesterday().unwrap_or(today)))?,
            (None, None) => return Err(Stop::usage("there is no end", "add `--for 4w` or `--until DATE`")),
        };
        let people: Vec<&'a Person> =
            self.access.expand(&grant.to).into_keys().filter_map(|id| self.access.people.get(&id)).collect();
        // whoever left before the grant ends doesn't come back by it
        let left = |person: &&&Person| person.engagement.is_some_and(|engagement| engagement.until() < until);
        if let Some(person) = people.iter().find(left) {
            let help = format!(
                "extend {0} first, if they stay: `dualkey extend {0}`; or take them out of the grant",
                person.id
            );
            return Err(Stop::usage(
                format!("the engagement of `{}` ends before grant `{}` does", person.id, grant.id),
                help,
            ));
        }
        let Some(role) = self.access.roles.get(&grant.role) else {
            return Err(Stop::usage(format!("grant `{}` names no role that is there", grant.id), "correct it first"));
        };
        let types: BTreeSet<PersonType> = people.iter().map(|person| person.person_type).collect();
        let longest = types.into_iter().flat_map(|of| new::longest(self.access, role, of)).collect();
        let bounds = people.iter().flat_map(|person| self.bounds(person, grant)).collect();
        let limits = Limits { zone, today, bounds, longest };
        let from = grant.from.map(day);
        let term = limits.term(Some(from.unwrap_or(today)), &Asked::Until(Moment::Day(wanted)))?;
        let new_end = Moment::parse(&term.until).map(|moment| moment.end(zone)).unwrap_or(until);
        if new_end <= until {
            let why = term.why.last().cloned().unwrap_or_default();
            return Err(Stop::usage(
                format!("grant `{}` can't end later than {last}: {why}", grant.id),
                "have what is named extended first, in a change of its own",
            ));
        }
        self.why.extend(term.why.last().map(|why| format!("{}: {why}", grant.id)));
        self.set(FileKind::Grant, &grant.source.path, grant.source.as_str(), &["until"], &term)?;
        for person in people {
            if person.engagement.is_some_and(|engagement| engagement.until() < new_end) {
                self.why.push(format!("the engagement of {} with it", person.id));
                let path = ["engagement", "until"];
                self.set(FileKind::Person, &person.source.path, person.source.as_str(), &path, &term)?;
            }
        }
        Ok(())
    }

    /// What the person can't outlast though the engagement goes on.
    fn bounds(&self, person: &Person, grant: &Grant) -> Vec<Bound> {
        let vendor = person.vendor.as_ref().and_then(|vendor| self.access.vendors.get(vendor));
        let mut bounds = new::ends(person.ended, format!("everything of {}", person.id));
        if let Some(vendor) = vendor {
            bounds.push(Bound { interval: vendor.contract, what: format!("the contract of {}", vendor.id) });
            bounds.extend(new::ends(vendor.ended, format!("everything of {}", vendor.id)));
        }
        let bridge = self.access.bridge_end(&person.id, &grant.domain);
        bounds.extend(new::ends(bridge, format!("the bridge into {}", grant.domain)));
        bounds
    }

    fn longer(&self, length: Length, last: Date) -> Result<Date, Stop> {
        length.after(last).map_err(|_| {
            Stop::usage(format!("{length} from {last} is out of reach"), "ask for less, such as `--for 4w`")
        })
    }

    fn set(&mut self, kind: FileKind, path: &str, text: &str, field: &[&str], term: &Term) -> Result<(), Stop> {
        let text = match self.files.get(path) {
            Some(Some(text)) => text.clone(),
            Some(None) | None => text.to_owned(),
        };
        let written = set(kind, &text, field, &scalar(&term.until)).map_err(|error| new::by_hand(path, &error))?;
        self.files.insert(path.to_owned(), Some(written));
        Ok(())
    }
}
