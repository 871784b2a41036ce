//! Looks at the targets, side by side: first which they are, then what is held there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::{Process, Readers, Targets, codes};
use crate::access::{Kind, TargetId};
use crate::finding::Refusal;
use crate::targets::{Hello, Live, Reader, Resource, Scope};

/// How often it is said of a target that it still hasn't answered.
const EVERY: Duration = Duration::from_secs(10);

/// What a target said, when that came by our count of time, and how long it took.
pub(super) struct Answer<T> {
    pub said: T,
    pub at: Duration,
    pub took: Duration,
}

/// Asks targets something, each in a thread of its own, and tells how it goes.
pub(super) fn side_by_side<J: Send, T: Send>(
    process: &dyn Process,
    jobs: Vec<(TargetId, J)>,
    ask: impl Fn(&TargetId, J) -> T + Sync,
) -> BTreeMap<TargetId, Answer<T>> {
    let began = process.elapsed();
    let so_far = || process.elapsed().saturating_sub(began);
    let mut awaited: BTreeSet<TargetId> = jobs.iter().map(|(target, _)| target.clone()).collect();
    let mut answers = BTreeMap::new();
    let (threads, queue) = (jobs.len(), Mutex::new(VecDeque::from(jobs)));
    let turns = |send: &dyn Fn((TargetId, T, Duration))| {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        while let Some((target, job)) = next() {
            let start = Instant::now();
            let said = ask(&target, job);
            send((target, said, start.elapsed()));
        }
    };
    thread::scope(|scope| {
        let (send, receive) = channel();
        let turns = &turns;
        let start = |_| {
            let send = send.clone();
            // who listens goes last, so that every answer arrives
            Builder::new().spawn_scoped(scope, move || turns(&|answer| drop(send.send(answer)))).ok()
        };
        let running: Vec<_> = (0..threads).filter_map(start).collect();
        if running.is_empty() {
            // the system has no thread left
            turns(&|answer| drop(send.send(answer)));
        }
        drop(send);
        loop {
            match receive.recv_timeout(EVERY) {
                Ok((target, said, took)) => {
                    awaited.remove(&target);
                    process.asks(&target, so_far(), true);
                    answers.insert(target, Answer { said, at: process.elapsed(), took });
                }
                Err(RecvTimeoutError::Timeout) => {
                    awaited.iter().for_each(|target| process.asks(target, so_far(), false));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for thread in running {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    });
    answers
}

/// What the targets said of themselves.
#[derive(Default)]
pub(super) struct Greetings {
    pub hellos: BTreeMap<TargetId, Answer<Hello>>,
    /// Targets that nothing else is asked of, and why.
    pub refused: BTreeMap<TargetId, Refusal>,
}

/// Asks every target which it is. One that isn't the pinned one is left alone.
pub(super) fn greet(targets: &mut Targets, process: &dyn Process) -> Greetings {
    let mut greetings = Greetings::default();
    let jobs = targets.readers.iter_mut().map(|(target, reader)| (target.clone(), reader)).collect();
    for (target, answer) in side_by_side(process, jobs, |_, reader: &mut Box<dyn Reader>| reader.hello()) {
        let Answer { said, at, took } = answer;
        let said = said.map_err(|error| error.refusal()).and_then(|hello| match targets.pinned.get(&target) {
            Some(pinned) if *pinned != hello.identity => Err(another(&target, pinned, &hello.identity)),
            Some(_) | None => Ok(hello),
        });
        match said {
            Ok(said) => drop(greetings.hellos.insert(target, Answer { said, at, took })),
            Err(refusal) => drop(greetings.refused.insert(target, refusal)),
        }
    }
    greetings
}

fn another(target: &TargetId, pinned: &str, identity: &str) -> Refusal {
    Refusal::new(
        &codes::TARGET_IDENTITY,
        format!("`{target}` answers as `{identity}`, and `dualkey.yaml` pins `{pinned}`"),
        "see where its credentials lead; another target is another name in `dualkey.yaml`",
    )
}

/// What was seen of the targets.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Who holds what, at each target that answered.
    pub held: BTreeMap<TargetId, Vec<Live>>,
    /// Targets that didn't answer, and why.
    pub unread: BTreeMap<TargetId, Refusal>,
    /// Resources that couldn't be read at targets that answered, and why.
    pub unread_resources: BTreeMap<TargetId, BTreeMap<Resource, Refusal>>,
}

impl Seen {
    /// True where it is known who holds what on a resource.
    pub(super) fn shows(&self, target: &TargetId, kind: &'static Kind, resource: &str) -> bool {
        let unread = || {
            let resources = self.unread_resources.get(target)?;
            resources.get(&Resource { kind, name: resource.to_owned() })
        };
        self.held.contains_key(target) && unread().is_none()
    }

    /// True where everything that was looked at was seen.
    pub(super) fn is_whole(&self) -> bool {
        self.unread.is_empty() && self.unread_resources.is_empty()
    }

    /// Why not everything was seen.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.unread.values().chain(self.unread_resources.values().flat_map(BTreeMap::values))
    }
}

/// Reads what is held on the scopes. Of those who were refused nothing is asked.
pub(super) fn read(
    readers: &mut Readers,
    scopes: BTreeMap<TargetId, Scope>,
    refused: &BTreeMap<TargetId, Refusal>,
    process: &dyn Process,
) -> Seen {
    let mut seen = Seen::default();
    for target in scopes.keys() {
        let refusal = match (refused.get(target), readers.contains_key(target)) {
            (Some(refusal), _) => refusal.clone(),
            (None, true) => continue,
            (None, false) => not_connected(target),
        };
        seen.unread.insert(target.clone(), refusal);
    }
    let asked = readers.iter_mut().filter(|(target, _)| !seen.unread.contains_key(*target));
    let jobs = asked.filter_map(|(target, reader)| Some((target.clone(), (reader, scopes.get(target)?)))).collect();
    let ask = |_: &TargetId, (reader, scope): (&mut Box<dyn Reader>, &Scope)| reader.read(scope);
    for (target, answer) in side_by_side(process, jobs, ask) {
        match answer.said {
            Ok(reading) => {
                if !reading.unread.is_empty() {
                    let unread = reading.unread.into_iter().map(|(resource, error)| (resource, error.refusal()));
                    seen.unread_resources.insert(target.clone(), unread.collect());
                }
                seen.held.insert(target, reading.held);
            }
            Err(error) => drop(seen.unread.insert(target, error.refusal())),
        }
    }
    seen
}

fn not_connected(target: &TargetId) -> Refusal {
    Refusal::new(
        &codes::TARGET_NOT_CONNECTED,
        format!("`{target}` has to be read, but isn't connected"),
        "give its credentials; a target that was dropped is read until nothing is held there",
    )
}
