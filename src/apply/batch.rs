//! One phase of writes, at all targets side by side.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};

use super::look::side_by_side;
use super::numbers::name_of;
use super::{Numbers, Process, Writers};
use crate::access::TargetId;
use crate::plan::operations::Operation;
use crate::targets::{Call, Done, Gate, Stopped, TargetError, Verb, Writer};

/// What a target's thread says while it writes.
enum Event {
    /// It is about to write, and waits for the answer.
    May(Sender<Result<(), Stopped>>),
    /// The call at that place was done.
    Did(usize, Done),
}

/// The gate as a target's thread sees it: the thread of the run is asked.
struct Asking<'a>(&'a dyn Fn(Event));

impl Gate for Asking<'_> {
    fn pass(&self) -> Result<(), Stopped> {
        let (answer, heard) = channel();
        (self.0)(Event::May(answer));
        // nobody is left who could allow it
        heard.recv().unwrap_or(Err(Stopped))
    }

    fn settled(&self, call: usize, result: &Result<Done, TargetError>) {
        if let Ok(done) = result {
            (self.0)(Event::Did(call, done.clone()));
        }
    }
}

/// Performs operations, each once the run says that it may, on what was read by its number where it has one. Gives what came
/// of each that was tried.
pub(super) fn perform<'o>(
    operations: impl IntoIterator<Item = &'o Operation>,
    (writers, numbers): (&mut Writers, &Numbers),
    process: &dyn Process,
    mut may: impl FnMut() -> Result<(), Stopped>,
) -> Vec<(&'o Operation, Result<Done, TargetError>)> {
    let mut by_target: BTreeMap<&TargetId, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_target.entry(&operation.target).or_default().push(operation);
    }
    let jobs = writers.iter_mut().filter_map(|(target, writer)| {
        let writer = writer.as_mut().ok()?;
        let call = |operation: &&Operation| {
            let number = operation.number.or_else(|| numbers.get(&name_of(operation)).copied());
            Call { number, ..call(operation, writer.as_ref()) }
        };
        let calls = by_target.get(target)?.iter().map(call).collect();
        Some((target.clone(), (writer, calls)))
    });
    let perform = |_: &TargetId, (writer, calls): (&mut Box<dyn Writer>, Vec<Call>), tell: &dyn Fn(Event)| {
        writer.perform(&calls, &Asking(tell))
    };
    let mut noted: BTreeMap<(TargetId, usize), Done> = BTreeMap::new();
    let hear = |target: &TargetId, event| match event {
        // who died meanwhile needs no answer
        Event::May(answer) => drop(answer.send(may())),
        Event::Did(call, done) => drop(noted.insert((target.clone(), call), done)),
    };
    let mut answers = side_by_side(process, jobs.collect(), perform, hear);
    let mut results = Vec::new();
    for (target, operations) in by_target {
        let said = answers.remove(target).map(|answer| answer.said).unwrap_or_default();
        let mut said = said.into_iter();
        // what was noted as done was done, whatever is said at the end; what nobody says anything of was not tried
        let each = operations.into_iter().enumerate().map(|(place, one)| {
            let (noted, said) = (noted.remove(&(target.clone(), place)).map(Ok), said.next());
            (one, noted.or(said).unwrap_or(Err(TargetError::Stopped)))
        });
        results.extend(each.filter(|(_, result)| !matches!(result, Err(TargetError::Stopped))));
    }
    results
}

/// The call for the target. A native end goes along only where the target enforces it in this case.
fn call(operation: &Operation, writer: &dyn Writer) -> Call {
    let mut call = operation.call();
    let ends = writer.ends(&call);
    if let Verb::Grant { until } | Verb::Change { until, .. } = &mut call.verb
        && !ends
    {
        *until = None;
    }
    call
}
