//! Somebody's session at a server, by the rules of the target's own connections: the demo's people work there as people do.

use std::path::Path;
use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::Host as Named;

use super::connection::Connection;
use super::server::{Credential, Host, Server};
use crate::targets::TargetError;

/// Where and as whom somebody logs in. It has no `Debug`, so that nothing prints a password by accident.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a password")]
pub struct Login {
    server: Server,
    credential: Credential,
}

/// What of a connection string says where and who; the rest is settled by the target's own rules.
const HEARD: [&str; 5] = ["dbname", "host", "password", "port", "user"];

impl Login {
    /// At a server on this machine that listens at a socket alone.
    pub fn at_socket(folder: &Path, user: &str, password: &str) -> Self {
        Login {
            server: Server::unpinned("shop", Host::Socket(folder.to_owned()), 5432, "postgres"),
            credential: credential(user, password),
        }
    }

    /// As a connection string says, such as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    ///
    /// # Errors
    ///
    /// What is wrong with it; never any part of it, since it holds a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let heard = match text.split_once('?') {
            Some((place, words)) if place.contains("://") => {
                let of_place = |word: &&str| word.split('=').next().is_some_and(|name| HEARD.contains(&name));
                let words: Vec<&str> = words.split('&').filter(of_place).collect();
                format!("{place}?{}", words.join("&"))
            }
            Some(_) | None => text.to_owned(),
        };
        let config =
            Config::from_str(heard.trim_end_matches('?')).map_err(|_| "it is no connection string".to_owned())?;
        let host = match config.get_hosts() {
            [Named::Tcp(name)] => Host::Name(name.to_lowercase()),
            [Named::Unix(folder)] => Host::Socket(folder.clone()),
            [] => return Err("it names no host".to_owned()),
            _ => return Err("it names several hosts".to_owned()),
        };
        let user = config.get_user().ok_or("it names no user")?;
        let password = config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let server = Server::unpinned("shop", host, port, config.get_dbname().unwrap_or(user));
        Ok(Login { server, credential: Credential { user: user.to_owned(), password } })
    }

    /// Somebody else at the same server.
    #[must_use]
    pub fn of(&self, database: &str, user: &str, password: &str) -> Self {
        let server = Server { database: database.to_owned(), ..self.server.clone() };
        Login { server, credential: credential(user, password) }
    }

    /// The same in another database.
    #[must_use]
    pub fn within(&self, database: &str) -> Self {
        Login {
            server: Server { database: database.to_owned(), ..self.server.clone() },
            credential: self.credential.clone(),
        }
    }

    pub fn user(&self) -> &str {
        &self.credential.user
    }

    /// Its password, empty where there is none.
    pub fn password(&self) -> &str {
        self.credential.password.as_deref().unwrap_or_default()
    }

    /// The host as the target's settings name it.
    pub fn host(&self) -> String {
        match &self.server.host {
            Host::Name(name) => name.clone(),
            Host::Socket(folder) => folder.display().to_string(),
        }
    }

    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// # Errors
    ///
    /// Nobody answers, or we are not let in.
    pub fn open(&self) -> Result<Session, TargetError> {
        let connection = Connection::open(&self.server, &self.credential)?;
        let told = |failure: super::failure::Failure| failure.told(&self.server, "begin a session");
        // people have tables, and dualkey looks at none
        connection.run("RESET search_path").map_err(told)?;
        Ok(Session(connection))
    }
}

fn credential(user: &str, password: &str) -> Credential {
    Credential { user: user.to_owned(), password: Some(password.to_owned()) }
}

/// One session. It stays open until it is dropped.
#[expect(missing_debug_implementations, reason = "a connection has none")]
pub struct Session(Connection);

impl Session {
    /// The number that pins the server.
    pub fn system(&self) -> &str {
        &self.0.itself.system
    }

    /// The version's number before the first dot.
    pub fn version(&self) -> u32 {
        self.0.itself.version
    }

    pub fn is_superuser(&self) -> bool {
        self.0.itself.superuser
    }

    /// Runs statements. Gives the rows of their answers, with bars between values.
    ///
    /// # Errors
    ///
    /// What the server says, or that the connection is lost.
    pub fn run(&self, statements: &str) -> Result<Vec<String>, String> {
        let rows = self.0.answers(statements).map_err(|failure| failure.words())?;
        Ok(rows.into_iter().map(|row| row.join(" | ")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_says_where_and_who() {
        let told = |text: &str| {
            let login = Login::parse(text)?;
            let Login { server: Server { database, .. }, credential: Credential { password, .. } } = &login;
            let password = password.as_deref().unwrap_or("-");
            Ok::<_, String>(format!("{} {} {database} {} {password}", login.host(), login.port(), login.user()))
        };
        let good = [
            ("postgres://ada:s%40cret@DB.northwind.example:6543/shop", "db.northwind.example 6543 shop ada s@cret"),
            ("postgresql://ada@localhost?sslmode=verify-full&sslrootcert=/ca.pem", "localhost 5432 ada ada -"),
            ("postgres://ada@/shop?host=/var/run/postgresql&sslmode=disable", "/var/run/postgresql 5432 shop ada -"),
            ("host=127.0.0.1 user=ada password=x", "127.0.0.1 5432 ada ada x"),
        ];
        for (text, expected) in good {
            assert_eq!(told(text).as_deref(), Ok(expected), "{text}");
        }
        for bad in
            ["", "northwind", "postgres://", "postgres://ada@a,b/shop", "host=localhost", "mysql://ada@localhost"]
        {
            let why = told(bad).unwrap_err();
            assert!(why.starts_with("it "), "{bad}: {why}");
        }
    }
}
