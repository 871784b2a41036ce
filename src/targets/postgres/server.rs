//! Where a server is, and who asks there.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::spec;
use crate::access::Target;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Name(String),
    /// The folder of a Unix socket.
    Socket(PathBuf),
}

impl Host {
    /// A path is the folder of a socket, anything else a name or an address.
    pub(super) fn parse(text: &str) -> Self {
        if text.starts_with('/') { Host::Socket(text.into()) } else { Host::Name(text.to_owned()) }
    }

    /// True where nobody on the way could listen.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Host::Socket(_) => true,
            Host::Name(name) => {
                let bare = name.trim_start_matches('[').trim_end_matches(']');
                name == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
        }
    }
}

/// What becomes of somebody's open sessions when their access ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sessions {
    /// They are ended.
    #[default]
    End,
    /// They go on until they end by themselves.
    Keep,
}

/// How long a server is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Until it lets us in.
    pub connect: Duration,
    /// For a run that writes at the same time; after that both write side by side.
    pub turn: Duration,
    /// For a lock that somebody else holds.
    pub lock: Duration,
    /// For one statement; the server itself stops it then.
    pub statement: Duration,
    /// For an answer of any sort; longer than for a statement, since it covers a server that hangs.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [connect, turn, lock, statement, answer] = [10, 5, 10, 30, 40].map(Duration::from_secs);
        Limits { connect, turn, lock, statement, answer }
    }
}

/// One server of PostgreSQL, as the access repository names it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// The target's name.
    pub target: String,
    pub host: Host,
    pub port: u16,
    pub database: String,
    /// The number that `initdb` gave it, as `pg_controldata` prints it.
    pub system: String,
    /// Certificates, as PEM, that sign the server's; without any those that the system trusts.
    pub authorities: Option<String>,
    pub sessions: Sessions,
    /// True where a login's end is written down as its `VALID UNTIL`, too.
    pub native_ends: bool,
    /// True where the organisation accepts, below version 16, a writer that may give any role to anybody.
    pub createrole: bool,
    pub limits: Limits,
}

impl Server {
    /// One that nobody pinned, with what settings leave out.
    pub(super) fn unpinned(target: &str, host: Host, port: u16, database: &str) -> Self {
        Server {
            target: target.to_owned(),
            host,
            port,
            database: database.to_owned(),
            system: String::new(),
            authorities: None,
            sessions: Sessions::End,
            native_ends: false,
            createrole: false,
            limits: Limits::default(),
        }
    }

    /// As the settings say, which were checked when they were read.
    pub(super) fn of(target: &Target) -> Self {
        let setting = |name: &str| target.settings.get(name);
        let is = |name: &str, word: &str| setting(name) == Some(word);
        Server {
            target: target.id.to_string(),
            host: Host::parse(setting("host").unwrap_or_default()),
            port: setting("port").and_then(|port| port.parse().ok()).unwrap_or(5432),
            database: setting("database").unwrap_or("postgres").to_owned(),
            system: setting("system").unwrap_or_default().to_owned(),
            authorities: setting("ca").map(str::to_owned),
            sessions: if is(spec::SESSIONS, spec::KEEP) { Sessions::Keep } else { Sessions::End },
            native_ends: is(spec::NATIVE_ENDS, spec::YES),
            createrole: is(spec::CREATEROLE, spec::ACCEPTED),
            limits: Limits::default(),
        }
    }
}

/// Who asks. It has no `Debug`, so that nothing prints a password by accident.
#[derive(Clone)]
pub(super) struct Credential {
    pub user: String,
    pub password: Option<String>,
}
