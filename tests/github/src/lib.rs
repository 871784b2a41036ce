#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod clock;
mod contract;
mod exchange;
mod fault;
mod graphql;
mod identity;
mod limits;
mod record;
mod rest;
mod server;
mod state;
mod strictness;
pub mod world;

pub use clock::Clock;
pub use fault::{Fault, On};
pub use limits::Limits;
pub use record::{Log, Record};
pub use server::Server;
pub use world::World;
