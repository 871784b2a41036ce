//! AWS Identity Center.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod spec;

pub const TYPE: TargetType = TargetType::new("aws");

pub(super) const CLIENT: Client = Client {
    credentials: &[
        &[Part::needed("PROFILE", "the name of a profile in the files of the AWS tools")],
        &[
            Part::needed("ACCESS_KEY_ID", "the id of an access key"),
            Part::needed("SECRET_ACCESS_KEY", "its secret half"),
            Part::optional("SESSION_TOKEN", "the token of a temporary one"),
        ],
    ],
    support: Support::Missing,
    rules: &[],
};
