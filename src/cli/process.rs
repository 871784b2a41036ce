//! The process as a run meets it: signals, waiting, and how far it is.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rand_core::{OsRng, RngCore};
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::output;
use crate::access::TargetId;
use crate::apply;
use crate::targets::retry::Waits;

/// How often a wait looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(100);

/// A target that answers sooner needs no word.
const LONG: Duration = Duration::from_secs(2);

/// What a shell makes of a program that a signal ended: this and the signal's number.
const ENDED_BY: i32 = 128;

/// This process while a run is under way. The first signal asks the run to stop, the second ends it at once.
#[derive(Debug)]
pub struct Process {
    began: Instant,
    slept: RefCell<Slept>,
    stop: Arc<AtomicBool>,
    /// True once what was asked for has been done, and what goes on goes on all the same.
    heard: Arc<AtomicBool>,
    registered: Vec<SigId>,
    meter: RefCell<Meter>,
}

/// From here on a limit on the size of files is an error of the write that meets it, and one on the time of the processor
/// ends nothing before the limit that nobody can outlive: what is over can end all the same.
pub fn outlive_limits() {
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGXFSZ, signal_hook::consts::SIGXCPU] {
        // where it can't be watched, it ends the process, as without us
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
}

impl Process {
    /// From here on signals ask the run to stop, until this is dropped. The limit on the time of the processor asks again each
    /// second, and never twice.
    pub fn watched() -> Self {
        let mut process = Process::unwatched();
        let (stop, registered) = (&process.stop, &mut process.registered);
        for signal in [SIGINT, SIGTERM] {
            // in this order: the first signal finds nothing set and sets it
            let second = signal_hook::flag::register_conditional_shutdown(signal, ENDED_BY + signal, Arc::clone(stop));
            let first = signal_hook::flag::register(signal, Arc::clone(stop));
            // where a signal can't be watched, it ends the process, as without us
            registered.extend([second, first].into_iter().flatten());
        }
        #[cfg(unix)]
        registered.extend(signal_hook::flag::register(signal_hook::consts::SIGXCPU, Arc::clone(stop)));
        process
    }

    /// A signal ends it, as without us.
    pub fn unwatched() -> Self {
        Process {
            began: Instant::now(),
            slept: RefCell::new(Slept::from(Instant::now(), wall_clock())),
            stop: Arc::default(),
            heard: Arc::default(),
            registered: Vec::new(),
            meter: RefCell::new(Meter::new(output::is_watched())),
        }
    }

    /// For clients, which wait in threads of their own.
    pub fn patience(&self) -> Arc<dyn Waits> {
        Arc::new(Patience(self.asked()))
    }

    fn asked(&self) -> Asked {
        Asked { stop: Arc::clone(&self.stop), heard: Arc::clone(&self.heard) }
    }

    /// Set once a signal asks to stop, for whoever can't ask here.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// True where a signal asked to stop. What comes after that is stopped no more, but by one signal more, at once.
    pub fn hear(&self) -> bool {
        let asked = apply::Process::is_asked_to_stop(self);
        self.heard.fetch_or(asked, Ordering::Relaxed);
        asked
    }

    /// Leaves the terminal to what is printed next.
    pub fn end_progress(&self) {
        output::error(self.meter.borrow_mut().end());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_progress();
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

impl apply::Process for Process {
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn elapsed_at_most(&self) -> Duration {
        self.slept.borrow_mut().look(Instant::now(), wall_clock())
    }

    fn waits(&self, what: &str) {
        output::error(&format!("{what}\n"));
    }

    fn asks(&self, target: &TargetId, for_so_long: Duration, answered: bool) {
        let seconds = for_so_long.as_secs();
        match answered {
            true if for_so_long < LONG => {}
            true => output::error(&format!("{target} answered after {seconds} s\n")),
            false => output::error(&format!("{target} hasn't answered for {seconds} s\n")),
        }
    }

    fn sleep(&self, how_long: Duration) {
        sleep(how_long, &self.asked());
    }

    fn is_asked_to_stop(&self) -> bool {
        self.asked().to_stop()
    }

    fn progress(&self, done: usize, of: usize) {
        if let Some(text) = self.meter.borrow_mut().say(done, of, self.began.elapsed()) {
            output::error(&text);
        }
    }
}

/// What signals asked for, and what of it came too late.
struct Asked {
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
}

impl Asked {
    fn to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) && !self.heard.load(Ordering::Relaxed)
    }
}

/// How clients wait, until somebody asks to stop.
#[cfg(feature = "github")]
pub fn patience(stop: Arc<AtomicBool>) -> Arc<dyn Waits> {
    Arc::new(Patience(Asked { stop, heard: Arc::default() }))
}

/// How clients wait before they try again.
struct Patience(Asked);

impl Waits for Patience {
    fn wait(&self, at_least: Duration, at_most: Duration, what_for: &str) -> bool {
        let pause = at_least + random_part(at_most.saturating_sub(at_least));
        output::error(&format!("{what_for}; trying again in {:.1} s\n", pause.as_secs_f64()));
        self.pause(pause)
    }

    fn pause(&self, how_long: Duration) -> bool {
        sleep(how_long, &self.0);
        !self.0.to_stop()
    }
}

fn random_part(of: Duration) -> Duration {
    let nanoseconds = u64::try_from(of.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(OsRng.next_u64() % nanoseconds.saturating_add(1).max(1))
}

/// Sleeps so long; shorter once a signal asks to stop.
fn sleep(how_long: Duration, asked: &Asked) {
    let began = Instant::now();
    while !asked.to_stop() {
        let left = how_long.saturating_sub(began.elapsed());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(GLANCE));
    }
}

/// The time that passed by whichever clock moved more: one stands still while the machine sleeps, the other may be set.
#[derive(Debug)]
struct Slept {
    at: (Instant, SystemTime),
    passed: Duration,
}

impl Slept {
    fn from(instant: Instant, clock: SystemTime) -> Self {
        Slept { at: (instant, clock), passed: Duration::ZERO }
    }

    fn look(&mut self, instant: Instant, clock: SystemTime) -> Duration {
        let counted = instant.saturating_duration_since(self.at.0);
        // a clock that was set back tells nothing
        let told = clock.duration_since(self.at.1).unwrap_or_default();
        self.at = (instant, clock);
        self.passed += counted.max(told);
        self.passed
    }
}

#[expect(clippy::disallowed_methods, reason = "it is only compared with itself, and decides nothing but when to look")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// A run of fewer operations is over before anybody wonders.
const SHORT: usize = 20;

/// Where nobody watches, a line stands for so many operations or so much time, whichever is sooner.
const EACH: usize = 100;
const EVERY: Duration = Duration::from_secs(10);

/// Cells of the bar.
const CELLS: usize = 30;

/// What is said of a run's progress, and when.
#[derive(Debug)]
struct Meter {
    terminal: bool,
    /// How many were done, and when, as it was last said.
    said: Option<(usize, Duration)>,
    drawn: bool,
}

impl Meter {
    fn new(terminal: bool) -> Self {
        Meter { terminal, said: None, drawn: false }
    }

    fn say(&mut self, done: usize, of: usize, at: Duration) -> Option<String> {
        if of < SHORT {
            return None;
        }
        if self.terminal {
            self.drawn = true;
            let full = (done * CELLS).checked_div(of).unwrap_or(0).min(CELLS);
            let (filled, empty) = ("#".repeat(full), "-".repeat(CELLS - full));
            return Some(format!("\r\x1b[K[{filled}{empty}] {done} of {of}"));
        }
        let Some((before, since)) = self.said else {
            // the first line comes when there is something to tell
            self.said = Some((done, at));
            return None;
        };
        let due = done.saturating_sub(before) >= EACH || at.saturating_sub(since) >= EVERY;
        due.then(|| {
            self.said = Some((done, at));
            format!("{done} of {of} operations\n")
        })
    }

    /// What leaves the terminal as it was.
    fn end(&mut self) -> &'static str {
        if std::mem::take(&mut self.drawn) { "\r\x1b[K" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_short_run_says_nothing() {
        for terminal in [false, true] {
            let mut meter = Meter::new(terminal);
            assert!((0..SHORT).all(|done| meter.say(done, SHORT - 1, seconds(60)).is_none()));
            assert_eq!(meter.end(), "");
        }
    }

    #[test]
    fn a_terminal_shows_a_bar_that_goes_away() {
        let mut meter = Meter::new(true);
        let half = meter.say(15, 30, seconds(1)).unwrap();
        assert_eq!(half, "\r\u{1b}[K[###############---------------] 15 of 30");
        assert!(meter.say(31, 30, seconds(1)).unwrap().contains("##] 31 of 30"), "a repeated call");
        assert_eq!((meter.end(), meter.end()), ("\r\u{1b}[K", ""));
    }

    #[test]
    fn elsewhere_a_line_comes_each_hundred_operations_or_ten_seconds() {
        let mut meter = Meter::new(false);
        let mut told = Vec::new();
        for done in 0..250 {
            told.extend(meter.say(done, 250, seconds(0)));
        }
        assert_eq!(told, ["100 of 250 operations\n", "200 of 250 operations\n"]);
        assert_eq!(meter.say(250, 300, seconds(9)), None);
        assert_eq!(meter.say(251, 300, seconds(10)).as_deref(), Some("251 of 300 operations\n"));
        assert_eq!(meter.end(), "");
    }

    #[test]
    fn what_a_machine_slept_is_counted_whatever_its_clock_does() {
        let (instant, clock) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut slept = Slept::from(instant, clock);
        assert_eq!(slept.look(instant + seconds(5), clock + seconds(5)), seconds(5));
        assert_eq!(slept.look(instant + seconds(6), clock + seconds(3606)), seconds(3606), "it slept");
        assert_eq!(slept.look(instant + seconds(16), clock), seconds(3616), "the clock was set back");
        assert_eq!(slept.look(instant + seconds(17), clock + seconds(1)), seconds(3617));
    }

    #[test]
    fn a_wait_ends_when_the_run_is_asked_to_stop() {
        let process = Process::watched();
        assert!(!apply::Process::is_asked_to_stop(&process));
        process.stop.store(true, Ordering::Relaxed);
        // an hour otherwise
        apply::Process::sleep(&process, seconds(3600));
        assert!(!process.patience().wait(seconds(3600), seconds(3600), "busy"));
        assert!(process.hear() && !apply::Process::is_asked_to_stop(&process), "what was heard stops nothing more");
        assert!(process.patience().wait(seconds(0), seconds(0), "busy"));
    }
}
