//! What people said of a change, judged: a pure function of the testimony and of the two revisions.

mod assessment;
mod candidate;
mod decide;
mod evidence;
mod reasons;

pub use assessment::{Assessment, assess};
pub use candidate::{Candidate, Proposed, Trusted};
pub use decide::{Granted, decide, obstacles, said};
pub use evidence::{Answered, Evidence};
pub use reasons::reason;
