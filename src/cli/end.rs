//! `dualkey end`

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::context::Clock;
use super::named::{Named, Sort, named};
use super::new;
use super::written::{Errors, Files, WorkTree};
use super::{Exit, NowOption, RepoOption, Stop};
use crate::access::reading::FileKind;
use crate::access::style::{scalar, set};
use crate::access::time::format_start;
use crate::access::{Access, Grant, Moment};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey end alice.nguyen                     everything she holds, as today begins\n  \
                        dualkey end globex --at 2026-12-31           everything that a vendor's people hold\n  \
                        dualkey end alice-refunds --at 2026-12-15    one grant"
)]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// A person, a vendor, or the id of a grant; `person:ID`, `vendor:ID` or `grant:ID` where two have one id
    #[arg(value_name = "PERSON|VENDOR|GRANT")]
    who: String,
    /// The first day on which nothing is held any more [default: today]
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let tree = WorkTree::open(&options.repo, &options.now)?;
    let (files, what) = files(options, &tree.revision.access, tree.clock)?;
    tree.write_and_plan(&files, Errors::Tell, &[what])
}

/// What is written, and a line that says what that does.
fn files(options: &Options, access: &Access, clock: Clock) -> Result<(Files, String), Stop> {
    let (zone, who) = (&access.config.zone, options.who.as_str());
    let day = match &options.at {
        Some(text) => new::day(text)?,
        None => clock.now.to_zoned(zone.clone()).date(),
    };
    let start = Moment::Day(day).start(zone);
    let ended = |before: Option<Timestamp>, kind: FileKind, path: &str, text: &str| {
        if let Some(before) = before.filter(|before| *before <= start) {
            let message = format!("`{who}` ends already as {} begins", format_start(before, zone));
            return Err(Stop::usage(message, "see `dualkey access`, or name an earlier day with `--at`"));
        }
        let written =
            set(kind, text, &["ended"], &scalar(&day.to_string())).map_err(|error| new::by_hand(path, &error))?;
        Ok(Files::from([(path.to_owned(), Some(written))]))
    };
    match named(access, who, &[Sort::Person, Sort::Vendor, Sort::Grant])? {
        Named::Person(person) => {
            let source = &person.source;
            let files = ended(person.ended, FileKind::Person, &source.path, source.as_str())?;
            Ok((files, format!("everything of {} ends as {day} begins", person.id)))
        }
        Named::Vendor(vendor) => {
            let source = &vendor.source;
            let files = ended(vendor.ended, FileKind::Vendor, &source.path, source.as_str())?;
            Ok((files, format!("everything of the people of {} ends as {day} begins", vendor.id)))
        }
        Named::Grant(grant) => of_grant(grant, (day, start), access),
    }
}

/// A grant ends with the day before; one that wouldn't have begun by then goes.
fn of_grant(grant: &Grant, (day, start): (Date, Timestamp), access: &Access) -> Result<(Files, String), Stop> {
    let (zone, path) = (&access.config.zone, grant.source.path.to_string());
    if let Some(until) = grant.until.filter(|until| *until <= start) {
        let message = format!("grant `{}` ends already as {} begins", grant.id, format_start(until, zone));
        return Err(Stop::usage(message, "name an earlier day with `--at`"));
    }
    let last = day.yesterday().map_err(|_| Stop::usage(format!("`{day}` is out of reach"), "name a later day"))?;
    if grant.from.is_some_and(|from| from >= start) {
        return Ok((Files::from([(path, None)]), format!("grant {} would begin later, and goes", grant.id)));
    }
    let written = set(FileKind::Grant, grant.source.as_str(), &["until"], &scalar(&last.to_string()));
    let written = written.map_err(|error| new::by_hand(&path, &error))?;
    Ok((Files::from([(path, Some(written))]), format!("grant {} ends as {day} begins", grant.id)))
}
