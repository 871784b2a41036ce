//! The way to one instance of Identity Center with one credential.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssoadmin::config::http::HttpResponse;
use aws_sdk_ssoadmin::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ssoadmin::config::retry::RetryConfig;
use aws_sdk_ssoadmin::config::timeout::TimeoutConfig;
use aws_sdk_ssoadmin::config::{ConfigBag, Credentials, Intercept, RuntimeComponents};
use aws_sdk_ssoadmin::error::{BoxError, ProvideErrorMetadata, SdkError};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::runtime::{Builder, Runtime};

use super::failure::{Asked, Failure};
use super::pace::Pace;
use crate::targets::TargetError;
use crate::targets::retry::Waits;

/// Which instance a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The target's name.
    pub target: String,
    pub region: String,
    /// The ARN of the instance.
    pub instance: String,
    pub identity_store: String,
    pub organization: String,
    /// The service control policy that holds dualkey's ends.
    pub scp: Option<String>,
}

/// How one proves to be somebody.
pub(crate) enum Credential {
    /// A profile in the files of the AWS tools.
    Profile(String),
    Key {
        id: String,
        secret: String,
        session: Option<String>,
    },
}

/// Somebody who connects waits so long for the server, and so long for each answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(30);

/// A page of a list may be empty and name a next one, but a list has an end.
const PAGES: usize = 20_000;

/// The way to one instance with one credential.
pub(crate) struct Line {
    pub settings: Settings,
    pub sso: aws_sdk_ssoadmin::Client,
    pub store: aws_sdk_identitystore::Client,
    pub organizations: aws_sdk_organizations::Client,
    pub access: aws_sdk_accountaccess::Client,
    pub sts: aws_sdk_sts::Client,
    runtime: Runtime,
    waits: Arc<dyn Waits>,
    pace: RefCell<Pace>,
    dates: Dates,
}

impl Line {
    /// `server` answers for every service where it is named; otherwise the library knows who does, or a variable of the
    /// environment.
    pub(crate) fn new(
        settings: Settings,
        credential: Credential,
        waits: Arc<dyn Waits>,
        server: Option<&str>,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let shared = runtime.block_on(shared(&settings, credential, server));
        let dates = Dates::default();
        macro_rules! client {
            ($service:ident) => {{
                let settings = $service::config::Builder::from(&shared).interceptor(dates.clone()).build();
                $service::Client::from_conf(settings)
            }};
        }
        Ok(Line {
            settings,
            sso: client!(aws_sdk_ssoadmin),
            store: client!(aws_sdk_identitystore),
            organizations: client!(aws_sdk_organizations),
            access: client!(aws_sdk_accountaccess),
            sts: client!(aws_sdk_sts),
            runtime,
            waits,
            pace: RefCell::new(Pace::new()),
            dates,
        })
    }

    /// Asks once, when it is its turn.
    pub(crate) fn once<T, E, F>(&self, request: F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        if !self.pace.borrow_mut().turn(&*self.waits) {
            return Err(Failure::Stopped);
        }
        self.runtime.block_on(request).map_err(Failure::of)
    }

    /// Asks for something that changes nothing, and again where what stands in the way goes away by itself: a read of
    /// thousands of requests doesn't begin anew for one of them.
    pub(crate) fn ask<T, E, F>(&self, request: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut tried = 0;
        loop {
            let failure = match self.once(request()) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some((least, most)) = failure.pause_after(tried) else { return Err(failure) };
            let why = failure.told(&self.settings.target, Asked::ToSee("look")).to_string();
            if !self.wait(least, most, &why) {
                return Err(failure);
            }
            tried += 1;
        }
    }

    /// Everything that the pages of a list hold. `page` gives one, by the token that names it, and the token of the next.
    pub(crate) fn pages<T>(
        &self,
        mut page: impl FnMut(Option<String>) -> Result<(Vec<T>, Option<String>), Failure>,
    ) -> Result<Vec<T>, Failure> {
        let (mut all, mut token, mut seen) = (Vec::new(), None, BTreeSet::new());
        for _ in 0..PAGES {
            let (some, next) = page(token)?;
            all.extend(some);
            let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(all) };
            if !seen.insert(next.clone()) {
                return Err(Failure::Odd { why: "a page of a list names one that was read already".to_owned() });
            }
            token = Some(next);
        }
        Err(Failure::Odd { why: "a list has no end".to_owned() })
    }

    /// Waits between the two, by chance, and says what for. False where the run was asked to stop.
    pub(crate) fn wait(&self, at_least: Duration, at_most: Duration, what_for: &str) -> bool {
        self.pace.borrow_mut().wait(&*self.waits, at_least, at_most, what_for)
    }

    /// Waits exactly so long. False where the run was asked to stop.
    pub(crate) fn pause(&self, how_long: Duration) -> bool {
        self.pace.borrow_mut().pause(&*self.waits, how_long)
    }

    /// The time since the line was made. What was paused for has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.pace.borrow().elapsed()
    }

    /// Says how far a long read is, and how long it still takes.
    pub(crate) fn tell(&self, done: usize, of: usize, left: Duration) {
        self.waits.progress(&self.settings.target, done, of, left);
    }

    /// What time it was there when the last answer came.
    pub(crate) fn clock(&self) -> Option<Timestamp> {
        self.dates.0.lock().ok().and_then(|last| *last)
    }

    /// A failure to see something, in the words of all targets.
    pub(crate) fn unseen(&self, failure: &Failure, doing: &str) -> TargetError {
        failure.told(&self.settings.target, Asked::ToSee(doing))
    }
}

/// What all clients share.
async fn shared(settings: &Settings, credential: Credential, server: Option<&str>) -> SdkConfig {
    let times = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        // this program waits by itself, so that it knows what was sent how often
        .retry_config(RetryConfig::disabled())
        .timeout_config(times);
    let loader = match credential {
        Credential::Key { id, secret, session } => {
            loader.credentials_provider(Credentials::new(id, secret, session, None, "dualkey"))
        }
        Credential::Profile(name) => {
            let profile = aws_config::profile::ProfileFileCredentialsProvider::builder().profile_name(name).build();
            loader.credentials_provider(profile)
        }
    };
    let loader = match server {
        Some(server) => loader.endpoint_url(server),
        None => loader,
    };
    loader.load().await
}

/// Notes what time it is where answers come from.
#[derive(Clone, Debug, Default)]
struct Dates(Arc<Mutex<Option<Timestamp>>>);

impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "dates"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        if let (Some(date), Ok(mut last)) = (date, self.0.lock()) {
            *last = Some(date);
        }
        Ok(())
    }
}
