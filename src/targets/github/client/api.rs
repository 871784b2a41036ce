//! One credential at one server.

use std::collections::BTreeSet;

use http::Method;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Answer;
use super::failure::Failure;
use super::host::Host;
use super::secret::Secret;
use super::session::{Purpose, Session, begin};
use super::wire::{Patience, Wire};
use crate::targets::Power;

/// More pages than this is a list without an end.
const MOST_PAGES: usize = 2_000;

/// One credential at one server. Nothing is tried again here.
pub(crate) struct Api {
    wire: Wire,
    /// Whose installation an App looks for.
    organization: String,
    secret: Secret,
    purpose: Purpose,
    session: tokio::sync::Mutex<Option<Session>>,
}

impl Api {
    pub(crate) fn new(host: Host, organization: String, secret: Secret, purpose: Purpose, patience: Patience) -> Self {
        Api { wire: Wire::new(host, patience), organization, secret, purpose, session: tokio::sync::Mutex::default() }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.wire.host
    }

    /// What time it is at the server, as far as it said so.
    pub(crate) fn clock(&self) -> Option<Timestamp> {
        self.wire.clock()
    }

    /// True where an App asks, which is told some things that people aren't.
    pub(crate) fn is_app(&self) -> bool {
        match &self.secret {
            Secret::Token(token) => token.starts_with("ghs_"),
            Secret::App { .. } => true,
        }
    }

    /// What a classic token may do, as GitHub tells with each answer; None before one, and of other tokens.
    pub(crate) fn scopes(&self) -> Option<String> {
        self.wire.scopes()
    }

    /// The number of the App that asks, where its credential tells that.
    pub(crate) fn app(&self) -> Option<u64> {
        match &self.secret {
            Secret::Token(token) => token.strip_prefix("ghs_")?.split_once('_')?.0.parse().ok(),
            Secret::App { id, .. } => Some(*id),
        }
    }

    /// Whether this credential can change something, where GitHub tells that.
    pub(crate) async fn power(&self) -> Power {
        let session = self.session.lock().await;
        if let Some(power) = session.as_ref().map(|session| session.power.clone()).filter(|one| *one != Power::Unknown)
        {
            return power;
        }
        // only classic tokens have scopes
        let Some(scopes) = self.wire.scopes().filter(|scopes| !scopes.is_empty()) else { return Power::Unknown };
        let writing = scopes.split(',').map(str::trim).filter(|scope| {
            matches!(*scope, "repo" | "public_repo" | "admin:org" | "write:org") || scope.starts_with("delete")
        });
        let writing: Vec<String> = writing.map(|scope| format!("`{scope}`")).collect();
        match writing.is_empty() {
            true => Power::Reads,
            false => Power::Writes { why: format!("has the scope {}", writing.join(", ")) },
        }
    }

    async fn session(&self) -> Result<Session, Failure> {
        let mut session = self.session.lock().await;
        let now = self.clock();
        if let Some(open) = session.as_ref().filter(|open| !open.ends_soon(now)) {
            return Ok(open.clone());
        }
        let begun = begin(&self.wire, &self.secret, self.purpose, &self.organization).await?;
        Ok(session.insert(begun).clone())
    }

    /// An answer to GET. What didn't change since it was last asked costs nothing.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.request(Method::GET, path, None).await
    }

    pub(crate) async fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.get(path).await?.read()
    }

    /// All pages of a list.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let pages: Vec<Vec<T>> = self.pages(path).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// All pages of something that comes in pages.
    pub(crate) async fn pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        self.pages_until(path, |_| false).await
    }

    /// The pages of something up to the first one that is enough.
    pub(crate) async fn pages_until<T: DeserializeOwned>(
        &self,
        path: &str,
        enough: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, Failure> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("{path}{separator}per_page=100"));
        let (mut pages, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(path) = next {
            if seen.len() == MOST_PAGES || !seen.insert(path.clone()) {
                return Err(Failure::Odd { why: "a list leads back to a page that came before".to_owned() });
            }
            let answer = self.get(&path).await?;
            let page = answer.read()?;
            next = if enough(&page) { None } else { answer.next(&self.wire.host)? };
            pages.push(page);
        }
        Ok(pages)
    }

    /// The answer to a request. Something that has moved is asked for where it is now, on the same server.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let session = self.session().await?;
        let answer = self.wire.once(&session.rest, &method, path, body).await?;
        let answer = match answer.header("location").filter(|_| answer.is_redirect()) {
            Some(location) => {
                let elsewhere = || Failure::Elsewhere { to: location.to_owned() };
                // what moved is named by its number from then on
                let path = self.wire.host.cut(location).filter(|path| path.starts_with("/repositories/"));
                let moved = self.wire.once(&session.rest, &method, &path.ok_or_else(elsewhere)?, body).await?;
                if moved.is_redirect() {
                    return Err(elsewhere());
                }
                moved
            }
            None => answer,
        };
        answer.judged()
    }

    /// The answer to a query, whatever it says of errors.
    pub(super) async fn post_query(&self, body: &Value) -> Result<Answer, Failure> {
        let session = self.session().await?;
        let answer = self.wire.once(&session.graphql, &Method::POST, "/graphql", Some(body)).await?;
        match answer.status {
            502 | 504 => Err(Failure::TooWide { why: format!("GitHub answered {}", answer.status) }),
            _ => answer.judged(),
        }
    }
}
