//! How GitHub is spoken to: one server, one credential, and nothing done behind anybody's back.

mod answer;
mod api;
mod failure;
mod host;
mod query;
mod secret;
mod session;
mod wire;

pub(super) use api::Api;
pub(super) use failure::{Asked, Failure};
pub(super) use host::Host;
pub(super) use query::Page;
pub(super) use secret::Secret;
pub(super) use session::Purpose;
pub(super) use wire::Patience;
