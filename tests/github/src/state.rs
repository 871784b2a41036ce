//! Everything that a server holds, and the way of a request through it.

use crate::contract::rest::{CONTRACT, Contract};
use crate::exchange::{Answer, Request};
use crate::fault::{Fault, Faults};
use crate::graphql::{self, Left, Query, Sight};
use crate::limits::{self, Limits, Resource};
use crate::record::{Log, Record};
use crate::rest::{self, Call, Caller};
use crate::world::{Token, TokenKind, World};
use crate::{Clock, identity, strictness};
use jiff::Timestamp;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What the connection does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// Half of the body, then the connection is closed.
    Half,
    /// The connection is closed.
    Drop,
    /// Nothing ever comes.
    Hang,
}

/// Everything that a server holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) violations: Vec<String>,
    /// Scheme, authority and prefix that links are made of.
    pub(crate) base: String,
    /// Targets of links that were handed out.
    links: BTreeSet<String>,
    pub(crate) check_assertion_times: bool,
}

/// What is known of a request while it is answered.
struct Progress {
    record: Record,
    violations: Vec<String>,
}

impl State {
    pub(crate) fn new(world: World, base: String) -> State {
        State {
            clock: Clock::at(world.now),
            world,
            limits: Limits::default(),
            faults: Faults::default(),
            log: Log::default(),
            violations: Vec::new(),
            base,
            links: BTreeSet::new(),
            check_assertion_times: true,
        }
    }

    /// Lets time that has passed show in the world.
    pub(crate) fn catch_up(&mut self) -> Timestamp {
        self.world.now = self.clock.now();
        self.world.expire();
        self.world.now
    }

    /// Answers a request, keeps a record of it, and of what was wrong with it.
    pub(crate) fn answer(&mut self, request: &Request) -> (Answer, Delivery) {
        let now = self.catch_up();
        let body = if request.body.is_empty() { None } else { serde_json::from_slice::<Value>(&request.body).ok() };
        let mut violations = strictness::check(request, body.as_ref());
        if let Some(page) = request.query.iter().find(|(name, value)| name == "page" && value != "1")
            && !self.links.contains(&request.target)
        {
            violations.push(format!("the page {} was not asked for by a link that was given", page.1));
        }
        if let Some((name, _)) = request.query.iter().find(|(name, _)| name == "after" || name == "before")
            && !self.links.contains(&request.target)
        {
            violations.push(format!("the cursor `{name}` was not asked for by a link that was given"));
        }
        let query = body.as_ref().filter(|_| request.is_graphql()).and_then(graphql::name_of);
        let fault = self.faults.meet(&request.method, &request.target, query.as_deref());
        let record = Record {
            at: now,
            method: request.method.clone(),
            target: request.target.clone(),
            operation: query,
            caller: None,
            body: body.clone(),
            status: None,
            points: 0,
            nodes: 0,
            fault: fault.clone(),
        };
        let mut progress = Progress { record, violations };
        let (answer, delivery) = match &fault {
            Some(fault) if !fault.has_effect() => self.fail(request, fault, now),
            _ => {
                let answer = self.carry_out(request, body, &mut progress, now);
                if request.is_read() && answer.status < 400 {
                    self.world.was_read();
                }
                match fault {
                    Some(fault) => spoil(answer, &fault),
                    None => (answer, Delivery::Whole),
                }
            }
        };
        let mut answer =
            answer.with("Date", date(now)).with("X-GitHub-Request-Id", format!("{:08X}", self.log.count()));
        answer.headers.push(("X-GitHub-Media-Type", "github.v3; format=json".to_owned()));
        if delivery == Delivery::Whole || delivery == Delivery::Half {
            progress.record.status = Some(answer.status);
        }
        let place = format!("{} {}", request.method, request.target);
        self.violations.extend(progress.violations.iter().map(|violation| format!("{place}: {violation}")));
        self.log.0.push(progress.record);
        (answer, delivery)
    }

    /// What a fault answers that lets nothing happen.
    fn fail(&mut self, request: &Request, fault: &Fault, now: Timestamp) -> (Answer, Delivery) {
        let whole = |answer| (answer, Delivery::Whole);
        match fault {
            Fault::Drop => (Answer::empty(200), Delivery::Drop),
            Fault::Hang => (Answer::empty(200), Delivery::Hang),
            Fault::PrimaryLimit => {
                let resource = if request.is_graphql() { Resource::Graphql } else { Resource::Core };
                let mut answer = limits::primary(resource);
                if let Ok(Caller::Token(token)) = identity::of(self, request, now) {
                    self.limits.exhaust(&token.name, resource, token.hourly, now);
                    answer.headers.extend(self.limits.headers(request, &token.name, token.hourly, now));
                }
                whole(answer)
            }
            Fault::SecondaryLimit(status, after) => whole(limits::secondary(*status, *after)),
            Fault::GraphqlLimit(kind) => whole(Answer::ok(graphql::error::only(kind, "API rate limit exceeded"))),
            Fault::RedirectTo(url) => {
                let status = if request.method == "GET" { 301 } else { 307 };
                whole(Answer::error(status, "Moved Permanently").with("Location", url.clone()))
            }
            Fault::Page(status) => {
                let body = Some(Value::String("<html><body><h1>Whoa there!</h1></body></html>".to_owned()));
                whole(Answer { status: *status, body, headers: vec![("Content-Type", "text/html".to_owned())] })
            }
            Fault::Status(status) => whole(Answer::error(*status, "Server Error")),
            other => unreachable!("{other:?} has an effect"),
        }
    }

    fn carry_out(&mut self, request: &Request, body: Option<Value>, progress: &mut Progress, now: Timestamp) -> Answer {
        let caller = match identity::of(self, request, now) {
            Ok(caller) => caller,
            Err(refused) => {
                if request.header("authorization").is_none() {
                    progress.violations.push("there is no Authorization".to_owned());
                }
                return refused;
            }
        };
        let name = caller.name();
        progress.record.caller = Some(name.clone());
        let hourly = match &caller {
            Caller::Token(token) => token.hourly,
            Caller::App(_) => 5_000,
        };
        let outcome = if request.is_graphql() {
            self.query(request, body, &caller, hourly, progress, now)
        } else {
            self.call(request, body, &caller, hourly, progress, now)
        };
        let mut answer = outcome.unwrap_or_else(|answer| answer);
        answer.headers.extend(self.limits.headers(request, &name, hourly, now));
        answer
    }

    fn query(
        &mut self,
        request: &Request,
        body: Option<Value>,
        caller: &Caller,
        hourly: u32,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Answer, Answer> {
        let Caller::Token(token) = caller else {
            return Err(Answer::error(403, "Resource not accessible by integration"));
        };
        let refuse = |progress: &mut Progress, wrong: Vec<String>| {
            let message = wrong.join("; ");
            progress.violations.extend(wrong);
            Answer::ok(serde_json::json!({ "errors": [{ "message": message }] }))
        };
        let query = match Query::read(&body.unwrap_or_default()) {
            Ok(query) => query,
            Err(wrong) => return Err(refuse(progress, wrong)),
        };
        progress.record.points = query.cost.points;
        progress.record.nodes = query.cost.nodes;
        self.limits.admit(request, &token.name, hourly, query.cost.points, now)?;
        rest::may_act(&self.world, token)?;
        if query.cost.nodes > self.limits.nodes_in_practice {
            let message = "Resource limits for this query exceeded.";
            return Ok(Answer::ok(graphql::error::only("RESOURCE_LIMITS_EXCEEDED", message)));
        }
        let (used, remaining, reset) = self.limits.left(&token.name, Resource::Graphql, hourly, now);
        let left = Left { limit: hourly, used, remaining, reset };
        let sight = Sight { world: &self.world, token, left, cost: query.cost, missing: RefCell::default() };
        let (answer, mistakes) = query.execute(&sight);
        progress.violations.extend(mistakes.iter().map(|mistake| format!("the stand-in: {mistake}")));
        Ok(Answer::ok(answer))
    }

    fn call(
        &mut self,
        request: &Request,
        body: Option<Value>,
        caller: &Caller,
        hourly: u32,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Answer, Answer> {
        let path = identity::by_name(&self.world, &request.path).ok_or_else(Answer::not_found)?;
        let Some((operation, parameters)) = CONTRACT.find(&request.method, &path) else {
            progress.violations.push("GitHub describes no such operation, or the stand-in doesn't serve it".to_owned());
            return Err(Answer::not_found());
        };
        progress.record.operation = Some(operation.name.clone());
        progress.record.points = 1;
        // a client can't know what a version lacks before it has asked
        if self.world.on_premises && !Contract::is_on_server(operation) {
            return Err(Answer::not_found());
        }
        let wrong = CONTRACT.check_request(operation, &parameters, &request.query, body.as_ref());
        if !wrong.is_empty() {
            let message = wrong.join("; ");
            progress.violations.extend(wrong);
            return Err(Answer::error(400, &message));
        }
        let name = caller.name();
        self.limits.admit(request, &name, hourly, 1, now)?;
        let route = rest::find(&operation.name);
        let limits = self.limits.overview(&name, hourly, now);
        let parameters = parameters.into_iter().map(|(name, value)| (name, crate::exchange::decode(&value))).collect();
        let mut call = Call {
            world: &mut self.world,
            caller,
            base: &self.base,
            method: &request.method,
            path: &path,
            parameters,
            query: &request.query,
            body: body.unwrap_or_default(),
            limits,
            violations: &mut progress.violations,
        };
        let outcome = call.allow(route).and_then(|()| (route.run)(&mut call));
        let mut answer = outcome.unwrap_or_else(|refused| refused);
        let wrong = CONTRACT.check_answer(operation, answer.status, answer.body.as_ref());
        progress
            .violations
            .extend(wrong.iter().map(|wrong| format!("the stand-in answers {}: {wrong}", answer.status)));
        if matches!(caller, Caller::Token(token) if token.names_permissions()) && !route.accepted.is_empty() {
            answer.headers.push(("X-Accepted-GitHub-Permissions", route.accepted.to_owned()));
        }
        if let Caller::Token(token @ Token { expires: Some(end), .. }) = caller
            && token.user().is_some()
        {
            let end = end.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
            answer.headers.push(("GitHub-Authentication-Token-Expiration", end));
        }
        if let Caller::Token(Token { kind: TokenKind::Classic { scopes, .. }, .. }) = caller {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            answer.headers.push(("X-OAuth-Scopes", scopes.join(", ")));
        }
        for (_, links) in answer.headers.iter().filter(|(name, _)| *name == "Link") {
            let urls = links.split('<').skip(1).filter_map(|part| part.split('>').next());
            self.links.extend(urls.map(|url| strictness::target_of(url, &self.base)));
        }
        if request.method == "GET" && answer.status == 200 {
            let tag = strictness::tag(&name, answer.body.as_ref());
            if request.header("if-none-match") == Some(&tag) {
                self.limits.give_back(&name, now);
                progress.record.points = 0;
                let headers = answer.headers.into_iter().chain([("ETag", tag)]).collect();
                return Ok(Answer { status: 304, headers, body: None });
            }
            answer.headers.push(("ETag", tag));
            answer.headers.push(("Vary", "Accept, Authorization, Accept-Encoding, X-Requested-With".to_owned()));
        }
        Ok(answer)
    }
}

/// A time as the `Date` header has it.
fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Spoils an answer whose effect has happened.
fn spoil(mut answer: Answer, fault: &Fault) -> (Answer, Delivery) {
    match fault {
        Fault::StatusAfterEffect(status) => (Answer::error(*status, "Server Error"), Delivery::Whole),
        Fault::DropAfterEffect => (answer, Delivery::Drop),
        Fault::HangAfterEffect => (answer, Delivery::Hang),
        Fault::HalfBody => (answer, Delivery::Half),
        Fault::HalfPage | Fault::PartialResults => {
            answer.body.iter_mut().for_each(halve);
            answer.headers.retain(|(name, _)| *name != "Link");
            if *fault == Fault::PartialResults {
                answer = answer.with("X-GitHub-SSO", "partial-results; organizations=21955855,20582480");
            }
            (answer, Delivery::Whole)
        }
        Fault::ResourceLimits => {
            let message = "Resource limits for this query exceeded.";
            let mut given = graphql::error::only("RESOURCE_LIMITS_EXCEEDED", message);
            // the shape stands, and lists in it are null
            given["data"] = answer.body.map(|mut body| body["data"].take()).unwrap_or_default();
            empty_lists(&mut given["data"]);
            (Answer::ok(given), Delivery::Whole)
        }
        _ => (answer, Delivery::Whole),
    }
}

/// Cuts every list of a page to its half, and says that nothing follows. Counts beside it stay.
fn halve(value: &mut Value) {
    match value {
        Value::Array(items) => items.truncate(items.len() / 2),
        Value::Object(map) => {
            let is_page = map.contains_key("total_count") || map.contains_key("pageInfo");
            for (name, value) in map {
                match value {
                    Value::Array(_) if is_page => halve(value),
                    Value::Object(_) => halve(value),
                    Value::Bool(more) if name == "hasNextPage" => *more = false,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn empty_lists(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    for (name, value) in map {
        if name == "nodes" || name == "edges" {
            *value = Value::Null;
        } else {
            empty_lists(value);
        }
    }
}
