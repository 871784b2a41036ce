//! Somebody's connection to a server of the tests.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// One session. It stays open until it is dropped.
pub struct Session {
    client: Client,
    runtime: Runtime,
}

impl Session {
    /// Logs in through a socket. The error is the server's.
    pub fn open(socket: &Path, port: u16, user: &str) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut config = Config::new();
        config.host_path(socket).port(port).user(user).dbname("postgres");
        let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(|error| words(&error))?;
        runtime.spawn(async { drop(connection.await) });
        Ok(Session { client, runtime })
    }

    /// Runs statements, and gives the rows of the last query as text, their values parted by blanks.
    pub fn run(&self, statements: &str) -> Result<Vec<String>, String> {
        let answer = self.runtime.block_on(self.client.simple_query(statements)).map_err(|error| words(&error))?;
        let row = |message: &SimpleQueryMessage| {
            let SimpleQueryMessage::Row(row) = message else { return None };
            Some((0..row.len()).map(|at| row.get(at).unwrap_or("-")).collect::<Vec<_>>().join(" "))
        };
        Ok(answer.iter().filter_map(row).collect())
    }
}

fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
}
