//! Requests to one server, at most four of which are under way.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::{ACCEPT, IF_NONE_MATCH};
use http::{HeaderMap, Method, request};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use octocrab::{DefaultOctocrabBuilderConfig, NoAuth, NoSvc, NotLayerReady, Octocrab, OctocrabBuilder};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::answer::Answer;
use super::failure::Failure;
use super::host::Host;

/// How many requests are under way at once. GitHub takes more, and answers no faster.
const AT_ONCE: usize = 4;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 << 20;

const MEDIA_TYPE: &str = "application/vnd.github+json";

/// How long something is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub connect: Duration,
    /// For an answer, from first to last.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(60) }
    }
}

/// Answers that were read whole, by path, with what tells whether they still hold.
type Kept = HashMap<String, (String, Answer)>;

#[derive(Default)]
struct Memory {
    kept: Kept,
    /// What time it was at the server, and when it said so.
    clock: Option<(Timestamp, Instant)>,
    /// What a classic token may do, as GitHub tells with each answer.
    scopes: Option<String>,
}

/// The way to one server. Nothing is tried again here.
pub(super) struct Wire {
    pub host: Host,
    patience: Patience,
    permits: Semaphore,
    memory: Mutex<Memory>,
}

/// What makes a client of a token.
pub(super) type Builder = OctocrabBuilder<NoSvc, DefaultOctocrabBuilderConfig, NoAuth, NotLayerReady>;

impl Wire {
    pub(super) fn new(host: Host, patience: Patience) -> Self {
        Wire { host, patience, permits: Semaphore::new(AT_ONCE), memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is at the server, as far as it said so.
    pub(super) fn clock(&self) -> Option<Timestamp> {
        let (told, when) = self.memory().clock?;
        told.checked_add(when.elapsed()).ok()
    }

    /// What a classic token may do.
    pub(super) fn scopes(&self) -> Option<String> {
        self.memory().scopes.clone()
    }

    /// What makes a client that waits no longer than is sensible.
    pub(super) fn builder(&self) -> Builder {
        Octocrab::builder()
            .set_connect_timeout(Some(self.patience.connect))
            .set_read_timeout(Some(self.patience.answer))
            .set_write_timeout(Some(self.patience.answer))
    }

    /// One request, and one answer.
    pub(super) async fn once(
        &self,
        client: &Octocrab,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let _permit = self.permits.acquire().await;
        let kept = (*method == Method::GET).then(|| self.memory().kept.get(path).cloned()).flatten();
        let mut builder = request::Builder::new().method(method.clone()).uri(path).header(ACCEPT, MEDIA_TYPE);
        if let Some((tag, _)) = &kept {
            builder = builder.header(IF_NONE_MATCH, tag);
        }
        let wrong = |error: octocrab::Error| failed(&error);
        let request = client.build_request(builder, body).map_err(wrong)?;
        let exchange = async {
            let response = client.execute(request).await.map_err(wrong)?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| Failure::NoAnswer { why: format!("the answer broke off: {error}") })?;
            Ok((parts.status.as_u16(), parts.headers, body.to_bytes().to_vec()))
        };
        let late =
            |_| Failure::NoAnswer { why: format!("there was no answer in {} s", self.patience.answer.as_secs()) };
        let (status, headers, body) = tokio::time::timeout(self.patience.answer, exchange).await.map_err(late)??;
        let answer = Answer { status, headers, body };
        self.note(&answer);
        match kept {
            Some((_, before)) if answer.status == 304 => Ok(before),
            _ => {
                self.keep(method, path, &answer);
                Ok(answer)
            }
        }
    }

    fn note(&self, answer: &Answer) {
        let mut memory = self.memory();
        if let Some(date) = answer.date() {
            memory.clock = Some((date, Instant::now()));
        }
        if let Some(scopes) = answer.header("x-oauth-scopes") {
            memory.scopes = Some(scopes.to_owned());
        }
    }

    fn keep(&self, method: &Method, path: &str, answer: &Answer) {
        if *method == Method::GET
            && answer.status == 200
            && let Some(tag) = answer.header("etag")
        {
            // whose headers count later is the answer that is kept, but not for limits and clocks
            let of_pages = ["link", "x-github-sso"];
            let headers: HeaderMap = answer
                .headers
                .iter()
                .filter(|(name, _)| of_pages.contains(&name.as_str()))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect();
            let kept = Answer { headers, ..answer.clone() };
            self.memory().kept.insert(path.to_owned(), (tag.to_owned(), kept));
        }
    }
}

/// What octocrab says, and what caused it. Its own words may hold a backtrace.
fn failed(error: &octocrab::Error) -> Failure {
    let mut words: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        let said = one.to_string();
        if !words.contains(&said) {
            words.push(said);
        }
        cause = one.source();
    }
    let why = if words.is_empty() { "the request failed".to_owned() } else { words.join(": ") };
    // nothing was sent before there was a connection
    if why.contains("(Connect)") { Failure::NotSent { why } } else { Failure::NoAnswer { why } }
}
