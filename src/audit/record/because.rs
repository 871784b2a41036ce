//! What operations in the log come from: as data, and in words where an older version wrote it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::operations;

/// What an operation comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Because {
    Reason(operations::Because),
    /// As older versions wrote it.
    Sentence(String),
}

impl Because {
    /// True where something ended by itself.
    pub fn is_end(&self) -> bool {
        match self {
            Because::Reason(reason) => {
                matches!(reason, operations::Because::End { .. } | operations::Because::Ended { .. })
            }
            Because::Sentence(text) => text.starts_with("end:"),
        }
    }

    /// True where it speaks of a grant.
    pub fn names(&self, grant: &str) -> bool {
        match self {
            Because::Reason(reason) => reason.grant().is_some_and(|one| one.as_str() == grant),
            Because::Sentence(text) => text.split([' ', ',', '`']).any(|word| word == grant),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Reason(reason) => fmt::Display::fmt(reason, f),
            Because::Sentence(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::GrantId;

    #[test]
    fn reasons_are_data_and_old_sentences_stay_what_they_are() {
        let grant = GrantId::parse("payments-alice").unwrap();
        let end = Because::Reason(operations::Because::End { grant, on: "2026-11-20".to_owned() });
        let text = serde_json::to_string(&end).unwrap();
        assert_eq!(text, r#"{"reason":"end","grant":"payments-alice","on":"2026-11-20"}"#);
        let sentence = Because::Sentence(end.to_string());
        for one in [end, sentence] {
            let text = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<Because>(&text).unwrap(), one);
            assert!(one.is_end() && one.names("payments-alice") && !one.names("payments"), "{one}");
            assert_eq!(one.to_string(), "end: grant payments-alice ended 2026-11-20");
        }
        let added = Because::Reason(operations::Because::DriftAdded {});
        assert_eq!(serde_json::to_string(&added).unwrap(), r#"{"reason":"drift-added"}"#);
        for odd in [
            r#"{"reason":"drift-added","grant":"x"}"#,
            r#"{"reason":"because"}"#,
            r#"{"reason":"start","grant":"X Y"}"#,
        ] {
            assert!(serde_json::from_str::<Because>(odd).is_err(), "{odd}");
        }
    }
}
