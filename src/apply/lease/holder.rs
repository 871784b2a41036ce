//! Which process holds a lease, and whether it still lives.

use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};

/// The process that holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    pub host: String,
    pub pid: u32,
    pub run: String,
    /// The boot and the space of process numbers that `pid` belongs to: hosts of the same name are not the same host.
    /// Empty where the system doesn't tell.
    pub machine: String,
    /// When the process started, as the system counts; another process that got its number started later.
    pub started: u64,
}

impl Holder {
    /// This process, as the holder of a lease for a run.
    pub fn this_process(run: impl Into<String>) -> Self {
        let pid = std::process::id();
        let host = text("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_owned());
        let machine = text("/proc/sys/kernel/random/boot_id")
            .zip(fs::read_link("/proc/self/ns/pid").ok())
            .map(|(boot, space)| format!("{boot} {}", space.display()));
        Holder { host, pid, run: run.into(), machine: machine.unwrap_or_default(), started: started(pid).unwrap_or(0) }
    }

    /// True where it is known that the process is gone: it ran on the machine that `me` runs on.
    pub(super) fn is_dead(&self, me: &Holder) -> bool {
        let same_machine = !self.machine.is_empty() && self.machine == me.machine && self.host == me.host;
        // where the first process can't be seen, others are hidden too, and not seeing one means nothing
        same_machine && started(1).is_some() && started(self.pid) != Some(self.started)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on `{}` (run `{}`)", self.pid, self.host.escape_debug(), self.run.escape_debug())
    }
}

fn text(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The 22nd field of a process's `stat`; the second may hold anything, but ends at the last bracket.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}
