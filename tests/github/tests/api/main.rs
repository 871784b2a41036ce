//! The stand-in seen from outside, by a client that only knows HTTP.

mod client;
mod collaborators;
mod faults;
mod graphql;
mod limits;
mod membership;
mod protocol;
mod reading;
mod teams;
mod tokens;
mod walk;
mod world;
