//! How GitHub is spoken to: one server, one credential, and nothing done behind anybody's back.

mod answer;
mod api;
mod failure;
mod host;
mod query;
mod secret;
mod session;
mod wire;

pub(crate) use api::Api;
pub(crate) use failure::{Asked, Failure};
pub(crate) use host::Host;
pub(crate) use query::Page;
pub(crate) use secret::Secret;
pub(crate) use session::Purpose;
pub(crate) use wire::Patience;
