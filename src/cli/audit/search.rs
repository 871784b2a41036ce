//! `dualkey audit search`

use clap::Args;
use jiff::Timestamp;

use crate::access::{Access, Moment};
use crate::audit::Query;
use crate::audit::record::Verb;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, Format, RemoteOption, RepoOption, Stop, context, output};
use crate::report;

/// `--verb`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Does {
    Grant,
    Revoke,
    Change,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey audit search --person alice.nguyen\n  \
                        dualkey audit search --resource account:111122223333 --verb grant --since 2026-10-01\n  \
                        dualkey audit search --landing 4f3c38c\n\
                        Everything asked must fit one and the same thing that an entry says.")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// Who gained, lost, approved, made the change or vouched for the genesis
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// What was reached, as KIND:RESOURCE
    #[arg(long, value_name = "KIND:RESOURCE")]
    resource: Option<String>,
    /// By which grant
    #[arg(long, value_name = "GRANT")]
    grant: Option<String>,
    /// The commit that landed, was reviewed, refused or applied, or how its id begins
    #[arg(long, value_name = "COMMIT")]
    landing: Option<String>,
    /// What was done, was to be done, or would bring drift back
    #[arg(long, value_enum)]
    verb: Option<Does>,
    /// From this day (its start) or instant on
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Through this day (its end), or before this instant
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Options {
    fn query(&self, access: &Access) -> Result<Query, Stop> {
        let resource = self.resource.as_deref().map(|text| {
            let pair = text.split_once(':').map(|(kind, resource)| (kind.to_owned(), resource.to_owned()));
            pair.ok_or_else(|| {
                let shown = text.escape_debug();
                Stop::usage(format!("`{shown}` is not a resource"), "write KIND:RESOURCE, such as repository:acme/web")
            })
        });
        let begins = |landing: &String| {
            let hex = landing.len() >= 4 && landing.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex.then(|| landing.to_ascii_lowercase()).ok_or_else(|| {
                let shown = landing.escape_debug();
                Stop::usage(format!("`{shown}` is not the id of a commit"), "give at least its first four digits")
            })
        };
        let moment = |text: &String| {
            Moment::parse(text).map_err(|error| {
                Stop::usage(error.to_string(), "write a day like 2026-12-01, or an instant like 2026-12-01T12:00:00Z")
            })
        };
        let zone = &access.config.zone;
        let since: Option<Timestamp> = self.since.as_ref().map(moment).transpose()?.map(|since| since.start(zone));
        let until: Option<Timestamp> = self.until.as_ref().map(moment).transpose()?.map(|until| until.end(zone));
        Ok(Query {
            person: self.person.clone(),
            resource: resource.transpose()?,
            grant: self.grant.clone(),
            landing: self.landing.as_ref().map(begins).transpose()?,
            verb: self.verb.map(|verb| match verb {
                Does::Grant => Verb::Grant,
                Does::Revoke => Verb::Revoke,
                Does::Change => Verb::Change,
            }),
            since,
            until,
        })
    }
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let query = options.query(shared.access())?;
    if query == Query::default() {
        return Err(Stop::usage(
            "nothing was asked",
            "name a person, a resource, a grant, a landing, a verb or a time",
        ));
    }
    let ledger = shared.anchored()?;
    let (log, files) = (&ledger.stored.log, ledger.stored.files(&repository)?);
    let mut count = 0;
    let mut entries = report::audit::Entries::found(log);
    log.reader(&files).each_resolved(Some(&query), |index, record| {
        let Some(found) = query.find(record) else { return Ok::<(), Stop>(()) };
        count += 1;
        match options.format {
            Format::Text => output::print(&report::audit::found(index, &found, output::style())),
            Format::Json => output::print(&entries.next_found(index, record)),
        }
        Ok(())
    })?;
    output::print(&match options.format {
        Format::Text => report::audit::found_in(count, log),
        Format::Json => entries.end(),
    });
    Ok(Exit::Done)
}
