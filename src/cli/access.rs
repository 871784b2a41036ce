//! `dualkey access`

use clap::Args;

use super::drift::Looked;
use super::shared::{Ledger, Refresh, Shared};
use super::targets::SandboxOption;
use super::{Common, Exit, Format, Stop, context, drift, new, output};
use crate::access::{Access, Moment};
use crate::apply;
use crate::audit::{Reader, Who, access_at, spoken_of};
use crate::report;
use crate::targets::KINDS;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey access alice.nguyen\n  dualkey access alice.nguyen --at 2026-12-01\n  \
                        dualkey access alice.nguyen --live    also what is live by hand and by groups\n  \
                        dualkey access repository:northwind/payments-api --at 2026-12-01T12:00:00Z")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// A person, or KIND:RESOURCE
    who: String,
    /// The day (its start) or instant in question [default: now]
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Read the targets too: what is live now that no grant gives, by hand or by groups
    #[arg(long, conflicts_with = "at")]
    live: bool,
    #[command(flatten)]
    sandbox: SandboxOption,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    let shared = Shared::open(&repository, &options.common.remote, Refresh::Yes)?;
    let zone = &shared.access().config.zone;
    let at = match &options.at {
        Some(text) => Moment::parse(text)
            .map_err(|error| {
                Stop::usage(error.to_string(), "write a day like 2026-12-01, or an instant like 2026-12-01T12:00:00Z")
            })?
            .start(zone),
        None => options.common.now.clock()?.now,
    };
    let ledger = shared.anchored()?;
    let files = ledger.stored.files(&repository)?;
    let reader = ledger.stored.log.reader(&files);
    let who = spelled(&options.who);
    known(&who, shared.access(), &reader)?;
    let held = access_at(&reader, KINDS, Who::parse(&who), at)?;
    let (live, looked) = match options.live || options.sandbox.is_set() {
        true => live(options, &who, &shared, &ledger).map(|(live, looked)| (Some(live), looked))?,
        false => (None, Exit::Done),
    };
    output::print(&match options.format {
        Format::Text => report::access::text(&who, at, &held, live.as_ref(), zone, output::style()),
        Format::Json => report::access::json(at, &held, live.as_ref(), zone),
    });
    let unread = live.map(|live| live.refusals()).unwrap_or_default();
    output::error(&report::errors::refusals(&unread, output::error_style()));
    let ended = if unread.is_empty() { looked } else { Exit::Unjudged };
    // what nobody proves is told, and what of it was answered can't be taken apart
    let unproven = shared.verifier(&ledger.recorded, at)?.unproven(shared.tip()?)?;
    if unproven.is_empty() {
        return Ok(ended);
    }
    output::error(&report::errors::refusals(&unproven, output::error_style()));
    Ok(ended.worst(Exit::Findings))
}

/// What is live now of the person or on the resource, beside what was approved, and how that ends at best.
fn live(options: &Options, who: &str, shared: &Shared<'_>, ledger: &Ledger) -> Result<(apply::Drift, Exit), Stop> {
    let Looked { drift, ended, .. } = drift::look(shared, ledger, &options.sandbox, options.common.now.clock()?)?;
    let drift = drift.only(|person, kind, resource| {
        person.is_some_and(|person| person.as_str() == who) || who == format!("{kind}:{resource}")
    });
    Ok((drift, ended))
}

/// A resource in the spelling that it has here.
fn spelled(who: &str) -> String {
    let spelled =
        who.split_once(':').and_then(|(kind, name)| Some(format!("{kind}:{}", KINDS.get(kind)?.spelling(name))));
    spelled.unwrap_or_else(|| who.to_owned())
}

/// A name that neither the registry nor the log has is a mistake: "had nothing" would answer another question.
fn known(who: &str, access: &Access, reader: &Reader<'_>) -> Result<(), Stop> {
    let mut names = spoken_of(reader)?;
    names.extend(access.people.keys().map(ToString::to_string));
    let resources = access.domains.values().flat_map(|domain| domain.resources.values());
    names.extend(resources.map(|resource| format!("{}:{}", resource.kind.name, resource.name)));
    if names.contains(who) {
        return Ok(());
    }
    let what = if who.contains(':') { "resource" } else { "person" };
    let alike = names.iter().map(String::as_str).filter(|name| name.contains(':') == who.contains(':'));
    Err(new::unknown(what, who, alike, "write a person's id, or KIND:RESOURCE"))
}
