//! Limits on requests: by the hour for each token, by the minute, and for what makes content.

use crate::exchange::{Answer, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// The two interfaces are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Core,
    Graphql,
}

impl Resource {
    fn word(self) -> &'static str {
        match self {
            Resource::Core => "core",
            Resource::Graphql => "graphql",
        }
    }
}

/// An hour in which requests are counted.
#[derive(Debug, Clone, Copy)]
struct Window {
    used: u32,
    reset: Timestamp,
}

#[derive(Debug)]
struct Recent {
    at: Timestamp,
    caller: String,
    resource: Resource,
    points: u32,
    content: bool,
}

/// The limits, and what was used of them. All are as GitHub documents them until a test changes them.
#[derive(Debug)]
pub struct Limits {
    /// Points in a minute over REST: a read is 1, a write 5.
    pub points_per_minute: u32,
    /// Points in a minute over GraphQL.
    pub graphql_points_per_minute: u32,
    /// Requests in a minute that make content, such as invitations.
    pub content_per_minute: usize,
    /// Requests in an hour that make content.
    pub content_per_hour: usize,
    /// Nodes of a query from which GitHub gives up on it, though it allows 500,000.
    pub nodes_in_practice: u64,
    windows: BTreeMap<(String, Resource), Window>,
    recent: VecDeque<Recent>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            points_per_minute: 900,
            graphql_points_per_minute: 2_000,
            content_per_minute: 80,
            content_per_hour: 500,
            nodes_in_practice: 500_000,
            windows: BTreeMap::new(),
            recent: VecDeque::new(),
        }
    }
}

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const HOUR: SignedDuration = SignedDuration::from_secs(3_600);

/// Requests that make something that is shown to people, or mailed.
fn makes_content(request: &Request) -> bool {
    let shown = ["/invitations", "/comments", "/issues", "/pulls", "/reviews"];
    request.method == "POST" && shown.iter().any(|end| request.path.ends_with(end))
        || request.method == "PUT"
            && (request.path.contains("/collaborators/") || request.path.contains("/memberships/"))
}

/// How many points a request costs within a minute.
fn minute_points(request: &Request) -> u32 {
    if request.is_read() { 1 } else { 5 }
}

/// The answer when the limit of the hour is used up. GraphQL says it with status 200.
pub(crate) fn primary(resource: Resource) -> Answer {
    let message = "API rate limit exceeded for this token.";
    match resource {
        Resource::Core => Answer::error(403, message),
        Resource::Graphql => Answer::ok(crate::graphql::error::only("RATE_LIMITED", message)),
    }
}

/// The answer when too much comes at once.
pub(crate) fn secondary(status: u16, retry_after: Option<u32>) -> Answer {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let answer = Answer::error(status, message);
    match retry_after {
        Some(seconds) => answer.with("Retry-After", seconds.to_string()),
        None => answer,
    }
}

impl Limits {
    fn window(&mut self, caller: &str, resource: Resource, now: Timestamp) -> &mut Window {
        let fresh = Window { used: 0, reset: now + HOUR };
        let window = self.windows.entry((caller.to_owned(), resource)).or_insert(fresh);
        if now >= window.reset {
            *window = fresh;
        }
        window
    }

    /// Uses up the hour of a caller.
    pub(crate) fn exhaust(&mut self, caller: &str, resource: Resource, hourly: u32, now: Timestamp) {
        self.window(caller, resource, now).used = hourly;
    }

    fn since(&self, caller: &str, after: Timestamp) -> impl Iterator<Item = &Recent> {
        self.recent.iter().filter(move |recent| recent.caller == caller && recent.at > after)
    }

    /// Refuses a request that comes over a limit. `points` are those of the hour.
    pub(crate) fn admit(
        &mut self,
        request: &Request,
        caller: &str,
        hourly: u32,
        points: u32,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let resource = if request.is_graphql() { Resource::Graphql } else { Resource::Core };
        if request.path == "/rate_limit" {
            return Ok(());
        }
        let window = self.window(caller, resource, now);
        if window.used + points > hourly {
            window.used = hourly;
            return Err(primary(resource));
        }
        self.recent.retain(|recent| recent.at > now - HOUR);
        let minute: u32 = self
            .since(caller, now - MINUTE)
            .filter(|recent| recent.resource == resource)
            .map(|recent| recent.points)
            .sum();
        let most = match resource {
            Resource::Core => self.points_per_minute,
            Resource::Graphql => self.graphql_points_per_minute,
        };
        let content = makes_content(request);
        let made_in = |span| self.since(caller, now - span).filter(|recent| recent.content).count();
        let too_much =
            content && (made_in(MINUTE) >= self.content_per_minute || made_in(HOUR) >= self.content_per_hour);
        let in_minute = match resource {
            Resource::Core => minute_points(request),
            Resource::Graphql => points,
        };
        if minute + in_minute > most || too_much {
            return Err(secondary(403, Some(60)));
        }
        self.recent.push_back(Recent { at: now, caller: caller.to_owned(), resource, points: in_minute, content });
        self.window(caller, resource, now).used += points;
        Ok(())
    }

    /// Gives back what an answer costs that only says that nothing changed.
    pub(crate) fn give_back(&mut self, caller: &str, now: Timestamp) {
        let window = self.window(caller, Resource::Core, now);
        window.used = window.used.saturating_sub(1);
    }

    /// The headers that tell a caller what is left.
    pub(crate) fn headers(
        &mut self,
        request: &Request,
        caller: &str,
        hourly: u32,
        now: Timestamp,
    ) -> Vec<(&'static str, String)> {
        let resource = if request.is_graphql() { Resource::Graphql } else { Resource::Core };
        let window = *self.window(caller, resource, now);
        vec![
            ("X-RateLimit-Limit", hourly.to_string()),
            ("X-RateLimit-Remaining", hourly.saturating_sub(window.used).to_string()),
            ("X-RateLimit-Used", window.used.to_string()),
            ("X-RateLimit-Reset", window.reset.as_second().to_string()),
            ("X-RateLimit-Resource", resource.word().to_owned()),
        ]
    }

    /// What is left, as one of the interfaces tells it: used, left, and when it starts anew.
    pub(crate) fn left(
        &mut self,
        caller: &str,
        resource: Resource,
        hourly: u32,
        now: Timestamp,
    ) -> (u32, u32, Timestamp) {
        let window = *self.window(caller, resource, now);
        (window.used, hourly.saturating_sub(window.used), window.reset)
    }

    /// What `GET /rate_limit` answers.
    pub(crate) fn overview(&mut self, caller: &str, hourly: u32, now: Timestamp) -> Value {
        let mut one = |resource| {
            let (used, remaining, reset) = self.left(caller, resource, hourly, now);
            json!({ "limit": hourly, "remaining": remaining, "reset": reset.as_second(), "used": used })
        };
        let (core, graphql) = (one(Resource::Core), one(Resource::Graphql));
        let search = json!({ "limit": 30, "remaining": 30, "reset": now.as_second() + 60, "used": 0 });
        json!({ "resources": { "core": core, "graphql": graphql, "search": search }, "rate": core })
    }
}
