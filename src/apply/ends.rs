//! A run that nothing approved stands behind: it takes away what is over, by what was proven last, and gives nothing.

use jiff::Timestamp;

use super::executor::{Start, start};
use super::state::View;
use super::{Footing, Mode, Numbers, Outcome, Past, Process, Targets};
use crate::access::Revision;
use crate::finding::Refusal;
use crate::plan::ends::Declared;
use crate::repository::Oid;

/// What a run goes on from where the protected branch can't be judged.
#[derive(Debug)]
pub struct Ending<'a> {
    /// What was declared, as far as it is proven.
    pub declared: &'a Declared,
    /// The landing that is proven to have declared it.
    pub commit: Oid,
    /// A proven tree that names the targets and the time zone. What it declares doesn't count.
    pub settings: &'a Revision,
    /// Why the run knows no more, and what it went on from.
    pub why: &'a [Refusal],
    pub now: Timestamp,
    /// True where somebody named the instant.
    pub given: bool,
    /// The last instant that the log proves.
    pub proven: Option<Timestamp>,
    /// The numbers of resources on which something was given, as the log says.
    pub numbers: &'a Numbers,
}

/// Takes away what is over.
///
/// INVARIANT: there is no `Approved` here, and so no way to an operation that gives.
pub fn end(ending: &Ending<'_>, targets: &mut Targets, footing: Footing<'_>, process: &dyn Process) -> Outcome {
    let past = Past { proven: ending.proven, numbers: ending.numbers.clone(), ..Past::default() };
    let (outcome, why) = (Outcome::at(ending.commit), ending.why.to_vec());
    let view = View::of_ends(ending.declared, ending.settings, &past, ending.now);
    start(Start {
        view,
        mode: Mode::OnlyEnds,
        given: ending.given,
        outcome,
        targets,
        footing: shortened(footing),
        why,
        process,
    })
}

/// The same for as long as a view of it lasts.
fn shortened<'s, 'l: 's>(footing: Footing<'l>) -> Footing<'s> {
    match footing {
        Footing::Whole { lease, journal } => Footing::Whole { lease, journal },
        Footing::EndsOnly { lease, why } => Footing::EndsOnly { lease, why },
    }
}
