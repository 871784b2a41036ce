//! The walk over the protected branch: which commits close a landing, and what that leaves approved.

mod commitment;
mod error;
mod explain;
mod ground;
mod heads;
mod held;
mod landings;
mod left_out;
mod line;
mod logged;
mod meaning;
mod measure;
mod older;
mod proof;
mod prospect;
mod removals;
mod revisions;
mod search;
mod settled;
mod verifier;
mod vouched;
mod waiting;
mod words;

pub use error::{VerifyError, rewritten};
pub use landings::{Chain, Landing, Recorded, RecordedLanding, Removal, Verdict};
pub use prospect::Prospect;
pub use settled::settled;
pub use verifier::{Approved, Verifier};
