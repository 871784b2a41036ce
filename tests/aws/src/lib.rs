#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod clock;
mod contract;
mod exchange;
mod fault;
mod limits;
mod pages;
mod policy;
mod protocol;
mod record;
mod server;
mod services;
mod signature;
mod spoil;
mod state;
pub mod world;

pub use clock::Clock;
pub use fault::{Fault, On};
pub use limits::Limits;
pub use record::{Log, Record};
pub use server::Server;
pub use world::World;
