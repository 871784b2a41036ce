//! What GitHub publishes about its interface, cut to what is served here.

pub(crate) mod rest;
mod schema;
pub(crate) mod strict;
