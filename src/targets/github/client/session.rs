//! How a credential becomes a token, and how long that one is used.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use octocrab::Octocrab;
use octocrab::models::AppId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::secret::Secret;
use super::wire::Wire;
use crate::targets::Power;

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    Write,
}

/// What an App's token is narrowed to, by what it is for. The page beside the code tells the same.
const READS: [&str; 7] = [
    "metadata",
    "members",
    "administration",
    "organization_administration",
    "organization_custom_roles",
    "organization_custom_org_roles",
    "organization_personal_access_tokens",
];
const WRITES: [&str; 2] = ["members", "administration"];

/// A token is replaced so long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// A token in use.
#[derive(Clone)]
pub(super) struct Session {
    pub rest: Octocrab,
    pub graphql: Octocrab,
    expires: Option<Timestamp>,
    /// What the credential behind the token could change, where that is told.
    pub power: Power,
}

impl Session {
    /// True where another token is needed. Where nobody knows the time, the next refusal tells.
    pub(super) fn ends_soon(&self, now: Option<Timestamp>) -> bool {
        self.expires.zip(now).is_some_and(|(end, now)| now.checked_add(MARGIN).is_ok_and(|soon| soon >= end))
    }
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
    #[serde(default)]
    suspended_at: Option<String>,
    #[serde(default)]
    permissions: Map<String, Value>,
}

#[derive(Deserialize)]
struct Made {
    token: String,
    expires_at: String,
}

/// The first use of a credential, or one more of an App's.
pub(super) async fn begin(
    wire: &Wire,
    secret: &Secret,
    purpose: Purpose,
    organization: &str,
) -> Result<Session, Failure> {
    match secret {
        Secret::Token(token) => of_token(wire, token, None, Power::Unknown),
        Secret::App { id, key } => of_app(wire, *id, key, purpose, organization).await,
    }
}

fn of_token(wire: &Wire, token: &str, expires: Option<Timestamp>, power: Power) -> Result<Session, Failure> {
    let odd = |_| Failure::Credential {
        what: "the token can't be sent".to_owned(),
        help: "give the token alone, without spaces or line breaks".to_owned(),
    };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(odd(()));
    }
    let client = |base: String| {
        let built = wire.builder().base_uri(base).and_then(|builder| builder.personal_token(token).build());
        built.map_err(|error| unusable(&error))
    };
    let rest = client(wire.host.rest())?;
    let graphql = if wire.host.graphql() == wire.host.rest() { rest.clone() } else { client(wire.host.graphql())? };
    Ok(Session { rest, graphql, expires, power })
}

/// An App looks for its installation in the organisation and has a token made that can do no more than is needed.
async fn of_app(wire: &Wire, id: u64, key: &str, purpose: Purpose, organization: &str) -> Result<Session, Failure> {
    let odd = |_| Failure::Credential {
        what: format!("the private key of the App {id} can't be read"),
        help: "give the key that the App's page made, as PEM, or the name of the file that holds it".to_owned(),
    };
    let builder = wire.builder().base_uri(wire.host.rest()).map_err(|error| unusable(&error))?;
    let app = builder.app_from_rsa_pem(AppId(id), key).map_err(odd)?.build().map_err(|error| unusable(&error))?;
    let path = format!("/orgs/{organization}/installation");
    let found = wire
        .once(&app, &Method::GET, &path, None)
        .await?
        .judged()
        .map_err(|failure| absent(failure, id, organization))?;
    let installation: Installation = found.read()?;
    if installation.suspended_at.is_some() {
        return Err(Failure::Credential {
            what: format!("the App {id} is suspended in `{organization}`"),
            help: "an owner lets it go on, on the organisation's page of installed GitHub Apps".to_owned(),
        });
    }
    let level = |name: &&str| installation.permissions.get(*name).and_then(Value::as_str);
    let mut wanted = Map::new();
    for name in READS.iter().filter(|name| level(name).is_some()) {
        wanted.insert((*name).to_owned(), json!("read"));
    }
    let writable: Vec<&str> = installation
        .permissions
        .iter()
        .filter(|(_, level)| matches!(level.as_str(), Some("write" | "admin")))
        .map(|(name, _)| name.as_str())
        .collect();
    if purpose == Purpose::Write {
        for name in WRITES.iter().filter(|name| writable.contains(name)) {
            wanted.insert((*name).to_owned(), json!("write"));
        }
    }
    let path = format!("/app/installations/{}/access_tokens", installation.id);
    let made = wire.once(&app, &Method::POST, &path, Some(&json!({ "permissions": wanted }))).await?.judged()?;
    let made: Made = made.read()?;
    let expires =
        made.expires_at.parse().map_err(|_| Failure::Odd { why: "a token's end can't be read".to_owned() })?;
    let names: Vec<String> = writable.iter().map(|name| format!("`{name}`")).collect();
    let power = match names.is_empty() {
        true => Power::Reads,
        false => Power::Writes { why: format!("is an App that may write {}", names.join(", ")) },
    };
    of_token(wire, &made.token, Some(expires), power)
}

/// What it means that an App finds no installation.
fn absent(failure: Failure, id: u64, organization: &str) -> Failure {
    match failure.status() {
        Some(404) => Failure::Credential {
            what: format!("the App {id} isn't installed in `{organization}`"),
            help: "install it there, or correct `organization` of the target in `dualkey.yaml`".to_owned(),
        },
        Some(401) => Failure::Credential {
            what: format!("GitHub takes no word of the App {id} that this key signs"),
            help: "check the App's number and key, and the clock of this machine".to_owned(),
        },
        Some(_) | None => failure,
    }
}

fn unusable(error: &octocrab::Error) -> Failure {
    // its own words may hold a backtrace
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    Failure::Credential {
        what: format!("no client can be made: {cause}"),
        help: "install the system's certificates, by which GitHub is known".to_owned(),
    }
}
