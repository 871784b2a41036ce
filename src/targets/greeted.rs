//! A writer that makes sure where it is before it changes anything.

use super::{Call, Done, Gate, Hello, TargetError, Writer};
use crate::access::{Target, TargetId};

/// A writer that first asks which target answers to its credential, and whether that can change anything there.
#[expect(missing_debug_implementations, reason = "clients hold credentials, which are not printed by accident")]
pub struct Greeted {
    writer: Box<dyn Writer>,
    target: TargetId,
    pinned: String,
    /// True once it said so.
    known: bool,
}

impl Greeted {
    pub fn new(writer: Box<dyn Writer>, target: &Target) -> Self {
        Greeted { writer, target: target.id.clone(), pinned: target.pinned.clone(), known: false }
    }
}

impl Writer for Greeted {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        let hello = self.writer.greet()?;
        hello.check_writer(&self.target, &self.pinned)?;
        self.known = true;
        Ok(hello)
    }

    fn ends(&self, call: &Call) -> bool {
        self.writer.ends(call)
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        if !self.known
            && let Err(error) = self.greet()
        {
            let failed = |(place, _): (usize, &Call)| {
                let result = Err(error.clone());
                gate.settled(place, &result);
                result
            };
            return calls.iter().enumerate().map(failed).collect();
        }
        self.writer.perform(calls, gate)
    }
}
