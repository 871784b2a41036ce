//! What one person says of one head.

use jiff::Timestamp;

use crate::access::PersonId;

/// What a person said of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub person: PersonId,
    pub says: Says,
    pub way: Way,
    /// The instant that the statement names: shown, and never trusted but for the order of what one person says.
    pub at: String,
    /// What a withdrawal takes back: what the person had said of the head last. None where that isn't here any more.
    pub took_back: Option<Says>,
    /// Who had a request for changes dismissed. It is lifted only where that is nobody who has a part in the change.
    pub lifted_by: Option<PersonId>,
}

impl Opinion {
    /// True where this is the person's word, and not another one that the same person signed about the same head: it was
    /// signed later. Where the instants don't tell, what speaks against the head is the word. So nobody ends a withdrawal, or
    /// an approval given after one, by bringing back what the person said before.
    pub(super) fn replaces(&self, other: &Opinion) -> bool {
        self.order() > other.order()
    }

    fn order(&self) -> (Timestamp, Says) {
        let unreadable = if self.says == Says::Approve { Timestamp::MIN } else { Timestamp::MAX };
        (self.at.parse().unwrap_or(unreadable), self.says)
    }
}

/// How somebody said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By a statement that the person's own key signed.
    Signature,
    /// By a review of a pull request, as the forge tells.
    Review,
}

/// What a person says of a head. The later ones weigh more, where several are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    Approve,
    /// Takes an approval back.
    Withdraw,
    /// It shall not land as it is.
    RequestChanges,
}

/// An approval that counted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CountedApproval {
    pub person: String,
    /// As the statement says; never trusted.
    pub at: String,
}

impl CountedApproval {
    pub(in crate::approval) fn all(opinions: &[Opinion]) -> Vec<Self> {
        opinions
            .iter()
            .map(|opinion| CountedApproval { person: opinion.person.to_string(), at: opinion.at.clone() })
            .collect()
    }
}
