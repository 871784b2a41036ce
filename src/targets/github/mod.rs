//! GitHub: repositories, teams and membership of one organisation.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod rules;
pub mod spec;

#[cfg(feature = "github")]
pub(crate) mod client;
#[cfg(feature = "github")]
mod connect;
#[cfg(feature = "github")]
mod facts;
#[cfg(feature = "github")]
mod line;
#[cfg(feature = "github")]
mod organization;
#[cfg(feature = "github")]
mod picture;
#[cfg(feature = "github")]
mod read;
#[cfg(feature = "github")]
mod reading;
#[cfg(test)]
#[cfg(feature = "github")]
mod tests;
#[cfg(feature = "github")]
mod write;

pub const TYPE: TargetType = TargetType::new("github");

pub(super) const CLIENT: Client = Client {
    credentials: &[
        &[Part::needed(TOKEN, "a fine-grained token, a classic one, or an installation's")],
        &[
            Part::needed(APP_ID, "the number of a GitHub App"),
            Part::needed(APP_KEY, "its private key, as PEM, or the file that holds it"),
        ],
    ],
    #[cfg(feature = "github")]
    support: Support::Built(super::connect::Connect { reader: connect::reader, writer: connect::writer }),
    #[cfg(not(feature = "github"))]
    support: Support::LeftOut { feature: "github" },
    rules: &rules::RULES,
};

const TOKEN: &str = "TOKEN";
const APP_ID: &str = "APP_ID";
const APP_KEY: &str = "APP_KEY";
