//! What a process costs.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How often each command runs.
const RUNS: usize = 5;

/// What a process used.
#[derive(Clone, Copy)]
pub struct Cost {
    cpu: Duration,
    wall: Duration,
    /// In bytes.
    peak: u64,
}

/// The cheapest of several runs in each respect.
pub fn cost(mut command: Command) -> Outcome<Cost> {
    let mut best: Option<Cost> = None;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..RUNS {
        let start = Instant::now();
        let used = command.spawn()?.wait4()?;
        let wall = start.elapsed();
        if !used.status.success() {
            return Err(format!("{command:?} ended with {}", used.status).into());
        }
        let (cpu, peak) = (used.rusage.utime + used.rusage.stime, used.rusage.maxrss);
        best = Some(best.map_or(Cost { cpu, wall, peak }, |best| Cost {
            cpu: best.cpu.min(cpu),
            wall: best.wall.min(wall),
            peak: best.peak.min(peak),
        }));
    }
    best.ok_or_else(|| "nothing ran".into())
}

/// Prints a line of the table.
pub fn row(work: &str, cost: Cost, bare: Cost) {
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    let peak = cost.peak as f64 / f64::from(1 << 20);
    println!(
        "| {work} | {:.3} | {:.3} | {peak:.0} | {:.1} |",
        cost.cpu.as_secs_f64(),
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64() / bare.cpu.as_secs_f64()
    );
}

/// Runs git in a folder.
pub fn git(repo: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("git");
    command.current_dir(repo).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let status = command.args(arguments).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("git {arguments:?} ended with {status}").into()) }
}
