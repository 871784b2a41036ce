//! The digest of a change: what an approval binds. Same meaning, same digest; other meaning, other digest.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::facts::Effect;
use super::{EntitlementChange, JudgeChange, ResourceChange, WordChange};
use crate::access::{Conditions, Config, Intervals, OrganizationId, PersonId, TargetId};

const DIGEST_VERSION: u32 = 1;

/// What a change means, as one number that an approval names. Nothing but a change that was understood has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Serialize)]
struct Content<'a> {
    digest_version: u32,
    organization: &'a OrganizationId,
    targets: BTreeMap<&'a TargetId, &'a str>,
    changes: Vec<Change<'a>>,
    judges: &'a [JudgeChange],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    words: &'a [WordChange],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<&'a ResourceChange>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    effects: &'a [Effect],
}

#[derive(Serialize)]
struct Change<'a> {
    person: &'a PersonId,
    principal: &'a str,
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    conditions: &'a Conditions,
    before: Vec<[Option<String>; 2]>,
    after: Vec<[Option<String>; 2]>,
}

/// `sha256:` and the digest, in hexadecimal, of RFC 8785 JSON. Revisions, paths, names, reasons, findings and the clock
/// are not in it.
pub fn of(
    config: &Config,
    changes: &[EntitlementChange],
    judges: &[JudgeChange],
    words: &[WordChange],
    resources: &[ResourceChange],
    effects: &[Effect],
) -> Digest {
    let content = Content {
        digest_version: DIGEST_VERSION,
        organization: &config.organization,
        targets: config.targets.values().map(|target| (&target.id, target.pinned.as_str())).collect(),
        changes: changes
            .iter()
            .map(|change| Change {
                person: &change.key.person,
                principal: &change.key.principal,
                target: &change.key.target,
                kind: change.key.kind.name,
                resource: &change.key.resource,
                permission: &change.key.permission,
                conditions: &change.key.conditions,
                before: instants(&change.before),
                after: instants(&change.after),
            })
            .collect(),
        judges,
        words,
        // what comes or goes is seen in the files; what moves has two sides that agree to it
        resources: resources.iter().filter(|change| change.is_move()).collect(),
        effects,
    };
    // texts, lists and one small number always have a canonical form
    let canonical = serde_json_canonicalizer::to_vec(&content).unwrap_or_default();
    Digest(format!("sha256:{}", crate::hex::encode(&Sha256::digest(canonical))))
}

/// Pairs of instants in UTC; none where there is no start or no end.
pub fn instants(intervals: &Intervals) -> Vec<[Option<String>; 2]> {
    let text = |at: Timestamp, none: Timestamp| (at != none).then(|| at.to_string());
    intervals
        .iter()
        .map(|interval| [text(interval.from(), Timestamp::MIN), text(interval.until(), Timestamp::MAX)])
        .collect()
}
