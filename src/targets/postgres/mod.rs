//! PostgreSQL: memberships of roles, and the lock of logins, on one server.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod rules;
pub mod spec;

#[cfg(feature = "postgres")]
mod catalog;
#[cfg(feature = "postgres")]
mod client;
#[cfg(feature = "postgres")]
mod connection;
#[cfg(feature = "postgres")]
mod facts;
#[cfg(feature = "postgres")]
mod failure;
#[cfg(feature = "postgres")]
mod left_behind;
#[cfg(feature = "postgres")]
mod phase;
#[cfg(feature = "postgres")]
mod power;
#[cfg(feature = "postgres")]
mod read;
#[cfg(feature = "postgres")]
mod server;
#[cfg(feature = "postgres")]
pub mod session;
#[cfg(feature = "postgres")]
mod sessions;
#[cfg(feature = "postgres")]
mod sql;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod tests;
#[cfg(feature = "postgres")]
mod write;

pub const TYPE: TargetType = TargetType::new("postgres");

pub(super) const CLIENT: Client = Client {
    credentials: &[&[
        Part::needed(USER, "the login"),
        Part::optional(PASSWORD, "its password, where the server asks for one"),
    ]],
    #[cfg(feature = "postgres")]
    support: Support::Built(super::connect::Connect { reader: client::reader, writer: client::writer }),
    #[cfg(not(feature = "postgres"))]
    support: Support::LeftOut { feature: "postgres" },
    rules: &rules::RULES,
};

const USER: &str = "USER";
const PASSWORD: &str = "PASSWORD";
