//! GitHub.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod spec;

pub const TYPE: TargetType = TargetType::new("github");

pub(super) const CLIENT: Client = Client {
    credentials: &[
        &[Part::needed("TOKEN", "a fine-grained token or an installation's")],
        &[Part::needed("APP_ID", "the number of a GitHub App"), Part::needed("APP_KEY", "its private key, as PEM")],
    ],
    support: Support::Missing,
    rules: &[],
};
