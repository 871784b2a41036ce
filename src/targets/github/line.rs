//! The way to one organisation with one credential.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

use super::client::{Api, Asked, Failure, Host, Patience, Purpose, Secret};
use super::organization::{About, about};
use super::spec;
use crate::targets::{Hello, TargetError};

/// Which organisation a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The target's name.
    pub target: String,
    /// The organisation's login as it is declared.
    pub organization: String,
    pub id: u64,
    /// The address of the server where it isn't GitHub's own.
    pub api: Option<String>,
}

/// The way to one organisation with one credential. Whatever is asked runs on a thread of its own caller.
pub(super) struct Line {
    pub settings: Settings,
    pub api: Arc<Api>,
    runtime: Runtime,
}

impl Line {
    pub(super) fn new(settings: Settings, secret: Secret, purpose: Purpose) -> std::io::Result<Self> {
        Line::with(settings, secret, purpose, Patience::default())
    }

    pub(super) fn with(
        settings: Settings,
        secret: Secret,
        purpose: Purpose,
        patience: Patience,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let host = Host::of(settings.api.as_deref());
        let api = Api::new(host, settings.organization.clone(), secret, purpose, patience);
        Ok(Line { settings, api: Arc::new(api), runtime })
    }

    /// What comes of something that is asked.
    pub(super) fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }

    /// The same, in the words of all targets.
    pub(super) fn see<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, TargetError> {
        self.wait(asked).map_err(|failure| failure.told(&self.settings.target, Asked::ToSee(doing)))
    }

    /// The organisation as it is called now, if it is the pinned one.
    pub(super) fn pinned(&self) -> Result<About, TargetError> {
        let settings = &self.settings;
        let doing = format!("look at the organisation `{}`", settings.organization);
        let about = self.see(&doing, about(&self.api, &settings.organization, settings.id))?;
        if about.id == settings.id {
            return Ok(about);
        }
        Err(TargetError::Refused {
            why: format!("`{}` is organisation {}, and {} is pinned", settings.organization, about.id, settings.id),
            help: "see who is called so now; nothing is read or written at another organisation".to_owned(),
        })
    }

    /// What GitHub says of the organisation, and of who asks. Who is another than the pinned one says so.
    pub(super) fn hello(&self) -> Result<Hello, TargetError> {
        let settings = &self.settings;
        let doing = format!("look at the organisation `{}`", settings.organization);
        let about = self.see(&doing, about(&self.api, &settings.organization, settings.id))?;
        let own = if about.id == settings.id { self.own()? } else { None };
        let own = own.into_iter().map(|id| id.to_string()).collect();
        let power = self.wait(self.api.power());
        Ok(Hello { identity: self.identity(about.id), clock: self.api.clock(), own, power })
    }

    /// The account that asks; None for an App, which is nobody's.
    pub(super) fn own(&self) -> Result<Option<u64>, TargetError> {
        #[derive(Deserialize)]
        struct Caller {
            id: u64,
        }
        match self.wait(self.api.get_as::<Caller>("/user")) {
            Ok(caller) => Ok(Some(caller.id)),
            Err(failure) if failure.is_hidden() => Ok(None),
            Err(failure) => Err(failure.told(&self.settings.target, Asked::ToSee("ask who this credential is"))),
        }
    }

    /// What identifies an organisation of that number at this server.
    pub(super) fn identity(&self, id: u64) -> String {
        spec::pin(&id.to_string(), self.settings.api.as_deref())
    }
}

/// How long invitations last, and the time in which they are counted.
pub(super) const INVITATION: Duration = Duration::from_secs(7 * 24 * 3600);
pub(super) const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Invitations that GitHub takes for one repository in a day.
pub(super) const INVITATIONS_TO_A_REPOSITORY: usize = 50;
