//! Domains, roles, grants and bridges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::{Context, field, item};
use crate::access::TargetType;
use crate::access::conditions::{Conditions, Hours, InvalidHours};
use crate::access::id::{BridgeId, DomainId, Duty, GrantId, PersonId, ResourceId, RoleId, TargetId};
use crate::access::kind::Kind;
use crate::access::model::{Bridge, Config, Domain, Grant, Resource, Role};
use crate::access::raw::{self, Environment, Permit, Risk};
use crate::access::reading::{INVALID_DATE, Step, quote};
use crate::access::time::{Days, Moment};

pub(super) fn domain(stem: &str, raw: &raw::Domain, config: &Config, context: &mut Context<'_>) -> Option<Domain> {
    let id = context.id(DomainId::parse, stem, &[]);
    let owners = context.members(&raw.owners, &[Step::Key("owners")]);
    let (mut resources, mut refused) = (BTreeMap::new(), BTreeSet::new());
    for (name, raw) in &raw.resources {
        let path = [Step::Key("resources"), Step::Key(name)];
        let resource_id = context.id(ResourceId::parse, name, &path);
        let built = resource(raw, &path, config, context);
        match (resource_id, built) {
            (Some(id), Some(resource)) => _ = resources.insert(id, resource),
            (None, _) | (_, None) => _ = refused.insert(name.clone()),
        }
    }
    Some(Domain {
        id: id?,
        title: raw.title.clone(),
        environment: raw.environment,
        owners,
        contractors_allowed: match raw.contractors {
            Some(permit) => permit == Permit::Allowed,
            None => raw.environment != Environment::Production,
        },
        resources,
        refused,
        source: Arc::clone(context.source),
    })
}

fn resource(raw: &raw::Resource, path: &[Step<'_>], config: &Config, context: &mut Context<'_>) -> Option<Resource> {
    let mut what = raw.what.iter().filter(|(key, _)| *key != "target");
    let (Some((kind_name, name)), None) = (what.next(), what.next()) else {
        context.schema(
            path,
            "a resource names exactly one kind",
            "write it like `{ repository: northwind/payments-api }`",
        );
        return None;
    };
    let Some(kind) = context.kinds.get(kind_name) else {
        let known: Vec<&str> = context.kinds.names().collect();
        let help = match nearest(kind_name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", known.join(", ")),
        };
        context.schema(path, format!("{} is not a kind of resource", quote(kind_name)), help);
        return None;
    };
    if context.wildcard(name, &field(path, kind_name)) {
        return None;
    }
    let name = kind.spelling(name);
    if let Err(why) = (kind.check_resource)(&name) {
        context.schema(
            &field(path, kind_name),
            format!("{} is not a {}: {why}", quote(&name), kind.name),
            format!("write it as {}", kind.shape),
        );
        return None;
    }
    if raw.id.is_some() && !kind.numbered {
        let numbered: Vec<&str> = context.kinds.all().filter(|kind| kind.numbered).map(|kind| kind.name).collect();
        context.schema(
            &field(path, "id"),
            format!("a resource of kind {} has no number", kind.name),
            format!("leave `id` out; the kinds that have one are {}", numbered.join(", ")),
        );
        return None;
    }
    let target = target_of(raw.what.get("target"), kind.target, path, config, context)?;
    Some(Resource { target, kind, name: Arc::from(name.as_str()), number: raw.id })
}

fn target_of(
    named: Option<&String>,
    wanted: TargetType,
    path: &[Step<'_>],
    config: &Config,
    context: &mut Context<'_>,
) -> Option<TargetId> {
    let of_type: Vec<&TargetId> =
        config.targets.values().filter(|target| target.target_type == wanted).map(|target| &target.id).collect();
    let names = || of_type.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    match (named, of_type.as_slice()) {
        (Some(name), _) => match of_type.iter().find(|id| id.as_str() == name) {
            Some(id) => Some((*id).clone()),
            None => {
                context.schema(
                    &field(path, "target"),
                    format!("{} is not a target of type {wanted}", quote(name)),
                    format!("the targets of that type in dualkey.yaml are: {}", names()),
                );
                None
            }
        },
        (None, [only]) => Some((*only).clone()),
        (None, []) => {
            context.schema(
                path,
                format!("there is no target of type {wanted} for this resource"),
                "add one under `targets` in dualkey.yaml",
            );
            None
        }
        (None, _) => {
            context.schema(
                path,
                format!("more than one target is of type {wanted}"),
                format!("add `target:` with one of {}", names()),
            );
            None
        }
    }
}

/// The known word that a text most resembles, if it resembles one.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(text, word), *word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

pub(super) fn role(stem: &str, raw: &raw::Role, context: &mut Context<'_>) -> Option<Role> {
    let id = context.id(RoleId::parse, stem, &[]);
    let duties = raw.duties.as_deref().unwrap_or_default();
    let duties = context.ids(Duty::parse, duties, &[Step::Key("duties")]).into_iter().collect();
    let max_duration = match raw.max_duration.as_deref() {
        Some(text) => Some(days(text, &[Step::Key("max_duration")], context)?),
        None => None,
    };
    let mut entitlements: BTreeMap<&'static Kind, BTreeSet<Arc<str>>> = BTreeMap::new();
    for (name, words) in &raw.entitlements {
        let path = [Step::Key("entitlements"), Step::Key(name)];
        let Some(kind) = context.kinds.get(name) else {
            let known: Vec<&str> = context.kinds.names().collect();
            let help = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the kinds are {}", known.join(", ")),
            };
            context.schema(&path, format!("{} is not a kind of resource", quote(name)), help);
            continue;
        };
        if kind.holds_one() && words.0.len() != 1 {
            context.schema(
                &path,
                format!("a person holds one permission of kind `{}`, not {}", kind.name, words.0.len()),
                "name the highest",
            );
        }
        for word in &words.0 {
            if context.wildcard(word, &path) {
                continue;
            }
            if let Err(why) = kind.check_permission(word) {
                context.schema(&path, format!("{} is not a permission of `{}`", quote(word), kind.name), why);
            } else {
                entitlements.entry(kind).or_default().insert(Arc::from(word.as_str()));
            }
        }
    }
    Some(Role {
        id: id?,
        title: raw.title.clone(),
        duties,
        risk: raw.risk,
        contractors_allowed: match raw.contractors {
            Some(permit) => permit == Permit::Allowed,
            None => raw.risk != Risk::Privileged,
        },
        max_duration,
        mfa_required: matches!(raw.mfa, Some(raw::Mfa::Required)),
        entitlements,
        source: Arc::clone(context.source),
    })
}

/// A duration such as `90 days`.
pub(super) fn days(text: &str, path: &[Step<'_>], context: &mut Context<'_>) -> Option<Days> {
    let parsed = Days::parse(text);
    if parsed.is_none() {
        context.schema(path, format!("{} is not a duration", quote(text)), "write it like `90 days`");
    }
    parsed
}

pub(super) fn grant(stem: &str, raw: &raw::Grant, context: &mut Context<'_>) -> Option<Grant> {
    let id = context.id(GrantId::parse, stem, &[]);
    let to = context.members(&raw.to, &[Step::Key("to")]);
    let role = context.id(RoleId::parse, &raw.role, &[Step::Key("role")]);
    let domain = context.id(DomainId::parse, &raw.domain, &[Step::Key("domain")]);
    let resources = raw
        .resources
        .as_ref()
        .map(|list| context.ids(ResourceId::parse, list, &[Step::Key("resources")]).into_iter().collect());
    let from = raw.from.as_deref().map(|text| context.moment(text, &[Step::Key("from")]));
    let until = raw.until.as_deref().map(|text| context.moment(text, &[Step::Key("until")]));
    let conditions = match &raw.hours {
        None => Some(Conditions::NONE),
        Some(raw) => hours(raw, context).map(Conditions::of_hours),
    };
    let instants =
        |moment: Option<Option<Moment>>, at: fn(Moment, &jiff::tz::TimeZone) -> jiff::Timestamp, zone| match moment {
            None => Some(None),
            Some(None) => None,
            Some(Some(moment)) => Some(Some(at(moment, zone))),
        };
    let from = instants(from, Moment::start, context.zone)?;
    let until = instants(until, Moment::end, context.zone)?;
    if let (Some(start), Some(end)) = (from, until)
        && start >= end
    {
        context.report(
            &INVALID_DATE,
            &[Step::Key("until")],
            format!(
                "`until` {} is not after `from` {}",
                raw.until.as_deref().unwrap_or_default(),
                raw.from.as_deref().unwrap_or_default()
            ),
            "swap the two, or correct the year",
        );
    }
    if raw.reason.trim().is_empty() {
        context.schema(&[Step::Key("reason")], "the reason is empty", "say in a sentence what the access is for");
    }
    Some(Grant {
        id: id?,
        to,
        role: role?,
        domain: domain?,
        resources,
        from,
        until,
        // without its hours a grant would give more than it says
        conditions: conditions?,
        reason: raw.reason.clone(),
        ticket: raw.ticket.clone(),
        source: Arc::clone(context.source),
    })
}

fn hours(raw: &raw::Hours, context: &mut Context<'_>) -> Option<Hours> {
    let path = [Step::Key("hours")];
    let Some(zone) = context.zone.iana_name() else {
        context.schema(&path, "the organisation's time zone has no name", "name one in dualkey.yaml");
        return None;
    };
    let invalid = match Hours::new(&raw.days, &raw.between, zone) {
        Ok(hours) => return Some(hours),
        Err(invalid) => invalid,
    };
    let place = match &invalid {
        InvalidHours::NoDay => field(&path, "days"),
        InvalidHours::Twice(index, _) => item(&field(&path, "days"), *index),
        InvalidHours::Shape(_) | InvalidHours::Empty(_) | InvalidHours::Midnight(_) => field(&path, "between"),
        InvalidHours::Always => path.to_vec(),
    };
    context.schema(&place, invalid.to_string(), invalid.help());
    None
}

pub(super) fn bridge(stem: &str, raw: &raw::Bridge, context: &mut Context<'_>) -> Option<Bridge> {
    let id = context.id(BridgeId::parse, stem, &[]);
    let home = context.id(DomainId::parse, &raw.home, &[Step::Key("home")]);
    let into = context.id(DomainId::parse, &raw.into, &[Step::Key("into")]);
    let mut people = BTreeSet::new();
    for (index, text) in raw.people.iter().enumerate() {
        people.extend(context.id(PersonId::parse, text, &item(&[Step::Key("for")], index)));
    }
    let until = context.moment(&raw.until, &[Step::Key("until")])?.end(context.zone);
    Some(Bridge { id: id?, home: home?, into: into?, people, until, source: Arc::clone(context.source) })
}
