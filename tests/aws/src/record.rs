//! What came in, for tests that ask how a client behaved.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A request and how it was answered. Secrets are not in it.
#[derive(Debug, Clone)]
pub struct Record {
    /// When it came, by the server's clock.
    pub at: Timestamp,
    /// The service, by the folder of its model in botocore; empty where it wasn't understood.
    pub service: &'static str,
    /// The operation; empty where it wasn't understood.
    pub operation: String,
    /// The id of the key that it says it was signed with.
    pub key: Option<String>,
    /// The region that it was signed for.
    pub region: Option<String>,
    /// What was sent.
    pub input: Value,
    /// What was answered; nothing where the connection was closed.
    pub status: Option<u16>,
    /// The name of the error that was answered.
    pub error: Option<String>,
    /// What went wrong on purpose.
    pub fault: Option<crate::Fault>,
}

/// How the names of operations begin that change nothing.
const READS: [&str; 4] = ["List", "Describe", "Get", "Is"];

impl Record {
    /// Whether it could change something.
    pub fn is_write(&self) -> bool {
        !self.operation.is_empty() && !READS.iter().any(|start| self.operation.starts_with(start))
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

    /// Requests for an operation.
    pub fn of(&self, operation: &str) -> impl Iterator<Item = &Record> {
        self.0.iter().filter(move |record| record.operation == operation)
    }

    /// The most requests to Identity Center within a second, by the server's clock.
    pub fn most_in_a_second(&self) -> usize {
        let counted = |record: &&Record| ["sso-admin", "identitystore"].contains(&record.service);
        let times: Vec<Timestamp> = self.0.iter().filter(counted).map(|record| record.at).collect();
        let second = SignedDuration::from_secs(1);
        let within = |(n, at): (usize, &Timestamp)| times[n..].iter().filter(|other| **other < *at + second).count();
        times.iter().enumerate().map(within).max().unwrap_or(0)
    }

    /// Requests that came more than once in the same words.
    pub fn repeated(&self) -> Vec<&Record> {
        let same = |a: &Record, b: &Record| a.operation == b.operation && a.input == b.input && a.key == b.key;
        let again = |(at, record): &(usize, &Record)| self.0[..*at].iter().any(|before| same(before, record));
        self.0.iter().enumerate().filter(again).map(|(_, record)| record).collect()
    }
}
