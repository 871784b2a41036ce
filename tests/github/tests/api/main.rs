//! The stand-in seen from outside, by a client that only knows HTTP.

mod activity;
mod awkward;
mod checks;
mod client;
mod clone;
mod collaborators;
mod discussion;
mod dispatches;
mod faults;
mod graphql;
mod limits;
mod membership;
mod merges;
mod protocol;
mod pulls;
mod reading;
mod reviews;
mod rules;
mod story;
mod teams;
mod tokens;
mod walk;
mod world;
