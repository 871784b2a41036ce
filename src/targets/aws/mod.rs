//! AWS Identity Center: permission sets in accounts, groups of the identity store, and roles of Account access manager.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod rules;
pub mod spec;

#[cfg(feature = "aws")]
mod cache;
#[cfg(feature = "aws")]
mod client;
#[cfg(feature = "aws")]
mod connect;
#[cfg(feature = "aws")]
mod directory;
#[cfg(feature = "aws")]
mod ends;
#[cfg(feature = "aws")]
mod entitlements;
#[cfg(feature = "aws")]
mod facts;
#[cfg(feature = "aws")]
mod flights;
#[cfg(feature = "aws")]
mod holders;
#[cfg(feature = "aws")]
mod instance;
#[cfg(feature = "aws")]
mod read;
#[cfg(test)]
#[cfg(feature = "aws")]
mod tests;
#[cfg(feature = "aws")]
mod write;

pub const TYPE: TargetType = TargetType::new("aws");

pub(super) const CLIENT: Client = Client {
    credentials: &[
        &[Part::needed(PROFILE, "the name of a profile in the files of the AWS tools")],
        &[
            Part::needed(ACCESS_KEY_ID, "the id of an access key"),
            Part::needed(SECRET_ACCESS_KEY, "its secret half"),
            Part::optional(SESSION_TOKEN, "the token of a temporary one"),
        ],
    ],
    #[cfg(feature = "aws")]
    support: Support::Built(super::connect::Connect { reader: connect::reader, writer: connect::writer }),
    #[cfg(not(feature = "aws"))]
    support: Support::LeftOut { feature: "aws" },
    rules: &rules::RULES,
};

const PROFILE: &str = "PROFILE";
const ACCESS_KEY_ID: &str = "ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "SESSION_TOKEN";
