//! Google Cloud.

use super::connect::{Client, Support};
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod spec;

pub const TYPE: TargetType = TargetType::new("gcp");

pub(super) const CLIENT: Client = Client {
    credentials: &[&[Part::needed(
        "CREDENTIALS",
        "the path of the file that google-github-actions/auth or gcloud writes",
    )]],
    support: Support::Missing,
    rules: &[],
};
