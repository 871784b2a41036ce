//! What a user reads who is refused: real histories, the commands, and every word that they print.
//!
//! The transcript stands in `tests/refusals.txt`. `DUALKEY_BLESS=1 cargo test --test cli refusals` writes it anew: read
//! it then as the person who was refused.

mod approvals;
mod landings;
mod logs;
pub mod runs;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dualkey::targets::{connect, credential, error};

use crate::support::{At, Ran, World};

const TRANSCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/refusals.txt");
/// What a forge says is played to the decision itself, beside it in the library.
const FORGE: &str = "What a forge would say";
const ROOMS: [(&str, &[Story]); 5] = [
    ("Approvals", approvals::STORIES),
    ("Landings", landings::STORIES),
    ("Runs", runs::STORIES),
    ("Logs", logs::STORIES),
    ("Targets", targets::STORIES),
];

/// A title, the codes that answer, and how it happens.
type Story = (&'static str, &'static [&'static str], fn(&mut Scene));

/// Codes without a story here, each with the reason.
const NOT_TOLD: &[(&str, &str)] = &[
    ("approver-unproven", "whoever has no key signs nothing; plans and `verify --head` name it as a reason"),
    ("landing-ratified", "it takes a pull request on top of a refused landing; evidence/repair.rs has one"),
    ("api-host-not-allowed", "it takes a forge; evidence/partial.rs names another"),
    ("forge-not-told", "it is a warning; workflows/story.rs gives a token that may not tell"),
    ("forge-token-missing", "it takes a forge; evidence/landed.rs asks without a token"),
    ("pull-request-missing", "it takes a forge; forge/comment.rs plans a head that has none"),
    ("clock-skew", "it speaks of seconds on two clocks; only_ends.rs sets one of them wrong"),
    ("revocation-overdue", "it takes a day without a run; only_ends.rs lets one pass"),
    ("run-interrupted", "it takes a signal at the right moment; survival.rs sends one"),
    (
        "log-discontinuous",
        "only who holds the log's key can write such a log; the walk along recorded landings refuses it",
    ),
    ("log-covered", "only a run that may take away nothing but what is over looks below; ends/logs.rs covers a log"),
    ("log-copy-damaged", "it refuses nothing; log.rs damages the copy that a clone keeps"),
    ("copy-not-kept", "it refuses nothing; ends/runner.rs locks the refs of the copy"),
    ("statements-not-pruned", "it refuses nothing; pruning.rs has a remote that lets nothing be deleted"),
    ("clone-damaged", "it takes a clone that a power cut damaged; ends/damaged.rs has one"),
    ("judging-too-dear", "it takes a history that unfolds to millions of entries; ends/bombs.rs pushes one"),
    ("log-entry-invalid", "only who holds the log's key can write such an entry; audit/tests.rs reads one"),
    ("record-unproven", "only who holds the log's key can write such a record; attacks/log_key.rs plays that"),
    ("first-run", "it takes a target that held something before dualkey came; github/guards.rs has one"),
    ("mfa-missing", "an embedded target tells of no second factors; github/guards.rs has one that does"),
    ("own-identity", "an embedded target runs as nobody; apply/tests.rs has one that does"),
    (
        "live-read-incomplete",
        "an embedded target is read whole or not at all; apply/tests/faults.rs has one that isn't",
    ),
    (
        "target-conflict",
        "nobody else writes an embedded target's file without its lock; postgres/tests has two writers",
    ),
    ("target-corrupt", "it names a file of the machine that it happens on; survey.rs damages one"),
    ("target-io", "it takes a disk that fails; sandbox/tests.rs has a file that can't be read"),
    ("target-locked", "it is waited for; retry_tests.rs counts how often"),
    ("target-not-built", "it takes a program without the feature; survey.rs has the story for a build of that kind"),
    ("target-quota", "it takes a target that counts invitations; github/bad_input.rs sends 50 of them"),
    ("target-refused", "what reaches an embedded target is well formed; contract.rs sends it what isn't"),
    ("target-stopped", "it is said of calls that were not tried; contract.rs stops a batch anywhere"),
    ("target-throttled", "it is waited for; faulty.rs has a target that asks for patience"),
    ("target-unreachable", "an embedded target is always there; postgres/bad_input.rs has a server that isn't"),
    ("target-unsettled", "an embedded target settles at once; apply/tests/faults.rs has one that doesn't"),
    ("post-apply-drift", "an embedded target does what it says; apply/tests/faults.rs has one that doesn't"),
    ("target-not-connected", "a run connects whatever it has to read; apply/look.rs says it of what is forgotten"),
];

/// What was run in a story, and what came of it.
#[derive(Default)]
pub struct Scene {
    text: String,
}

impl Scene {
    /// Runs a command at the world's time.
    #[track_caller]
    pub fn run(&mut self, world: &World, args: &[&str], exit: i32) {
        self.show(&args.join(" "), world.timed(args), exit);
    }

    #[track_caller]
    pub fn run_at(&mut self, at: &At<'_>, args: &[&str], exit: i32) {
        self.show(&args.join(" "), at.timed(args), exit);
    }

    /// A person's `approve --head HEAD`, with more options.
    #[track_caller]
    pub fn approve(&mut self, world: &World, head: &str, more: &[&str], person: &str, exit: i32) {
        let args = [&["--head", head], more].concat();
        self.show(&format!("approve {} --key {person}", args.join(" ")), world.approve_with(&args, person), exit);
    }

    #[track_caller]
    pub fn show(&mut self, command: &str, ran: Ran, exit: i32) {
        let ran = ran.exits(exit);
        let blank = if self.text.is_empty() { "" } else { "\n" };
        self.text.push_str(&format!("{blank}$ dualkey {command}    # exit {exit}\n"));
        if exit == 0 {
            // what goes well is told elsewhere, but for what it leaves to do
            let left = ran.stdout.lines().filter(|line| line.starts_with("still missing"));
            self.text.extend(left.flat_map(|line| [line, "\n"]));
        } else {
            self.text.push_str(&ran.stdout);
            // how far a run has come is told by the time it takes
            let told = ran.stderr.split_inclusive('\n').filter(|line| !line.ends_with(" operations\n"));
            self.text.extend(told);
        }
    }
}

/// Makes a transcript the same in every run: ids and keys are others each time, and as long as what stands for them.
fn redacted(text: &str) -> String {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut told = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let before = told.chars().last().filter(char::is_ascii_alphanumeric);
        let run = rest.find(|c: char| !c.is_ascii_hexdigit() || c.is_ascii_uppercase()).unwrap_or(rest.len());
        let base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/' || c == '=';
        let length = match run {
            10 | 40 if before.is_none() && !rest[run..].starts_with(|c: char| c.is_ascii_alphanumeric()) => {
                let next = known.len() + 1;
                let number = *known.entry(rest[..10].to_owned()).or_insert(next);
                told.push_str(&format!("commit-{number:03}"));
                told.push_str(&"~".repeat(run - 10));
                run
            }
            64 if before.is_none() => {
                told.push_str(&"0".repeat(64));
                run
            }
            // the log's key id, in an anchor or in the key itself
            8 if before.is_none() && (told.ends_with(['+', ':']) || told.ends_with("key `")) => {
                told.push_str("01234567");
                run
            }
            _ if told.ends_with("SHA256:") || told.ends_with("+01234567+") => {
                let length = rest.find(|c| !base64(c)).unwrap_or(rest.len());
                told.push_str(&"K".repeat(length));
                length
            }
            _ => {
                told.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    told
}

fn told((title, codes, play): &Story) -> String {
    let mut scene = Scene::default();
    play(&mut scene);
    for code in *codes {
        assert!(scene.text.contains(code), "{title}: `{code}` is not in:\n{}", scene.text);
    }
    format!("\n## {title}\n{}", redacted(&scene.text))
}

/// All stories, a few at a time.
fn all_told(stories: &[Story]) -> String {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((number, story)) =
                    Some(next.fetch_add(1, Ordering::SeqCst)).and_then(|number| Some((number, stories.get(number)?)))
                {
                    // one that fails says why, and the others are still told
                    let text = std::panic::catch_unwind(|| told(story)).map_err(|_| story.0);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, text);
                }
            });
        }
    });
    let (told, failed): (Vec<_>, Vec<_>) = done.into_inner().unwrap().into_values().partition(Result::is_ok);
    assert!(failed.is_empty(), "{failed:?}");
    told.into_iter().flatten().collect()
}

/// Where a room's part of the transcript starts and ends.
fn part(file: &str, room: &str) -> std::ops::Range<usize> {
    let heading = format!("#### {room}\n");
    let start = file.find(&heading).expect("the heading of the room") + heading.len();
    start..file[start..].find("#### ").map_or(file.len(), |next| start + next)
}

fn reads_as_written_down(room: &str) {
    static FILE: Mutex<()> = Mutex::new(());
    let (_, stories) = ROOMS.iter().find(|(name, _)| *name == room).unwrap();
    let told = format!("{}\n", all_told(stories));
    let _one_at_a_time = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = std::fs::read_to_string(TRANSCRIPT).unwrap();
    let part = part(&file, room);
    if std::env::var_os("DUALKEY_BLESS").is_some() {
        file.replace_range(part, &told);
        std::fs::write(TRANSCRIPT, file).unwrap();
    } else {
        let change = similar::TextDiff::from_lines(&file[part], &told).unified_diff().context_radius(3).to_string();
        assert!(
            change.is_empty(),
            "the texts changed: read them, then DUALKEY_BLESS=1 cargo test --test cli refusals\n{change}"
        );
    }
}

#[test]
fn approvals_are_refused_as_written_down() {
    reads_as_written_down("Approvals");
}

#[test]
fn landings_are_refused_as_written_down() {
    reads_as_written_down("Landings");
}

#[test]
fn runs_are_refused_as_written_down() {
    reads_as_written_down("Runs");
}

#[test]
fn logs_are_refused_as_written_down() {
    reads_as_written_down("Logs");
}

#[test]
fn targets_are_refused_as_written_down() {
    reads_as_written_down("Targets");
}

#[test]
fn every_code_has_its_story() {
    let stories = ROOMS.iter().flat_map(|(_, stories)| *stories);
    let told: BTreeSet<&str> = stories.flat_map(|(_, codes, _)| codes.iter().copied()).collect();
    let excused: BTreeSet<&str> = NOT_TOLD.iter().map(|(code, _)| *code).collect();
    let file = std::fs::read_to_string(TRANSCRIPT).unwrap();
    let forge = &file[part(&file, FORGE)];
    let rooms = [
        dualkey::approval::codes::CODES,
        dualkey::apply::codes::CODES,
        dualkey::audit::codes::CODES,
        &dualkey::forge::CODES,
    ];
    let targets = [&connect::CODES[..], &credential::CODES, &error::CODES];
    let all = [&rooms[..], &targets].concat().concat();
    for code in &all {
        let here = told.contains(code.id) || forge.contains(code.id);
        assert_ne!(here, excused.contains(code.id), "`{}` needs a story, or a reason why it has none", code.id);
    }
    let known: BTreeSet<&str> = all.iter().map(|code| code.id).collect();
    assert!(excused.is_subset(&known) && told.is_subset(&known), "{:?}", told.difference(&known));
}
