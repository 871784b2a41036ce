//! The line by which dualkey knows its own comments and issues again. It shows nothing, and proves nothing: whoever may
//! write can write it, so the author counts too.

use std::fmt;

/// What a comment or an issue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The plan of a pull request.
    Plan {
        digest: String,
        /// How many approvals of it counted then.
        approvals: usize,
    },
    /// What came of one that landed.
    Applied {
        digest: String,
        /// True where a later run has something left to do of it.
        open: bool,
    },
    /// Why one that landed isn't applied.
    Refused,
    /// A plan in whose place another one came.
    Outdated,
    /// What differs live from what was approved.
    Drift,
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Marker::Plan { digest, approvals } => {
                write!(f, "<!-- dualkey:plan digest={digest} approvals={approvals} -->")
            }
            Marker::Applied { digest, open: false } => write!(f, "<!-- dualkey:applied digest={digest} -->"),
            Marker::Applied { digest, open: true } => write!(f, "<!-- dualkey:applied digest={digest} left=some -->"),
            Marker::Refused => f.write_str("<!-- dualkey:refused -->"),
            Marker::Outdated => f.write_str("<!-- dualkey:outdated -->"),
            Marker::Drift => f.write_str("<!-- dualkey:drift -->"),
        }
    }
}

impl Marker {
    /// The marker that a text begins with. What stands further below may be data.
    pub fn of(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim();
        let inner = line.strip_prefix("<!-- dualkey:")?.strip_suffix(" -->")?;
        let mut words = inner.split(' ');
        let kind = words.next()?;
        let fields: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
        let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        match kind {
            "plan" => {
                Some(Marker::Plan { digest: field("digest")?.to_owned(), approvals: field("approvals")?.parse().ok()? })
            }
            "applied" => Some(Marker::Applied { digest: field("digest")?.to_owned(), open: field("left").is_some() }),
            "refused" => Some(Marker::Refused),
            "outdated" => Some(Marker::Outdated),
            "drift" => Some(Marker::Drift),
            _ => None,
        }
    }

    /// True of a comment that tells of a pull request as it is now.
    pub fn is_current(&self) -> bool {
        matches!(self, Marker::Plan { .. } | Marker::Applied { .. } | Marker::Refused)
    }

    /// True of a comment that tells of a landing of which nothing is left to do.
    pub fn is_settled(&self) -> bool {
        matches!(self, Marker::Applied { open: false, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written_and_only_at_the_top() {
        let digest = || format!("sha256:{}", "a".repeat(64));
        for marker in [
            Marker::Plan { digest: digest(), approvals: 2 },
            Marker::Applied { digest: digest(), open: false },
            Marker::Applied { digest: digest(), open: true },
            Marker::Refused,
            Marker::Outdated,
            Marker::Drift,
        ] {
            assert_eq!(Marker::of(&format!("{marker}\r\n### Ready\n")), Some(marker.clone()));
            assert_eq!(Marker::of(&format!("### Ready\n{marker}\n")), None);
        }
        for odd in ["", "<!-- dualkey:plan -->", "<!-- dualkey:plan digest=x approvals=many -->", "<!-- dualkey:x -->"]
        {
            assert_eq!(Marker::of(odd), None, "{odd}");
        }
    }
}
