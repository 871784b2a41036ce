//! A client of one server, with one credential.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::server::{Credential, Server};
use super::{PASSWORD, USER, power};
use crate::finding::Refusal;
use crate::targets::{Hello, Reader, TargetError, Writer, connect};

/// What looks at a server.
pub(super) fn reader(parts: &connect::Connection<'_>) -> Result<Box<dyn Reader>, Refusal> {
    Ok(Box::new(parts.place.retrying(of_settings(parts))))
}

/// What changes a server.
pub(super) fn writer(parts: &connect::Connection<'_>) -> Result<Box<dyn Writer>, Refusal> {
    Ok(Box::new(parts.place.retrying(of_settings(parts))))
}

fn of_settings(parts: &connect::Connection<'_>) -> Postgres {
    let part = |name| parts.credential.part(name).map(str::to_owned);
    let credential = Credential { user: part(USER).unwrap_or_default(), password: part(PASSWORD) };
    Postgres::new(Server::of(parts.target), credential)
}

/// Reads or writes one server. It connects when it is first asked something, and again when the connection was lost.
pub(super) struct Postgres {
    pub(super) server: Server,
    credential: Credential,
    connection: Option<Connection>,
}

impl Postgres {
    pub(super) fn new(server: Server, credential: Credential) -> Self {
        Postgres { server, credential, connection: None }
    }

    /// A connection that was made just now, to whichever server answers.
    pub(super) fn connect(&mut self) -> Result<&Connection, TargetError> {
        self.connection = None;
        let opened = Connection::open(&self.server, &self.credential)?;
        Ok(self.connection.insert(opened))
    }

    /// What the server says of itself, and of us.
    pub(super) fn itself(&mut self) -> Result<Hello, TargetError> {
        let server = self.server.clone();
        let connection = self.connect()?;
        let power = power::of(connection).map_err(|failure| failure.told(&server, "see what it may change"))?;
        let itself = &connection.itself;
        Ok(Hello {
            identity: format!("postgres:{}", itself.system),
            clock: Some(itself.clock),
            own: BTreeSet::from([itself.user.clone()]),
            power,
        })
    }

    /// A connection to the pinned server and no other, which is asked for nothing yet. What goes wrong with it must be
    /// told to [`forget`](Self::forget).
    pub(super) fn connected(&mut self) -> Result<&Connection, TargetError> {
        if !self.connection.as_ref().is_some_and(Connection::is_open) {
            self.connect()?;
        }
        let Some(connection) = &self.connection else { return Err(TargetError::Stopped) };
        let (pinned, told) = (&self.server.system, &connection.itself.system);
        if pinned != told {
            return Err(TargetError::Refused {
                why: format!("`{}` is server `{told}`, and `{pinned}` is pinned", self.server.target),
                help: "see where host and port lead; nothing is read or written at another server".to_owned(),
            });
        }
        Ok(connection)
    }

    /// Closes the connection, so that the server undoes what was not committed.
    pub(super) fn forget(&mut self) {
        self.connection = None;
    }
}
