//! How many requests there may be.

use jiff::Timestamp;

/// The limits. All are as AWS documents them until a test changes them; no limit where there is nothing.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests in a second over all of Identity Center: `sso-admin` and `identitystore`. As many may come at once.
    pub per_second: Option<u32>,
    /// Assignments that are being made or deleted at once.
    pub outstanding: Option<usize>,
    /// Items on a page if the request doesn't say how many. Organizations has 20 at most.
    pub page: usize,
    /// Bytes of an inline policy.
    pub inline_bytes: usize,
    /// Characters of an inline policy without white space.
    pub inline_characters: usize,
    /// Characters of a service control policy.
    pub control_characters: usize,
    pub(crate) bucket: Bucket,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            per_second: Some(20),
            outstanding: Some(10),
            page: 50,
            inline_bytes: 32_768,
            inline_characters: 10_240,
            control_characters: 5_120,
            bucket: Bucket::default(),
        }
    }
}

/// What is left, in billionths of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket(Option<(Timestamp, i128)>);

impl Limits {
    /// Whether one more request may come now.
    pub(crate) fn admit(&mut self, now: Timestamp) -> bool {
        let Some(rate) = self.per_second else { return true };
        let most = i128::from(rate) * 1_000_000_000;
        let (since, left) = self.bucket.0.unwrap_or((now, most));
        let passed = now.duration_since(since).as_nanos().max(0);
        let left = (left + passed * i128::from(rate)).min(most);
        let admitted = left >= 1_000_000_000;
        self.bucket.0 = Some((now, if admitted { left - 1_000_000_000 } else { left }));
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use jiff::SignedDuration;

    #[test]
    fn twenty_at_once_and_then_one_every_fifty_milliseconds() {
        let mut limits = Limits::default();
        let start: jiff::Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        assert_eq!((0..30).filter(|_| limits.admit(start)).count(), 20);
        assert!(!limits.admit(start + SignedDuration::from_millis(49)));
        assert!(limits.admit(start + SignedDuration::from_millis(50)));
        assert!(!limits.admit(start + SignedDuration::from_millis(50)));
        limits.per_second = None;
        assert!(limits.admit(start + SignedDuration::from_millis(50)));
    }
}
