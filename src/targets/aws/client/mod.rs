//! The wire: what is asked of AWS, at what pace, and why it comes to nothing.

mod failure;
mod line;
mod pace;

pub(super) use failure::{Asked, Failure, named};
pub(super) use line::{Credential, Line, Settings};
