//! When access next starts or ends by itself.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::escape::terminal;
use super::style::count;
use crate::access::time::{format_instant, format_moment};
use crate::plan::edges::{Edge, Edges};

/// How many are listed as text; JSON has them all.
const LISTED: usize = 20;

/// The instant, and what starts or ends then.
pub fn text(next: Option<&Edges<'_>>, after: Timestamp, zone: &TimeZone) -> String {
    let Some(next) = next else {
        let after = Timestamp::from_second(after.as_second()).unwrap_or(after);
        return format!("nothing starts or ends after {}\n", format_moment(after, zone));
    };
    let of = |side: Edge| next.edges.iter().filter(|(one, _)| *one == side).count();
    let mut text = format!(
        "{}  {}, {}\n",
        format_instant(next.at, zone),
        count(of(Edge::End), "end"),
        count(of(Edge::Start), "start")
    );
    for (side, one) in next.edges.iter().take(LISTED) {
        let key = &one.key;
        let what = format!("{}  {}  {} {}  {}", key.person, key.target, key.kind.name, key.resource, key.permission);
        text.push_str(&format!("  {:5}  {}\n", side.as_str(), terminal(&what)));
    }
    if let Some(more) = next.edges.len().checked_sub(LISTED).filter(|more| *more > 0) {
        text.push_str(&format!("  … and {more} more; `--format json` lists them all\n"));
    }
    text
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    version: u32,
    /// Null where nothing starts or ends any more.
    at: Option<String>,
    edges: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row<'a> {
    /// `start` or `end`.
    edge: &'a str,
    person: &'a str,
    target: &'a str,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: &'a str,
    grant: Vec<&'a str>,
}

/// The document of `dualkey next`.
pub fn json(next: Option<&Edges<'_>>, zone: &TimeZone) -> String {
    let edges = next.into_iter().flat_map(|next| &next.edges).map(|(side, one)| {
        let mut grant: Vec<&str> = one.causes.iter().map(|cause| cause.grant.as_str()).collect();
        grant.sort_unstable();
        grant.dedup();
        Row {
            edge: side.as_str(),
            person: one.key.person.as_str(),
            target: one.key.target.as_str(),
            kind: one.key.kind.name,
            resource: &one.key.resource,
            permission: &one.key.permission,
            principal: &one.key.principal,
            grant,
        }
    });
    let at = next.map(|next| format_instant(next.at, zone));
    super::json::print(&Document { version: 1, at, edges: edges.collect() })
}
