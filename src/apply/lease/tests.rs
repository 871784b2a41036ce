use std::cell::RefCell;
use std::path::PathBuf;

use super::*;
use crate::access::TargetId;
use crate::repository::testing::Sandbox;

/// When the tests' runs are asked to stop.
const ASKED_AT: Duration = Duration::from_hours(24);

/// A clock that only moves when somebody waits, and what was said meanwhile.
#[derive(Debug, Default)]
struct Steps(Cell<Duration>, RefCell<Vec<String>>);

impl Process for Steps {
    fn elapsed(&self) -> Duration {
        self.0.get()
    }

    fn elapsed_at_most(&self) -> Duration {
        self.elapsed()
    }

    fn asks(&self, _: &TargetId, _: Duration, _: bool) {}

    fn waits(&self, what: &str) {
        self.1.borrow_mut().push(what.to_owned());
    }

    fn sleep(&self, how_long: Duration) {
        self.0.set(self.0.get() + how_long);
    }

    fn is_asked_to_stop(&self) -> bool {
        self.0.get() >= ASKED_AT
    }

    fn progress(&self, _: usize, _: usize) {}
}

struct World {
    sandbox: Sandbox,
    clones: Vec<PathBuf>,
}

/// A bare remote, and two clones that reach it by its address.
fn world() -> World {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("a", "1")]);
    let bare = sandbox.beside("remote.git");
    sandbox.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    let url = format!("file://{}", bare.display());
    sandbox.git(&["push", "--quiet", &url, "main"]);
    let clones = ["one", "two"].map(|name| {
        let path = sandbox.beside(name);
        sandbox.git(&["clone", "--quiet", &url, path.to_str().unwrap()]);
        path
    });
    World { sandbox, clones: clones.into() }
}

fn elsewhere(run: &str) -> Holder {
    Holder { host: "other".to_owned(), pid: 7, run: run.to_owned(), machine: String::new(), started: 1 }
}

fn terms(holder: Holder, wait: u64) -> Terms {
    Terms {
        reference: REFERENCE.to_owned(),
        holder,
        length: LENGTH,
        wait: Duration::from_secs(wait),
        now: Timestamp::UNIX_EPOCH,
    }
}

fn code(result: Result<Lease<'_, Steps>, LeaseError>) -> &'static str {
    result.unwrap_err().refusal().code.id
}

#[test]
fn one_run_at_a_time_and_the_number_grows() {
    let world = world();
    let [a, b] = [0, 1].map(|i| Repository::open(&world.clones[i]).unwrap());
    let [ra, rb] = [&a, &b].map(|repository| StateRefs::open(repository, None, "main").unwrap());
    let clock = Steps::default();
    let first = Lease::take(&a, &ra, terms(elsewhere("a"), 0), &clock).unwrap();
    assert_eq!(first.number(), 1);
    first.check().unwrap();
    let LeaseError::Refused(refusal) = Lease::take(&b, &rb, terms(elsewhere("b"), 0), &clock).unwrap_err() else {
        panic!("the remote answers");
    };
    assert_eq!(refusal.to_string(), "lock-held: lease 1 is held by process 7 on `other` (run `a`)");
    first.release().unwrap();
    let second = Lease::take(&b, &rb, terms(elsewhere("b"), 0), &clock).unwrap();
    assert_eq!(second.number(), 2);
    assert!(world.sandbox.git_in(&world.clones[0], &["ls-remote", "origin"], b"").contains(REFERENCE));
}

#[test]
fn an_abandoned_lease_is_taken_after_its_length_and_its_holder_notices() {
    let world = world();
    let [a, b] = [0, 1].map(|i| Repository::open(&world.clones[i]).unwrap());
    let [ra, rb] = [&a, &b].map(|repository| StateRefs::open(repository, None, "main").unwrap());
    let (sleeper, clock) = (Steps::default(), Steps::default());
    let first = Lease::take(&a, &ra, terms(elsewhere("a"), 0), &sleeper).unwrap();
    assert_eq!(code(Lease::take(&b, &rb, terms(elsewhere("b"), 300), &clock)), "lock-held");
    let before = clock.elapsed();
    let second = Lease::take(&b, &rb, terms(elsewhere("b"), 3600), &clock).unwrap();
    assert!(clock.elapsed() - before >= LENGTH, "watched for its whole length");
    assert_eq!(second.number(), 2);
    // who slept so long looks before it writes
    sleeper.sleep(LENGTH);
    for _ in 0..2 {
        let lost = first.check().unwrap_err().to_string();
        assert_eq!(lost, "lease-lost: lease 1 was taken over by process 7 on `other` (run `b`)");
    }
    second.check().unwrap();
    assert_eq!(first.release().unwrap_err().code.id, "lease-lost");
    second.check().unwrap();
}

/// A clock whose waits are somebody else's time, too.
struct Beside<'a, F: Fn()> {
    clock: &'a Steps,
    meanwhile: F,
}

impl<F: Fn()> Process for Beside<'_, F> {
    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn elapsed_at_most(&self) -> Duration {
        self.clock.elapsed()
    }

    fn asks(&self, _: &TargetId, _: Duration, _: bool) {}

    fn waits(&self, what: &str) {
        self.clock.waits(what);
    }

    fn sleep(&self, how_long: Duration) {
        self.clock.sleep(how_long);
        (self.meanwhile)();
    }

    fn is_asked_to_stop(&self) -> bool {
        false
    }

    fn progress(&self, _: usize, _: usize) {}
}

#[test]
fn a_run_longer_than_its_lease_keeps_it() {
    let world = world();
    let [a, b] = [0, 1].map(|i| Repository::open(&world.clones[i]).unwrap());
    let [ra, rb] = [&a, &b].map(|repository| StateRefs::open(repository, None, "main").unwrap());
    let (own, clock) = (Steps::default(), Steps::default());
    let short = Terms { length: Duration::from_secs(20), ..terms(elsewhere("a"), 0) };
    let first = Lease::take(&a, &ra, short, &own).unwrap();
    // somebody watches all the time, three times as long as the lease
    let meanwhile = || {
        own.sleep(PAUSE);
        first.check().unwrap();
    };
    let watcher = Beside { clock: &clock, meanwhile };
    let taken = Lease::take(&b, &rb, terms(elsewhere("b"), 60), &watcher);
    let refused = taken.err().expect("it is renewed").refusal();
    assert_eq!(refused.to_string(), "lock-held: lease 1 is held by process 7 on `other` (run `a`)");
    first.check().unwrap();
}

#[test]
fn nobody_looks_at_the_remote_before_somebody_else_could_have_taken_over() {
    let world = world();
    let repository = Repository::open(&world.clones[0]).unwrap();
    let refs = StateRefs::open(&repository, None, "main").unwrap();
    let clock = Steps::default();
    let lease = Lease::take(&repository, &refs, terms(elsewhere("a"), 0), &clock).unwrap();
    std::fs::rename(world.sandbox.beside("remote.git"), world.sandbox.beside("gone.git")).unwrap();
    clock.sleep(LENGTH / 3);
    lease.check().unwrap();
    clock.sleep(PAUSE);
    assert_eq!(lease.check().unwrap_err().code.id, "lease-lost");
}

#[test]
fn a_lease_that_says_it_lasts_for_ever_is_believed_for_ten_minutes() {
    let world = world();
    let [a, b] = [0, 1].map(|i| Repository::open(&world.clones[i]).unwrap());
    let [ra, rb] = [&a, &b].map(|repository| StateRefs::open(repository, None, "main").unwrap());
    let clock = Steps::default();
    let ever = Terms { length: Duration::from_secs(1_000_000_000_000_000_000), ..terms(elsewhere("a"), 0) };
    Lease::take(&a, &ra, ever, &clock).unwrap();
    assert_eq!(code(Lease::take(&b, &rb, terms(elsewhere("b"), 500), &clock)), "lock-held");
    assert_eq!(Lease::take(&b, &rb, terms(elsewhere("b"), TAKEOVER.as_secs()), &clock).unwrap().number(), 2);
    let held = "lease 1 is held by process 7 on `other` (run `a`)";
    let said = ["giving up in 9 min", "taking it over in 10 min"];
    assert_eq!(*clock.1.borrow(), said.map(|then| format!("{held}; {then} if it stays unchanged")));
}

#[test]
fn a_dead_process_of_this_machine_holds_nothing() {
    let world = world();
    let repository = Repository::open(&world.clones[0]).unwrap();
    let refs = StateRefs::open(&repository, None, "main").unwrap();
    let clock = Steps::default();
    let me = Holder::this_process("me");
    if me.machine.is_empty() {
        return; // a system that doesn't tell
    }
    let mut dead = std::process::Command::new("true").spawn().unwrap();
    let pid = dead.id();
    dead.wait().unwrap();
    let alive = Lease::take(&repository, &refs, terms(me.clone(), 0), &clock).unwrap();
    assert_eq!(code(Lease::take(&repository, &refs, terms(me.clone(), 0), &clock)), "lock-held");
    alive.release().unwrap();
    let gone = Holder { pid, started: 1, ..me.clone() };
    let other = Holder { machine: "another boot".to_owned(), ..gone.clone() };
    let reused = Holder { started: me.started + 1, ..me.clone() };
    for (holder, is_dead) in [(gone, true), (other, false), (reused, true)] {
        assert_eq!(holder.is_dead(&me), is_dead, "{holder:?}");
    }
    Lease::take(&repository, &refs, terms(Holder { pid, started: 1, ..me.clone() }, 0), &clock).unwrap();
    assert_eq!(Lease::take(&repository, &refs, terms(me, 0), &clock).unwrap().number(), 3);
}

#[test]
fn of_many_that_race_one_holds_the_lease() {
    let world = world();
    let held = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for path in &world.clones {
            let held = &held;
            scope.spawn(move || {
                let repository = Repository::open(path).unwrap();
                let refs = StateRefs::open(&repository, None, "main").unwrap();
                let clock = Steps::default();
                for _ in 0..3 {
                    let Ok(lease) = Lease::take(&repository, &refs, terms(elsewhere("x"), 0), &clock) else { continue };
                    assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    lease.check().unwrap();
                    held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    lease.release().unwrap();
                }
            });
        }
    });
}

#[test]
fn what_is_no_lease_is_not_taken_for_none() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(&[("lease.json", "{}")]);
    sandbox.git(&["update-ref", REFERENCE, &commit.to_string()]);
    let repository = sandbox.open();
    let refs = StateRefs::open(&repository, None, "main").unwrap();
    let clock = Steps::default();
    assert_eq!(code(Lease::take(&repository, &refs, terms(elsewhere("a"), 0), &clock)), "lock-held");
    assert!(Lease::take(&repository, &refs, terms(elsewhere("a"), 3600), &clock).is_ok());
}
