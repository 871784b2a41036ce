//! The way to the access repository on GitHub, with one token.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

use super::{API_HOST_NOT_ALLOWED, API_URL, token};
use crate::access::ForgeRepository;
use crate::approval::codes::REPO_MISMATCH;
use crate::finding::Refusal;
use crate::targets::TargetError;
use crate::targets::error::TARGET_IO;
use crate::targets::github::client::{Api, Asked, Failure, Host, Patience, Purpose, Secret};
use crate::targets::github::spec::API;
use crate::targets::retry::{Waits, pause_after};

/// What the forge is called in messages.
const FORGE: &str = "github";

/// GitHub asks for a second between requests that change something; clocks differ a little.
const PACE: Duration = Duration::from_millis(1_100);

/// The way to one repository on GitHub. Whatever is asked runs on the thread of its caller.
#[expect(missing_debug_implementations, reason = "a secret that can be printed is printed one day")]
pub struct Connection {
    api: Api,
    runtime: Runtime,
    waits: Arc<dyn Waits>,
    pinned: ForgeRepository,
    /// When something was changed last.
    changed: Cell<Option<Instant>>,
}

/// The repository as the forge tells of it now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Home {
    /// Its number, which is the pinned one.
    pub id: u64,
    /// OWNER/NAME as it is called now.
    pub full_name: String,
    pub default_branch: String,
    #[serde(default)]
    pub private: bool,
    pub fork: bool,
    #[serde(default)]
    pub archived: bool,
}

impl Home {
    /// The name of its owner.
    pub fn owner(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// Its name below the owner's.
    pub fn name(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(_, name)| name)
    }
}

/// Whether a token may go to the server that settings pin.
///
/// INVARIANT: whoever can write `dualkey.yaml`, or a record of the log, can't have a token sent to a server of their own: to
/// any other than github.com it goes only where the environment names that server, too.
fn is_allowed(pinned: &str, told: Option<String>) -> Result<(), Refusal> {
    let (fact, help) = match told {
        Some(told) if told.trim_end_matches('/') == pinned => return Ok(()),
        Some(told) => (
            format!("{API_URL} is `{}`, and dualkey.yaml pins `{}`", told.escape_debug(), pinned.escape_debug()),
            format!("unset {API_URL}, or name that server as `approval.repository.api` by a change of its own"),
        ),
        None if pinned == API => return Ok(()),
        None => (
            format!(
                "dualkey.yaml pins the server `{}`, and nothing outside of it says the same",
                pinned.escape_debug()
            ),
            format!("where the token may be sent there, say so: {API_URL}={}", pinned.escape_debug()),
        ),
    };
    Err(Refusal::new(&API_HOST_NOT_ALLOWED, fact, help))
}

impl Connection {
    /// Makes a way to a repository, and sends nothing.
    ///
    /// # Errors
    ///
    /// `forge-token-missing`, or `api-host-not-allowed` where the environment doesn't name the server that the settings pin, and
    /// that isn't github.com's.
    pub fn open(
        repository: &ForgeRepository,
        waits: Arc<dyn Waits>,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Refusal> {
        is_allowed(repository.api.as_deref().unwrap_or(API), variables(API_URL).filter(|told| !told.is_empty()))?;
        let token = token(variables)?;
        let no_runtime = |error: std::io::Error| {
            let help = "let the machine that runs this open more files and sockets";
            Refusal::new(&TARGET_IO, format!("the forge can't be spoken to: {error}"), help)
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
        let owner = repository.name.split('/').next().unwrap_or_default().to_owned();
        let host = Host::of(repository.api.as_deref());
        let api = Api::new(host, owner, Secret::Token(token), Purpose::Read, Patience::default());
        Ok(Connection { api, runtime, waits, pinned: repository.clone(), changed: Cell::default() })
    }

    /// The repository that the settings pin.
    pub fn pinned(&self) -> &ForgeRepository {
        &self.pinned
    }

    /// True where GitHub Enterprise Server answers, which lacks some of what github.com tells.
    pub fn is_enterprise_server(&self) -> bool {
        self.api.host().is_enterprise_server()
    }

    /// The answer to something that is asked; what goes away by itself is waited for. `doing` says what for, as
    /// "list the reviews of #7".
    ///
    /// # Errors
    ///
    /// What GitHub said, without any token in it.
    pub(crate) fn see<T>(&self, doing: &str, ask: impl AsyncFn(&Api) -> Result<T, Failure>) -> Result<T, TargetError> {
        self.again(Asked::ToSee(doing), ask)
    }

    /// The answer to something that changes what stands there. What GitHub may have done is not asked for again.
    ///
    /// # Errors
    ///
    /// As [`Connection::see`].
    pub(crate) fn change<T>(
        &self,
        doing: &str,
        ask: impl AsyncFn(&Api) -> Result<T, Failure>,
    ) -> Result<T, TargetError> {
        let left = self.changed.get().map(|last| PACE.saturating_sub(last.elapsed())).unwrap_or_default();
        if !left.is_zero() && !self.waits.pause(left) {
            return Err(TargetError::Stopped);
        }
        let answer = self.again(Asked::ToChange(doing), ask);
        // nobody here knows when it arrived: at the latest when the answer is here
        self.changed.set(Some(Instant::now()));
        answer
    }

    fn again<T>(&self, asked: Asked<'_>, ask: impl AsyncFn(&Api) -> Result<T, Failure>) -> Result<T, TargetError> {
        let mut tried = 0;
        loop {
            let error = match self.runtime.block_on(ask(&self.api)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure.told(FORGE, asked),
            };
            match pause_after(&error, tried) {
                Some((least, most)) if self.waits.wait(least, most, &error.to_string()) => tried += 1,
                Some(_) | None => return Err(error),
            }
        }
    }

    /// Waits, where something is only known a little later. False where nobody waits any longer.
    pub(crate) fn pause(&self, how_long: Duration) -> bool {
        self.waits.pause(how_long)
    }

    /// The repository as it is called now. It is known by its number: one that was renamed is found, and one that took its
    /// name is not.
    ///
    /// # Errors
    ///
    /// What GitHub said; and `repo-mismatch`, as a refusal of its own, where another repository answers.
    pub fn home(&self) -> Result<Result<Home, Refusal>, TargetError> {
        let name = &self.pinned.name;
        let home: Home = self.see(&format!("look at the repository `{name}`"), async |api| {
            api.get_as(&format!("/repos/{name}")).await
        })?;
        if home.id == self.pinned.id {
            return Ok(Ok(home));
        }
        let fact = format!("`{name}` is repository {} now, and dualkey.yaml pins {}", home.id, self.pinned.id);
        let help = "see who is called so now; nothing is believed or written there. If it is the right one, correct the line \
                    `approval: { repository: { name: …, id: … } }` of dualkey.yaml by a change of its own";
        Ok(Err(Refusal::new(&REPO_MISMATCH, fact, help)))
    }
}
