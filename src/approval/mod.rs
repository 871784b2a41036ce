//! Whether what landed was approved by a second, independent party. Nothing else in the program may say so.
//!
//! The room has floors, and a file uses only its own floor and those before it: `landing` compares trees, `testimony` says
//! what people said and who made a change, `decision` judges that, purely, and `chain` walks the protected branch. The
//! [`Verifier`] of the last floor is the only maker of [`Approved`], without which nothing can be written to a target.

mod anchor;
mod chain;
pub mod codes;
mod decision;
pub mod landing;
mod testimony;
#[cfg(test)]
mod tests;

pub use anchor::check_anchor;
pub use chain::{
    Approved, Chain, Landing, Prospect, Recorded, RecordedLanding, Removal, Verdict, Verifier, VerifyError, rewritten,
    settled,
};
pub use decision::{Assessment, Candidate, Evidence, Granted, Proposed, Trusted, assess, decide, reason};
pub use testimony::{
    CommitMakers, CountedApproval, Maker, Opinion, Says, Signatures, Signed, Signer, Source, Sources, Testimony, Way,
    forge, makers, pull, statement,
};
