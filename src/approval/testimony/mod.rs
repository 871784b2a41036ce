//! What people said of a change and who made it, as plain data, and where that comes from.

mod data;
pub mod forge;
mod hearing;
mod makers;
mod opinion;
mod registered;
mod signatures;
mod source;
pub mod statement;

pub use data::{Maker, Testimony};
pub use makers::{CommitMakers, Signer, changed_since, changes_since, makers};
#[cfg(test)]
pub(super) use makers::{ProvenBy, made_by};
pub use opinion::{CountedApproval, Opinion, Says};
pub use registered::{Holders, Registered};
pub use signatures::Signatures;
pub(super) use signatures::{PREFIXES, read, spoken};
pub use source::{Branch, Question, RecordedWords, Source};
pub use statement::Signed;
