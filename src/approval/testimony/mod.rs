//! What people said of a change and who made it, as plain data, and where that comes from.

mod data;
pub mod forge;
mod hearing;
mod makers;
mod names;
mod opinion;
pub mod pull;
mod pulls;
mod registered;
mod signatures;
mod source;
pub mod statement;
mod statements;

pub use data::{Maker, Testimony};
pub use makers::{CommitMakers, Signer, changed_since, changes_since, makers};
#[cfg(test)]
pub(super) use makers::{ProvenBy, made_by};
pub use names::{Anchor, Branch};
pub use opinion::{CountedApproval, Opinion, Says, Way};
pub use pulls::Sources;
pub use registered::{Holders, Registered};
pub use source::{Question, RecordedWords, Source, Venue};
pub use statement::Signed;
pub use statements::Signatures;
pub(super) use statements::{PREFIXES, read, spoken};
