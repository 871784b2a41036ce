//! Who could do what at an instant, and by whose approval.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::escape::terminal;
use super::facts::tail;
use super::json::Live;
use super::style::Style;
use super::{drift, json};
use crate::access::Conditions;
use crate::access::time::{format_end, format_instant, format_moment};
use crate::apply::Drift;
use crate::audit::Held;

/// A block an entitlement: what, until when, by which grant, landing and approval.
pub fn text(who: &str, at: Timestamp, held: &[Held], live: Option<&Drift>, zone: &TimeZone, style: Style) -> String {
    let beside = live.map(|live| drift::beside(live, zone, style)).unwrap_or_default();
    format!("{}{beside}", declared(who, at, held, zone, style))
}

fn declared(who: &str, at: Timestamp, held: &[Held], zone: &TimeZone, style: Style) -> String {
    let who = terminal(who);
    let at = format_moment(at, zone);
    if held.is_empty() {
        return format!("{who} had nothing at {at}\n");
    }
    let mut text = format!("{who} at {at}\n");
    for one in held {
        let until = one.until.map_or_else(|| "no end".to_owned(), |until| format!("until {}", format_end(until, zone)));
        let hours = tail(&one.conditions, zone);
        let what = format!(
            "{}  {}  {} {}  {}, {until}{hours}",
            one.person, one.target, one.kind, one.resource, one.permission
        );
        let people: Vec<&str> = one.approvals.iter().map(|approval| approval.person.as_str()).collect();
        let by =
            if people.is_empty() { "the genesis".to_owned() } else { format!("approved by {}", people.join(", ")) };
        let landing = one.landing.get(..10).unwrap_or(&one.landing);
        let why = format!("grant {}, landing {landing}, {by}", one.grants.join(", "));
        let what = style.wrap(&terminal(&what), 2, "    ");
        text.push_str(&format!("  {what}\n    {}\n", style.wrap(&terminal(&why), 4, "    ")));
    }
    text
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    version: u32,
    at: String,
    entitlements: Vec<Row<'a>>,
    /// What is live now beside that, where the targets were read.
    live: Option<Live<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row<'a> {
    target: &'a str,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: &'a str,
    conditions: &'a Conditions,
    from: Option<String>,
    until: Option<String>,
    person: &'a str,
    grant: &'a [String],
    landing: &'a str,
    approvals: Vec<Given<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Given<'a> {
    person: &'a str,
    at: String,
}

/// The document of `dualkey access`.
pub fn json(at: Timestamp, held: &[Held], live: Option<&Drift>, zone: &TimeZone) -> String {
    let instant = |at: Timestamp| format_instant(at, zone);
    let entitlements = held
        .iter()
        .map(|one| Row {
            target: &one.target,
            kind: &one.kind,
            resource: &one.resource,
            permission: &one.permission,
            principal: &one.principal,
            conditions: &one.conditions,
            from: one.from.map(instant),
            until: one.until.map(instant),
            person: &one.person,
            grant: &one.grants,
            landing: &one.landing,
            approvals: one
                .approvals
                .iter()
                .map(|approval| Given { person: &approval.person, at: instant(approval.at.0) })
                .collect(),
        })
        .collect();
    json::print(&Document { version: 1, at: instant(at), entitlements, live: live.map(json::live) })
}
