//! PostgreSQL: memberships of roles on one server.

use super::connect::Client;
use super::credential::Part;
use crate::access::TargetType;

pub mod kinds;
pub mod spec;

pub const TYPE: TargetType = TargetType::new("postgres");

pub(super) const CLIENT: Client = Client {
    credentials: &[&[
        Part::needed("USER", "the login"),
        Part::optional("PASSWORD", "its password, where the server asks for one"),
    ]],
    connect: None,
};
