//! Who asks, and what of that which stands at the forge is theirs.

use serde::Deserialize;

use super::connection::Connection;
use crate::targets::TargetError;

/// The App as which workflows act by their own token, and its account. They are the same everywhere.
const ACTIONS: u64 = 15_368;
const ACTIONS_ACCOUNT: u64 = 41_898_282;

/// Who asks, by number: whoever writes under the same name is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person, by their token.
    Account(u64),
    App(u64),
}

/// What the forge tells of who wrote something.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Written {
    user: Option<Numbered>,
    performed_via_github_app: Option<Numbered>,
}

#[derive(Clone, Debug, Deserialize)]
struct Numbered {
    id: u64,
}

impl Author {
    /// Asks who the token belongs to. The token of an installation belongs to nobody; it says itself of which App it is, and
    /// one that doesn't is taken for a workflow's.
    ///
    /// # Errors
    ///
    /// What GitHub said.
    pub fn of(connection: &Connection) -> Result<Self, TargetError> {
        connection.see("ask whose the token is", async |api| {
            if api.is_app() {
                return Ok(Author::App(api.app().unwrap_or(ACTIONS)));
            }
            Ok(Author::Account(api.get_as::<Numbered>("/user").await?.id))
        })
    }

    /// True of what this author wrote.
    pub fn wrote(self, written: &Written) -> bool {
        let by = |number: u64, found: &Option<Numbered>| found.as_ref().is_some_and(|one| one.id == number);
        match self {
            Author::Account(id) => by(id, &written.user),
            Author::App(ACTIONS) => by(ACTIONS_ACCOUNT, &written.user),
            Author::App(app) => by(app, &written.performed_via_github_app),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_never_ones_own() {
        let read = |text: &str| serde_json::from_str::<Written>(text).unwrap();
        let ada = read(r#"{"user": {"login": "ada", "id": 7}}"#);
        let app = read(r#"{"user": {"id": 900, "login": "x[bot]"}, "performed_via_github_app": {"id": 7}}"#);
        let actions = read(r#"{"user": {"id": 41898282}, "performed_via_github_app": null}"#);
        let ghost = read(r#"{"user": null}"#);
        for (author, theirs) in [
            (Author::Account(7), [true, false, false, false]),
            (Author::App(7), [false, true, false, false]),
            (Author::App(ACTIONS), [false, false, true, false]),
            (Author::Account(900), [false, true, false, false]),
            (Author::Account(8), [false; 4]),
        ] {
            assert_eq!([&ada, &app, &actions, &ghost].map(|written| author.wrote(written)), theirs, "{author:?}");
        }
    }
}
