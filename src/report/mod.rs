//! What the program says, one file a format. Pure: width and colour are arguments, and everything that comes from files
//! or targets is data that can't forge markup, mentions, workflow commands or terminal escapes.

pub mod access;
pub mod apply;
mod approvers;
pub mod audit;
mod changes;
pub mod checks;
pub mod comment;
pub mod controls;
mod diff;
pub mod doctor;
pub mod drift;
pub mod errors;
pub mod escape;
mod facts;
pub mod findings;
pub mod fmt;
mod gains;
pub mod github;
pub mod issue;
pub mod json;
pub mod markdown;
pub mod new_genesis;
pub mod next;
pub mod ocsf;
mod operations;
pub mod plan;
mod rows;
pub mod sarif;
pub mod schemas;
mod shortened;
mod standing;
pub mod style;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod trial;
pub mod verify;
mod view;
mod voice;

pub use style::Style;
pub use view::{Labels, PlanView};
