//! Measures what a run costs that may only take away, while somebody with push rights wants access to last.
//!
//! ```text
//! cargo bench --bench ends                10,000 grants
//! cargo bench --bench ends -- 1000        as many as named
//! ```
//!
//! Each case is one of those by which the tests hold the promise that ends happen, with as many grants more. Half of these
//! are over after the twentieth day; what is left is checked as in the tests.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and may fail as loudly as a test"
)]

#[path = "../adversary/mod.rs"]
mod adversary;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use adversary::{Company, LOG_KEY, Ran, Runner, instant, play_all, seeds};
use wait4::Wait4 as _;

/// How many cases there are where nobody asks for more (`DUALKEY_LARGE_ADVERSARIES=50`), or for one (`DUALKEY_SEED=7`).
const CASES: u64 = 5;

/// Whoever works in the repository that holds branch, approvals and log.
struct Here {
    case: u64,
    home: PathBuf,
    anchor: String,
}

impl Runner for Here {
    fn home(&self) -> &Path {
        &self.home
    }

    fn applies(&self, only_ends: bool, key: bool, day: i64) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dualkey"));
        command.current_dir(&self.home).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.env("DUALKEY_ANCHOR", &self.anchor).args(["apply", "--now", &instant(day)]);
        if only_ends {
            command.arg("--only-ends");
        }
        if key {
            command.env("DUALKEY_LOG_KEY", LOG_KEY);
        }
        let start = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut out, mut errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reads_errors = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        });
        let mut words = String::new();
        out.read_to_string(&mut words).unwrap();
        words.push_str(&reads_errors.join().unwrap());
        let used = child.wait4().unwrap();
        let (cpu, peak) = (used.rusage.utime + used.rusage.stime, used.rusage.maxrss >> 20);
        if only_ends {
            let (cpu, wall) = (cpu.as_secs_f64(), start.elapsed().as_secs_f64());
            println!("| {} | {day} | {cpu:.2} | {wall:.2} | {peak} |", self.case);
        }
        let code = used.status.code().and_then(|code| u8::try_from(code).ok());
        Ran { code: code.unwrap_or_else(|| panic!("it ended with {}:\n{words}", used.status)), words }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let grants: usize = arguments.first().map_or(10_000, |text| text.parse().unwrap());
    println!("only ends, {grants} grants more\n\n| Case | Day | CPU s | wall s | peak MiB |\n|---|---|---|---|---|");
    for case in seeds("DUALKEY_LARGE_ADVERSARIES", CASES) {
        play_all(&[case], grants, |company: &Company| Here {
            case,
            home: company.dir().to_owned(),
            anchor: company.anchor(),
        });
    }
}
