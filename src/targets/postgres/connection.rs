//! One connection to a server, with the runtime that drives it.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Failure;
use super::server::{Credential, Host, Server};
use crate::targets::TargetError;

/// The oldest version that is spoken to.
const OLDEST: u32 = 13;

/// What the server says of itself and of us.
#[derive(Clone, Debug)]
pub(super) struct Itself {
    /// The number that `initdb` gave it.
    pub system: String,
    /// The number before the first dot.
    pub version: u32,
    pub clock: Timestamp,
    /// Who we are there.
    pub user: String,
    pub superuser: bool,
    pub createrole: bool,
}

/// An open connection. Dropping it closes it, and the server then undoes what was not committed.
pub(super) struct Connection {
    client: Client,
    runtime: Runtime,
    server: Server,
    pub itself: Itself,
}

impl Connection {
    /// Connects and asks who is there.
    pub(super) fn open(server: &Server, credential: &Credential) -> Result<Self, TargetError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| lost(server, &error))?;
        let client = if server.host.is_local() && server.authorities.is_none() {
            connect(&runtime, server, credential, SslMode::Disable, NoTls)
        } else {
            connect(&runtime, server, credential, SslMode::Require, verifying(server)?)
        };
        let client = client.map_err(|failure| failure.told(server, "connect"))?;
        let told = |failure: Failure| failure.told(server, "ask the server who it is");
        // whatever was set for this role or database, we are ourselves, and names mean what they mean to the server itself
        let limits = server.limits;
        let settings = format!(
            "SET ROLE NONE; SET search_path = pg_catalog; SET standard_conforming_strings = on; SET synchronous_commit = on;
             SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            limits.lock.as_millis(),
            limits.statement.as_millis(),
            limits.answer.as_millis()
        );
        within(&runtime, server, client.batch_execute(&settings)).map_err(told)?;
        let row = within(&runtime, server, client.query_typed_one(ITSELF, &[])).map_err(told)?;
        let odd = |error: tokio_postgres::Error| Failure::Server(error).told(server, "ask the server who it is");
        let version: i32 = row.try_get(1).map_err(odd)?;
        let itself = Itself {
            clock: row.try_get(0).map_err(odd)?,
            version: u32::try_from(version / 10_000).unwrap_or_default(),
            system: row.try_get(2).map_err(odd)?,
            user: row.try_get(3).map_err(odd)?,
            superuser: row.try_get(4).map_err(odd)?,
            createrole: row.try_get(5).map_err(odd)?,
        };
        let replica: bool = row.try_get(6).map_err(odd)?;
        if replica {
            return Err(TargetError::Refused {
                why: format!("`{}` answers as a replica, which may lag and can't be written", server.target),
                help: "name the primary server in `dualkey.yaml`".to_owned(),
            });
        }
        if itself.version < OLDEST {
            return Err(TargetError::Refused {
                why: format!("`{}` is PostgreSQL {}, and dualkey needs 13 or later", server.target, itself.version),
                help: "upgrade the server".to_owned(),
            });
        }
        Ok(Connection { client, runtime, server: server.clone(), itself })
    }

    /// False once nothing more can be asked here.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// Statements without parameters and without an answer.
    pub(super) fn run(&self, statements: &str) -> Result<(), Failure> {
        within(&self.runtime, &self.server, self.client.batch_execute(statements))
    }

    /// The rows that statements without parameters give, as text; what is null is empty.
    pub(super) fn answers(&self, statements: &str) -> Result<Vec<Vec<String>>, Failure> {
        let answers = within(&self.runtime, &self.server, self.client.simple_query(statements))?;
        let row = |answer: &SimpleQueryMessage| {
            let SimpleQueryMessage::Row(row) = answer else { return None };
            Some((0..row.len()).map(|at| row.get(at).unwrap_or("").to_owned()).collect())
        };
        Ok(answers.iter().filter_map(row).collect())
    }

    /// The rows of a query that takes lists of role numbers, or nothing.
    pub(super) fn rows(&self, query: &str, roles: Option<&[u32]>) -> Result<Vec<Row>, Failure> {
        use tokio_postgres::types::{ToSql, Type};
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = match &roles {
            Some(roles) => vec![(roles, Type::OID_ARRAY)],
            None => Vec::new(),
        };
        within(&self.runtime, &self.server, self.client.query_typed(query, &parameters))
    }
}

const ITSELF: &str = "SELECT clock_timestamp(), current_setting('server_version_num')::int, system_identifier::text,
       rolname::text, rolsuper, rolcreaterole, pg_is_in_recovery()
  FROM pg_roles, pg_control_system() WHERE rolname = session_user";

/// Drives one request to its end, or gives up waiting.
fn within<T>(
    runtime: &Runtime,
    server: &Server,
    request: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let limited = async { tokio::time::timeout(server.limits.answer, request).await };
    match runtime.block_on(limited) {
        Ok(answer) => answer.map_err(Failure::Server),
        Err(_) => Err(Failure::Late),
    }
}

fn connect<T>(
    runtime: &Runtime,
    server: &Server,
    credential: &Credential,
    mode: SslMode,
    tls: T,
) -> Result<Client, Failure>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let mut config = Config::new();
    match &server.host {
        Host::Name(name) => config.host(name),
        Host::Socket(folder) => config.host_path(folder),
    };
    config.port(server.port).dbname(&server.database).user(&credential.user).application_name("dualkey");
    config.ssl_mode(mode).connect_timeout(server.limits.connect);
    if let Some(password) = &credential.password {
        config.password(password);
    }
    let open = async { tokio::time::timeout(server.limits.connect, config.connect(tls)).await };
    match runtime.block_on(open) {
        Ok(Ok((client, connection))) => {
            // what ends the connection is told by the request that needed it
            runtime.spawn(async { drop(connection.await) });
            Ok(client)
        }
        Ok(Err(error)) => Err(Failure::Server(error)),
        Err(_) => Err(Failure::Late),
    }
}

/// TLS that trusts whom the settings name, or the system does.
fn verifying(server: &Server) -> Result<MakeRustlsConnect, TargetError> {
    let refused = |why: String, help: &str| TargetError::Refused { why, help: help.to_owned() };
    let mut roots = RootCertStore::empty();
    if let Some(authorities) = &server.authorities {
        let help = "name, as PEM, the certificate that signs the server's";
        let odd = |why: String| refused(format!("`ca` of `{}` can't be read: {why}", server.target), help);
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            let certificate = certificate.map_err(|error| odd(error.to_string()))?;
            roots.add(certificate).map_err(|error| odd(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(odd("it holds no certificate".to_owned()));
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(refused(
                "this machine trusts no certificates, so nobody knows which server answers".to_owned(),
                "install the system's certificates, or write the server's into `ca` of the target",
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string(), "use another build of dualkey"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn lost(server: &Server, error: &io::Error) -> TargetError {
    let why = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    TargetError::Unreachable { target: server.target.clone(), why }
}
