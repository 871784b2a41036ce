//! What several answers have in common.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

/// An account, as it is called now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(in super::super) struct Who {
    #[serde(rename = "databaseId", alias = "id")]
    pub id: u64,
    pub login: String,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.login, self.id)
    }
}

/// Somebody who was given a role on a repository themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Direct {
    pub who: Who,
    /// One of the five words, or the name of a role that the organisation made.
    pub role: String,
}

/// An instant, as answers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct At(pub Timestamp);

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(At).map_err(de::Error::custom)
    }
}
