//! Looks at the targets, side by side: first which they are, then what is held there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::{Numbers, Process, Readers, codes};
use crate::access::{Kind, TargetId};
use crate::finding::Refusal;
use crate::targets::error::TARGET_IO;
use crate::targets::{Depth, Fact, Hello, Live, Members, Names, Numbered, Reader, Resource, Scope, TargetError};

/// How often it is said of a target that it still hasn't answered.
const EVERY: Duration = Duration::from_secs(10);

/// What a target said, when that came by our count of time, and how long it took.
pub(super) struct Answer<T> {
    pub said: T,
    pub at: Duration,
    pub took: Duration,
}

/// Asks targets something, each in a thread of its own, and tells how it goes. What they say before their answer is heard
/// by this thread. A target that the system has no thread for gives no answer.
pub(super) fn side_by_side<J: Send, E: Send, T: Send>(
    process: &dyn Process,
    jobs: Vec<(TargetId, J)>,
    ask: impl Fn(&TargetId, J, &dyn Fn(E)) -> T + Sync,
    mut hear: impl FnMut(&TargetId, E),
) -> BTreeMap<TargetId, Answer<T>> {
    let began = process.elapsed();
    let so_far = || process.elapsed().saturating_sub(began);
    let mut awaited: BTreeSet<TargetId> = jobs.iter().map(|(target, _)| target.clone()).collect();
    let mut answers = BTreeMap::new();
    let (threads, queue) = (jobs.len(), Mutex::new(VecDeque::from(jobs)));
    // who is free takes the next one, where there are fewer threads than targets
    let turns = |send: Sender<(TargetId, Said<E, T>)>| {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        while let Some((target, job)) = next() {
            let start = Instant::now();
            // who listens goes last, so that everything arrives
            let tell = |event| drop(send.send((target.clone(), Said::Meanwhile(event))));
            let answer = ask(&target, job, &tell);
            drop(send.send((target, Said::Answer(answer, start.elapsed()))));
        }
    };
    let turns = &turns;
    thread::scope(|scope| {
        let (send, receive) = channel();
        let start = |_| {
            let send = send.clone();
            Builder::new().spawn_scoped(scope, move || turns(send)).ok()
        };
        let running: Vec<_> = (0..threads).filter_map(start).collect();
        drop(send);
        loop {
            match receive.recv_timeout(EVERY) {
                Ok((target, Said::Meanwhile(event))) => hear(&target, event),
                Ok((target, Said::Answer(said, took))) => {
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

enum Said<E, T> {
    Meanwhile(E),
    /// With how long it took.
    Answer(T, Duration),
}

/// Nothing is said before the answer.
enum Nothing {}

/// As [`side_by_side`], where nothing is said before the answer.
fn answers<J: Send, T: Send>(
    process: &dyn Process,
    jobs: Vec<(TargetId, J)>,
    ask: impl Fn(J) -> T + Sync,
) -> BTreeMap<TargetId, Answer<T>> {
    side_by_side(process, jobs, |_, job, _: &dyn Fn(Nothing)| ask(job), |_, nothing| match nothing {})
}

/// What the targets said of themselves.
#[derive(Default)]
pub(super) struct Greetings {
    pub hellos: BTreeMap<TargetId, Answer<Hello>>,
    /// Targets that nothing else is asked of, and why.
    pub refused: BTreeMap<TargetId, Refusal>,
}

/// Asks every target which it is. One that isn't the pinned one is left alone, as is one that isn't connected.
pub(super) fn greet(readers: &mut Readers, process: &dyn Process) -> Greetings {
    let pins: BTreeMap<TargetId, String> = readers
        .iter()
        .filter_map(|(target, connected)| Some((target.clone(), connected.as_ref().ok()?.pinned.clone())))
        .collect();
    let mut greetings = Greetings::default();
    for (target, said) in greeted(readers, |connected| connected.reader.hello(), process) {
        let pinned = pins.get(&target).map_or("", String::as_str);
        let said = said.and_then(|answer| match answer.said.check(&target, pinned) {
            Ok(()) => Ok(answer),
            Err(error) => Err(error.refusal()),
        });
        match said {
            Ok(answer) => drop(greetings.hellos.insert(target, answer)),
            Err(refusal) => drop(greetings.refused.insert(target, refusal)),
        }
    }
    greetings
}

/// What targets say of themselves to a credential, whichever they are. What isn't connected says why.
pub(super) fn greeted<C: Send>(
    clients: &mut BTreeMap<TargetId, Result<C, Refusal>>,
    hello: impl Fn(&mut C) -> Result<Hello, TargetError> + Sync,
    process: &dyn Process,
) -> BTreeMap<TargetId, Result<Answer<Hello>, Refusal>> {
    let (mut said, mut jobs) = (BTreeMap::new(), Vec::new());
    for (target, client) in clients {
        match client {
            Ok(client) => {
                said.insert(target.clone(), Err(no_thread(target)));
                jobs.push((target.clone(), client));
            }
            Err(refusal) => drop(said.insert(target.clone(), Err(refusal.clone()))),
        }
    }
    for (target, Answer { said: hello, at, took }) in answers(process, jobs, hello) {
        let hello = hello.map_err(|error| error.refusal()).map(|said| Answer { said, at, took });
        said.insert(target, hello);
    }
    said
}

/// What was seen of the targets.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Who holds what, at each target that answered.
    pub held: BTreeMap<TargetId, Vec<Live>>,
    /// Who is in the groups that hold something.
    pub members: BTreeMap<TargetId, Members>,
    /// What the targets tell beside that, where it was asked for.
    pub facts: BTreeMap<TargetId, Vec<Fact>>,
    /// Targets that didn't answer, and why.
    pub unread: BTreeMap<TargetId, Refusal>,
    /// Resources that couldn't be read at targets that answered, and why.
    pub unread_resources: BTreeMap<TargetId, BTreeMap<Resource, Refusal>>,
    /// The numbers of what was read, where it has one.
    pub numbers: BTreeMap<(TargetId, Resource), Numbered>,
    /// What is held under other numbers by which a resource may have been known.
    pub elsewhere: BTreeMap<(TargetId, Resource), BTreeMap<u64, Vec<Live>>>,
    /// Whether accounts sign in with a second factor, where that was told.
    pub factors: BTreeMap<TargetId, BTreeMap<String, bool>>,
}

impl Seen {
    /// Takes in what was seen when some resources were looked at again.
    pub(super) fn update(&mut self, scopes: &BTreeMap<TargetId, Scope>, newer: Seen) {
        for (target, scope) in scopes {
            if let Some(held) = self.held.get_mut(target) {
                held.retain(|live| !scope.contains(live.kind, &live.resource));
            }
            if let Some(unread) = self.unread_resources.get_mut(target) {
                unread.retain(|resource, _| !scope.contains(resource.kind, &resource.name));
            }
        }
        self.unread_resources.retain(|_, resources| !resources.is_empty());
        for target in newer.unread.keys() {
            self.held.remove(target);
            self.members.remove(target);
            self.unread_resources.remove(target);
        }
        for (target, held) in newer.held {
            self.unread.remove(&target);
            let all = self.held.entry(target).or_default();
            all.extend(held);
            all.sort();
        }
        let is_older = |(target, resource): &(TargetId, Resource)| {
            scopes.get(target).is_none_or(|scope| !scope.contains(resource.kind, &resource.name))
        };
        self.numbers.retain(|name, _| is_older(name));
        self.elsewhere.retain(|name, _| is_older(name));
        self.numbers.extend(newer.numbers);
        self.elsewhere.extend(newer.elsewhere);
        for (target, factors) in newer.factors {
            self.factors.entry(target).or_default().extend(factors);
        }
        for (target, members) in newer.members {
            self.members.entry(target).or_default().extend(members);
        }
        for (target, resources) in newer.unread_resources {
            self.unread_resources.entry(target).or_default().extend(resources);
        }
        self.unread.extend(newer.unread);
    }

    /// Takes in what greetings tell.
    pub(super) fn told(&mut self, hellos: &BTreeMap<TargetId, Answer<Hello>>) {
        for (target, hello) in hellos {
            if let Some(fact) = hello.said.of_reader() {
                self.facts.entry(target.clone()).or_default().push(fact);
            }
        }
    }

    /// The number of what was read under each name.
    pub(super) fn numbered(&self) -> Numbers {
        self.numbers.iter().map(|(name, numbered)| (name.clone(), numbered.number)).collect()
    }

    /// Whether an account signs in with a second factor; None where nobody can tell.
    pub(super) fn factor(&self, target: &TargetId, account: &str) -> Option<bool> {
        self.factors.get(target)?.get(account).copied()
    }

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
    scopes: &BTreeMap<TargetId, Scope>,
    depth: Depth,
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
    let jobs = asked.filter_map(|(target, connected)| {
        Some((target.clone(), (&mut connected.as_mut().ok()?.reader, scopes.get(target)?)))
    });
    let jobs = jobs.collect();
    let ask = |(reader, scope): (&mut Box<dyn Reader>, &Scope)| reader.read(scope, depth);
    for (target, answer) in answers(process, jobs, ask) {
        match answer.said {
            Ok(reading) => {
                if !reading.unread.is_empty() {
                    let unread = reading.unread.into_iter().map(|(resource, error)| (resource, error.refusal()));
                    seen.unread_resources.insert(target.clone(), unread.collect());
                }
                let numbers = reading.numbers.into_iter();
                seen.numbers.extend(numbers.map(|(resource, number)| ((target.clone(), resource), number)));
                let elsewhere = reading.elsewhere.into_iter();
                seen.elsewhere.extend(elsewhere.map(|(resource, held)| ((target.clone(), resource), held)));
                seen.factors.insert(target.clone(), reading.factors);
                seen.members.insert(target.clone(), reading.members);
                seen.facts.insert(target.clone(), reading.facts);
                seen.held.insert(target, reading.held);
            }
            Err(error) => drop(seen.unread.insert(target, error.refusal())),
        }
    }
    for target in scopes.keys().filter(|target| !seen.held.contains_key(*target)) {
        seen.unread.entry(target.clone()).or_insert_with(|| no_thread(target));
    }
    seen
}

/// The names of each sort that was asked for; None where a target can't list them.
pub(super) type Listed = BTreeMap<Names, Option<BTreeSet<String>>>;

/// Asks targets for the names that exist there.
pub(super) fn names(
    readers: &mut Readers,
    wanted: &BTreeMap<TargetId, BTreeSet<Names>>,
    process: &dyn Process,
) -> BTreeMap<TargetId, Result<Listed, Refusal>> {
    let jobs = readers.iter_mut().filter_map(|(target, connected)| {
        Some((target.clone(), (&mut connected.as_mut().ok()?.reader, wanted.get(target)?)))
    });
    let ask = |(reader, wanted): (&mut Box<dyn Reader>, &BTreeSet<Names>)| {
        wanted.iter().map(|of| Ok((*of, reader.names(*of)?))).collect::<Result<Listed, TargetError>>()
    };
    let mut answers = answers(process, jobs.collect(), ask);
    let said = wanted.keys().map(|target| {
        let answer = answers.remove(target).map(|answer| answer.said.map_err(|error| error.refusal()));
        (target.clone(), answer.unwrap_or_else(|| Err(no_thread(target))))
    });
    said.collect()
}

fn no_thread(target: &TargetId) -> Refusal {
    Refusal::new(
        &TARGET_IO,
        format!("`{target}` was not asked: the system has no thread left"),
        "let the machine that runs this start more threads",
    )
}

pub(super) fn not_connected(target: &TargetId) -> Refusal {
    Refusal::new(
        &codes::TARGET_NOT_CONNECTED,
        format!("`{target}` has to be read, but isn't connected"),
        "give its credentials; a target that was dropped is read until nothing is held there",
    )
}
