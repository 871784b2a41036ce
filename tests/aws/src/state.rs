//! Everything that a server holds, and the way of a request through it.

use crate::contract::{Operation, Service};
use crate::exchange::{Answer, Outcome, Refusal, Request};
use crate::fault::{Faults, Seen};
use crate::pages::Tokens;
use crate::policy::Decision;
use crate::protocol::{self, Asked};
use crate::services::{Call, resources};
use crate::signature::{self, Claim};
use crate::spoil::spoil;
use crate::world::{Holder, Standing, World};
use crate::{Clock, Fault, Limits, Log, Record};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// What the connection does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// The same, later.
    Later(Duration),
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
    pub(crate) check_signature_times: bool,
    tokens: Tokens,
    requests: usize,
}

/// What is known of a request while it is answered.
struct Progress {
    claim: Option<Claim>,
    violations: Vec<String>,
    empty_page: bool,
}

impl State {
    pub(crate) fn new(world: World) -> State {
        State {
            clock: Clock::at(world.now()),
            world,
            limits: Limits::default(),
            faults: Faults::default(),
            log: Log::default(),
            violations: Vec::new(),
            check_signature_times: false,
            tokens: Tokens::default(),
            requests: 0,
        }
    }

    /// Lets time that has passed show in the world.
    pub(crate) fn catch_up(&mut self) -> Timestamp {
        self.world.now = self.clock.now();
        self.world.settle_due();
        self.world.now
    }

    /// Answers a request, keeps a record of it, and of what was wrong with it.
    pub(crate) fn answer(&mut self, request: &Request) -> (Answer, Delivery) {
        let now = self.catch_up();
        self.requests += 1;
        let claim = signature::claim(request);
        let asked = protocol::read(request, claim.as_ref().map(|claim| claim.service.as_str()));
        let mut progress = Progress { claim, violations: Vec::new(), empty_page: false };
        let mut record = Record {
            at: now,
            service: "",
            operation: String::new(),
            key: progress.claim.as_ref().map(|claim| claim.key.clone()),
            region: progress.claim.as_ref().map(|claim| claim.region.clone()),
            input: Value::Null,
            status: None,
            error: None,
            fault: None,
        };
        let (mut answer, delivery) = match asked {
            Err(not) => {
                progress.violations.push(not.wrong);
                record.service = not.service.map_or("", |service| service.name);
                record.error = Some(not.refusal.code.clone());
                (self.refuse(not.service, None, &not.refusal), Delivery::Whole)
            }
            Ok(asked) => {
                record.service = asked.service.name;
                record.operation = asked.operation.name.clone();
                record.input = asked.input.clone();
                self.run(request, &asked, &mut progress, &mut record)
            }
        };
        answer.headers.push(("Date", date(now)));
        if !matches!(delivery, Delivery::Drop | Delivery::Hang) {
            record.status = Some(answer.status);
        }
        let place = if record.operation.is_empty() { &request.path } else { &record.operation };
        self.violations.extend(progress.violations.iter().map(|wrong| format!("{place}: {wrong}")));
        self.log.0.push(record);
        (answer, delivery)
    }

    /// Lets faults meet a request on its way.
    fn run(
        &mut self,
        request: &Request,
        asked: &Asked,
        progress: &mut Progress,
        record: &mut Record,
    ) -> (Answer, Delivery) {
        let seen = Seen {
            operation: &asked.operation.name,
            service: asked.service.name,
            input: &asked.input.to_string(),
            key: record.key.as_deref().unwrap_or_default(),
        };
        let fault = self.faults.meet(&seen);
        record.fault = fault.clone();
        let token = ["NextToken", "nextToken"].into_iter().find_map(|name| asked.input[name].as_str());
        progress.empty_page = fault == Some(Fault::EmptyPage);
        if fault.as_ref().is_none_or(Fault::has_effect) {
            let outcome = self.carry_out(request, asked, progress);
            record.error = outcome.as_ref().err().map(|refusal| refusal.code.clone());
            let answer = match &outcome {
                Ok(output) => protocol::output(asked, output, self.requests),
                Err(refusal) => self.refuse(Some(asked.service), Some(asked.operation), refusal),
            };
            match &fault {
                None => return (answer, Delivery::Whole),
                Some(Fault::StatusAfterEffect(_) | Fault::ErrorAfterEffect(..)) => {}
                Some(fault) => return spoil(answer, fault, token, &self.world),
            }
        }
        match fault {
            Some(Fault::Status(status) | Fault::StatusAfterEffect(status)) => {
                let code = if status == 503 { "ServiceUnavailable" } else { "InternalServerException" };
                record.error = Some(code.to_owned());
                let refusal = Refusal::new(code, "The server has failed.");
                (protocol::error(Some(asked.service), &refusal, status, self.requests), Delivery::Whole)
            }
            Some(Fault::Error(code, message) | Fault::ErrorAfterEffect(code, message)) => {
                record.error = Some(code.clone());
                let refusal = Refusal::new(&code, message);
                (self.refuse(Some(asked.service), Some(asked.operation), &refusal), Delivery::Whole)
            }
            Some(Fault::Hang) => (protocol::output(asked, &json!({}), self.requests), Delivery::Hang),
            _ => (protocol::output(asked, &json!({}), self.requests), Delivery::Drop),
        }
    }

    fn refuse(&self, service: Option<&'static Service>, operation: Option<&Operation>, refusal: &Refusal) -> Answer {
        let status = service.map_or(400, |service| service.status(operation, &refusal.code));
        protocol::error(service, refusal, status, self.requests)
    }

    fn carry_out(&mut self, request: &Request, asked: &Asked, progress: &mut Progress) -> Outcome {
        let (service, operation) = (asked.service, asked.operation);
        let outcome = self.call(request, asked, progress);
        let mistakes = match &outcome {
            Ok(output) => service.check_output(operation, output),
            Err(refusal) => {
                let members = Value::Object(protocol::members(Some(service), refusal));
                service.check_error(operation, &refusal.code, &members)
            }
        };
        progress.violations.extend(mistakes.iter().map(|mistake| format!("the stand-in: {mistake}")));
        outcome
    }

    fn call(&mut self, request: &Request, asked: &Asked, progress: &mut Progress) -> Outcome {
        let (service, operation) = (asked.service, asked.operation);
        let holder = self.caller(request, service, progress)?;
        let limited = ["sso-admin", "identitystore"].contains(&service.name);
        if limited && !self.limits.admit(self.world.now) {
            return Err(Refusal::new("ThrottlingException", "Rate exceeded"));
        }
        let wrong = service.check_input(operation, &asked.input);
        if !wrong.is_empty() {
            let message = wrong.join("; ");
            progress.violations.extend(wrong);
            let code = match service.name {
                "iam" => "InvalidInput",
                "organizations" => "InvalidInputException",
                "sts" => "ValidationError",
                _ => "ValidationException",
            };
            return Err(Refusal::new(code, message));
        }
        // who may ask that needs no permission
        if service.name != "sts" {
            self.authorize(asked, &holder)?;
        }
        let region = progress.claim.as_ref().map(|claim| claim.region.clone()).unwrap_or_default();
        let mut call = Call {
            world: &mut self.world,
            limits: &self.limits,
            tokens: &mut self.tokens,
            service,
            operation,
            input: &asked.input,
            holder: &holder,
            region: &region,
            empty_page: progress.empty_page,
        };
        call.carry_out()
    }

    /// Who signed a request, if the signature holds.
    fn caller(&self, request: &Request, service: &Service, progress: &mut Progress) -> Result<Holder, Refusal> {
        let query = service.protocol == "query";
        let named = |json: &str, form: &str, message: &str| Refusal::new(if query { form } else { json }, message);
        let Some(claim) = &progress.claim else {
            progress.violations.push("the request isn't signed, or the signature can't be read".to_owned());
            let code = "MissingAuthenticationTokenException";
            return Err(named(code, code, "Missing Authentication Token"));
        };
        let invalid = "The security token included in the request is invalid.";
        let Some(holder) = self.world.holder(&claim.key) else {
            return Err(named("UnrecognizedClientException", "InvalidClientTokenId", invalid));
        };
        if holder.standing == Standing::Expired {
            let message = "The security token included in the request is expired";
            return Err(named("ExpiredTokenException", "ExpiredToken", message));
        }
        if holder.key.token.as_deref() != request.header("x-amz-security-token") {
            return Err(named("UnrecognizedClientException", "InvalidClientTokenId", invalid));
        }
        let near = self.check_signature_times.then_some(self.world.now);
        let signed = if claim.service == service.signing {
            signature::verify(request, claim, &holder.key.secret, near)
        } else {
            let message = format!("Credential should be scoped to correct service: '{}'.", service.signing);
            Err(Refusal::new("InvalidSignatureException", message))
        };
        signed.map_err(|refusal| {
            progress.violations.push(refusal.message.clone());
            named("InvalidSignatureException", "SignatureDoesNotMatch", &refusal.message)
        })?;
        Ok(holder.clone())
    }

    /// Refuses what the policy of a key doesn't allow.
    fn authorize(&self, asked: &Asked, holder: &Holder) -> Result<(), Refusal> {
        let Some(policy) = &holder.policy else { return Ok(()) };
        let action = format!("{}:{}", asked.service.prefix, asked.operation.name);
        let resources = resources::of(&self.world, asked.service.name, &asked.operation.name, &asked.input);
        let (decision, resource) = policy.decide(&action, &resources);
        let why = match decision {
            Decision::Allowed => return Ok(()),
            Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            Decision::Unnamed => format!("because no identity-based policy allows the {action} action"),
        };
        let code = if asked.service.protocol == "query" { "AccessDenied" } else { "AccessDeniedException" };
        let who = holder.arn();
        let message = format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
        Err(Refusal::new(code, message))
    }
}

/// A time as HTTP says it.
fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
