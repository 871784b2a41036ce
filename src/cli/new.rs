//! `dualkey new`

mod accounts;
mod term;
mod yaml;

use clap::Args;
use jiff::civil::Date;

use super::context::Clock;
use super::written::{Errors, Files, WorkTree};
use super::{Exit, NowOption, RepoOption, Stop};
use crate::access::style::{StyleError, list, scalar};
use crate::access::{
    Access, Days, Domain, DomainId, GrantId, Interval, Moment, Person, PersonId, PersonType, Revision, Role, Vendor,
};
use accounts::AccountOptions;
use term::Longest;
pub use term::{Asked, Bound, Length, Limits, Term};
pub use yaml::finished;

/// Names that an error lists before it goes on to count them.
const NAMES: usize = 12;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey new alice.nguyen --name \"Alice Nguyen\" --vendor globex \\\n      \
                        --github alice-nw:583231 --role developer --on payments-api \\\n      \
                        --for 6w --reason \"Build the refund flow\"\n  \
                        dualkey new alice.nguyen --role tester --on payments-web \\\n      \
                        --until 2026-12-18 --reason \"Test it\"      # somebody who is known")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// The person's id, such as alice.nguyen
    person: String,
    /// New people: the name
    #[arg(long)]
    name: Option<String>,
    /// New people: the vendor they come from
    #[arg(long)]
    vendor: Option<String>,
    #[command(flatten)]
    accounts: AccountOptions,
    /// The role
    #[arg(long)]
    role: String,
    /// The resources, all of one domain
    #[arg(long, value_name = "RESOURCE", required = true, num_args = 1..)]
    on: Vec<String>,
    /// How long: days, weeks or months, such as 10d, 6w or 3m
    #[arg(long = "for", value_name = "LENGTH", value_parser = Length::parse, required_unless_present = "until")]
    length: Option<Length>,
    /// The last day
    #[arg(long, value_name = "DATE", conflicts_with = "length")]
    until: Option<String>,
    /// The first day [default: today]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Why it is needed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The ticket that asks for it
    #[arg(long)]
    ticket: Option<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let tree = WorkTree::open(&options.repo, &options.now)?;
    let (files, term) = files(options, &tree.revision, tree.clock)?;
    let files: Files = files.into_iter().map(|(path, text)| (path, Some(text))).collect();
    tree.refuse_to_replace(&files)?;
    tree.write_and_plan(&files, Errors::Stop, &term.why)
}

/// The person and the grant as they will be written, and when the access holds. Nothing is written here.
fn files(options: &Options, revision: &Revision, clock: Clock) -> Result<(Vec<(String, String)>, Term), Stop> {
    let access = &revision.access;
    let id = parse_id(&options.person)?;
    let role = access.roles.get(options.role.as_str()).ok_or_else(|| unknown_role(access, &options.role))?;
    let (domain, resources) = domain(access, &options.on)?;
    let who = Who::find(options, access, &id)?;
    who.can_use(options, role, domain, &resources)?;
    let zone = &access.config.zone;
    let today = clock.now.to_zoned(zone.clone()).date();
    let mut bounds = who.bounds();
    bounds.extend(ends(access.bridge_end(&id, &domain.id), format!("the bridge into {}", domain.id)));
    let limits = Limits { zone, today, bounds, longest: longest(access, role, who.person_type()) };
    let asked = match (&options.length, &options.until) {
        (_, Some(until)) => Asked::Until(Moment::Day(day(until)?)),
        (Some(length), None) => Asked::For(*length),
        (None, None) => return Err(Stop::usage("there is no end", "add `--for 6w` or `--until DATE`")),
    };
    let from = options.from.as_deref().map(day).transpose()?;
    let term = limits.term(from, &asked)?;
    let mut files = Vec::new();
    if let Who::New { vendor, name } = &who {
        files.push((format!("people/{id}.yaml"), person_file(options, name, vendor, &term)?));
    }
    files.push(grant_file(options, access, &id, domain, &resources, &term)?);
    for (path, text) in &mut files {
        *text = finished(path, text)?;
    }
    Ok((files, term))
}

fn parse_id(text: &str) -> Result<PersonId, Stop> {
    PersonId::parse(text).map_err(|error| Stop::usage(error.to_string(), "write it as `alice.nguyen`"))
}

/// A day as people write it.
pub(super) fn day(text: &str) -> Result<Date, Stop> {
    match Moment::parse(text) {
        Ok(Moment::Day(day)) => Ok(day),
        Ok(Moment::Instant(_)) => {
            Err(Stop::usage(format!("`{text}` is not a day"), "write the day, such as 2026-11-24"))
        }
        Err(error) => Err(Stop::usage(error.to_string(), "write the day, such as 2026-11-24")),
    }
}

/// Who gets it: somebody of the registry, or somebody new of a vendor.
enum Who<'a> {
    Known(&'a Person, Option<&'a Vendor>),
    New { vendor: &'a Vendor, name: &'a str },
}

impl<'a> Who<'a> {
    fn find(options: &'a Options, access: &'a Access, id: &PersonId) -> Result<Self, Stop> {
        if let Some(person) = access.people.get(id) {
            contradiction(options, person)?;
            let vendor = person.vendor.as_ref().and_then(|vendor| access.vendors.get(vendor));
            return Ok(Who::Known(person, vendor));
        }
        let (Some(name), Some(vendor)) = (&options.name, &options.vendor) else {
            let near = nearest(id.as_str(), access.people.keys().map(PersonId::as_str));
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            return Err(Stop::usage(
                format!("`{id}` is not in the registry"),
                format!("{near}somebody new needs `--name` and `--vendor`"),
            ));
        };
        let vendor = access.vendors.get(vendor.as_str()).ok_or_else(|| {
            unknown("vendor", vendor, access.vendors.keys().map(|id| id.as_str()), "write it first, in vendors/")
        })?;
        Ok(Who::New { vendor, name })
    }

    fn person_type(&self) -> PersonType {
        match self {
            Who::Known(person, _) => person.person_type,
            Who::New { .. } => PersonType::Contractor,
        }
    }

    /// Refuses a grant that would reach nothing, for want of a permission or of an account.
    fn can_use(&self, options: &Options, role: &Role, domain: &Domain, resources: &[String]) -> Result<(), Stop> {
        for name in resources {
            let Some(resource) = domain.resources.get(name.as_str()) else { continue };
            if !role.entitlements.contains_key(resource.kind) {
                let kinds: Vec<&str> = role.entitlements.keys().map(|kind| kind.name).collect();
                return Err(Stop::usage(
                    format!(
                        "role `{}` has no permission on `{name}`, which is of kind {}",
                        role.id, resource.kind.name
                    ),
                    format!("it has one on {}; leave `{name}` out, or name another role", kinds.join(", ")),
                ));
            }
            let target = resource.kind.target;
            let (has, help) = match self {
                Who::Known(person, _) => (
                    person.accounts.get(target).is_some(),
                    format!("write it into `accounts` of {}", person.source.path),
                ),
                Who::New { .. } => (options.accounts.has(target), accounts::help(target)),
            };
            if !has {
                return Err(Stop::usage(format!("`{name}` needs an account at {target}"), help));
            }
        }
        Ok(())
    }

    fn bounds(&self) -> Vec<Bound> {
        let mut bounds = Vec::new();
        let vendor = match self {
            Who::Known(person, vendor) => {
                if let Some(interval) = person.engagement {
                    bounds.push(Bound { interval, what: format!("the engagement of {}", person.id) });
                }
                bounds.extend(ends(person.ended, format!("everything of {}", person.id)));
                *vendor
            }
            Who::New { vendor, .. } => Some(*vendor),
        };
        if let Some(vendor) = vendor {
            bounds.push(Bound { interval: vendor.contract, what: format!("the contract of {}", vendor.id) });
            bounds.extend(ends(vendor.ended, format!("everything of {}", vendor.id)));
        }
        bounds
    }
}

/// A bound of what ends at an instant.
pub(super) fn ends(at: Option<jiff::Timestamp>, what: String) -> Vec<Bound> {
    at.and_then(|end| Interval::new(jiff::Timestamp::MIN, end))
        .map(|interval| Bound { interval, what })
        .into_iter()
        .collect()
}

/// That a file has to be changed by hand.
pub(super) fn by_hand(path: &str, error: &StyleError) -> Stop {
    Stop::usage(format!("`{path}` can't be changed here: {error}"), "change the field by hand")
}

pub(super) fn longest(access: &Access, role: &Role, person_type: PersonType) -> Vec<Longest> {
    let by_role = role.max_duration.map(|days| (days, format!("role {} lasts at most", role.id)));
    let by_policy: Option<(Days, String)> = match person_type {
        PersonType::Contractor | PersonType::Service => access
            .policy
            .contractor_max_duration
            .map(|days| (days, "by policy, access of contractors lasts at most".to_owned())),
        PersonType::Employee => None,
    };
    by_role.into_iter().chain(by_policy).map(|(days, what)| Longest { days, what }).collect()
}

/// What is said about somebody known must be what the registry says.
fn contradiction(options: &Options, person: &Person) -> Result<(), Stop> {
    let vendor = person.vendor.as_ref().map(ToString::to_string);
    let named = [
        ("--name".to_owned(), &options.name, Some(person.name.clone())),
        ("--vendor".to_owned(), &options.vendor, vendor),
    ];
    let named = named.into_iter().filter_map(|(flag, said, stands)| Some((flag, said.clone()?, stands)));
    for (flag, said, stands) in named.chain(options.accounts.beside(&person.accounts)) {
        if stands.as_ref() != Some(&said) {
            let stands = stands.map_or("nothing".to_owned(), |stands| format!("`{stands}`"));
            return Err(Stop::usage(
                format!("`{}` is in the registry with {stands}, not `{said}`, for {flag}", person.id),
                format!("leave {flag} out; what the registry says is changed in {}", person.source.path),
            ));
        }
    }
    Ok(())
}

/// The domain that has all these resources, and their ids in it. A resource may be called by its id or by its own name.
fn domain<'a>(access: &'a Access, asked: &[String]) -> Result<(&'a Domain, Vec<String>), Stop> {
    let id_in = |domain: &Domain, asked: &str| {
        let named = domain
            .resources
            .iter()
            .find(|(id, resource)| id.as_str() == asked || *resource.name == *resource.kind.spelling(asked));
        named.map(|(id, _)| id.to_string())
    };
    let homes = |asked: &str| -> Vec<&'a Domain> {
        access.domains.values().filter(|domain| id_in(domain, asked).is_some()).collect()
    };
    for name in asked {
        if homes(name).is_empty() {
            let ids = access.domains.values().flat_map(|domain| domain.resources.keys()).map(|id| id.as_str());
            return Err(unknown("resource", name, ids, "write it first, into its domain in domains/"));
        }
    }
    let whole = |domain: &&Domain| asked.iter().all(|name| id_in(domain, name).is_some());
    let having: Vec<&Domain> = access.domains.values().filter(whole).collect();
    match having.as_slice() {
        [one] => {
            let mut ids: Vec<String> = asked.iter().filter_map(|name| id_in(one, name)).collect();
            ids.sort();
            ids.dedup();
            Ok((one, ids))
        }
        [] => {
            let each: Vec<String> = asked
                .iter()
                .map(|name| {
                    let domains: Vec<&str> = homes(name).iter().map(|domain| domain.id.as_str()).collect();
                    format!("`{name}` is in {}", domains.join(" and "))
                })
                .collect();
            Err(Stop::usage(
                format!("the resources are not of one domain: {}", each.join(", ")),
                "a grant stays within one domain: run `dualkey new` once for each",
            ))
        }
        several => {
            let domains: Vec<&str> = several.iter().map(|domain| domain.id.as_str()).collect();
            Err(Stop::usage(
                format!("{} each have resources of these names", domains.join(" and ")),
                "call one by its full name, as its domain writes it after the kind",
            ))
        }
    }
}

fn person_file(options: &Options, name: &str, vendor: &Vendor, term: &Term) -> Result<String, Stop> {
    let mut text = format!(
        "name: {}\ntype: contractor\nvendor: {}\nsponsor: {}\nengagement: {{ from: {}, until: {} }}\n",
        scalar(name),
        scalar(vendor.id.as_str()),
        scalar(vendor.sponsor.as_str()),
        scalar(&term.from),
        scalar(&term.until)
    );
    let accounts = options.accounts.lines()?;
    if !accounts.is_empty() {
        text.push_str("accounts:\n");
        text.push_str(&accounts.concat());
    }
    Ok(text)
}

fn grant_file(
    options: &Options,
    access: &Access,
    person: &PersonId,
    domain: &Domain,
    resources: &[String],
    term: &Term,
) -> Result<(String, String), Stop> {
    let id = grant_id(access, person, &options.role, &domain.id)?;
    let mut text = format!(
        "to: {}\nrole: {}\ndomain: {}\nresources: {}\nfrom: {}\nuntil: {}\nreason: {}\n",
        list(&[person.to_string()]),
        scalar(&options.role),
        scalar(domain.id.as_str()),
        list(resources),
        scalar(&term.from),
        scalar(&term.until),
        scalar(&options.reason)
    );
    if let Some(ticket) = &options.ticket {
        text.push_str(&format!("ticket: {}\n", scalar(ticket)));
    }
    Ok((format!("grants/{}/{id}.yaml", domain.id), text))
}

/// An id that no grant has: person and role, then numbered.
fn grant_id(access: &Access, person: &PersonId, role: &str, domain: &DomainId) -> Result<GrantId, Stop> {
    let stem = format!("{person}-{role}");
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let free = std::iter::once(stem.clone())
        .chain(numbered.take(access.grants.len() + 1))
        .find(|id| !access.grants.contains_key(id.as_str()));
    free.and_then(|id| GrantId::parse(&id).ok()).ok_or_else(|| {
        Stop::usage(
            format!("`{stem}` is too long for the id of a grant"),
            format!("write the grant by hand, in grants/{domain}/"),
        )
    })
}

fn unknown_role(access: &Access, role: &str) -> Stop {
    unknown("role", role, access.roles.keys().map(|id| id.as_str()), "write it first, in roles/")
}

/// The error about a name that nothing has, with the likeliest one and the others.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, instead: &str) -> Stop {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    let near = nearest(name, known.iter().copied());
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let more = match known.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    known.truncate(NAMES);
    let help = if known.is_empty() {
        format!("there is no {what} yet: {instead}")
    } else {
        let are = if known.len() == 1 { "is only" } else { "are" };
        format!("{near}there {are} {}{more}", known.join(", "))
    };
    Stop::usage(format!("there is no {what} `{name}`"), help)
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = alike.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, known)| known)
}
