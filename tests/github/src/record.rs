//! What came in, for tests that ask how a client behaved.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A request and how it was answered. Secrets are not in it.
#[derive(Debug, Clone)]
pub struct Record {
    /// When it came, by the server's clock.
    pub at: Timestamp,
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The operation as it is described, or the name of the query.
    pub operation: Option<String>,
    /// Who called: `fine-grained:LOGIN`, `installation:NUMBER`, `app:NUMBER`; nobody where that wasn't known.
    pub caller: Option<String>,
    /// What was sent.
    pub body: Option<Value>,
    /// What was answered; nothing where the connection was closed.
    pub status: Option<u16>,
    /// What it cost of the hour.
    pub points: u32,
    /// Nodes that a query asked for.
    pub nodes: u64,
    /// What went wrong on purpose.
    pub fault: Option<crate::Fault>,
}

impl Record {
    /// Whether it could change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.target.ends_with("/graphql") && !self.target.contains("/access_tokens")
    }
}

/// All requests, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Log(pub Vec<Record>);

impl Log {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Requests that could change something.
    pub fn writes(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().filter(|record| record.is_write())
    }

    /// The shortest time between two writes.
    pub fn shortest_pause(&self) -> Option<SignedDuration> {
        let times: Vec<Timestamp> = self.writes().map(|record| record.at).collect();
        times.windows(2).map(|pair| pair[1].duration_since(pair[0])).min()
    }

    /// Requests that came more than once in the same words.
    pub fn repeated(&self) -> Vec<&Record> {
        let same = |a: &Record, b: &Record| a.method == b.method && a.target == b.target && a.body == b.body;
        let again = |(at, record): (usize, &&Record)| self.0[..at].iter().any(|before| same(before, record));
        let all: Vec<&Record> = self.0.iter().collect();
        all.iter().enumerate().filter(|(at, record)| again((*at, record))).map(|(_, record)| *record).collect()
    }
}
