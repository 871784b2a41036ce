//! How much somebody may do on a repository, and the words that each side of the API has for it.

use super::World;

/// How much somebody may do on a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Manage issues.
    Triage,
    /// Push.
    Write,
    /// Manage what isn't dangerous.
    Maintain,
    /// Everything.
    Admin,
}

impl Level {
    const ALL: [Level; 6] = [Level::None, Level::Read, Level::Triage, Level::Write, Level::Maintain, Level::Admin];

    /// As answers and invitations say it.
    pub fn word(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Read => "read",
            Level::Triage => "triage",
            Level::Write => "write",
            Level::Maintain => "maintain",
            Level::Admin => "admin",
        }
    }

    /// As requests say it, and old fields of answers.
    pub fn request_word(self) -> &'static str {
        match self {
            Level::Read => "pull",
            Level::Write => "push",
            other => other.word(),
        }
    }

    /// As an answer says it that knows no more than four levels.
    pub fn coarse(self) -> Level {
        match self {
            Level::Triage => Level::Read,
            Level::Maintain => Level::Write,
            other => other,
        }
    }

    /// As GraphQL says it.
    pub fn upper(self) -> String {
        self.word().to_uppercase()
    }

    pub(crate) fn from_word(word: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.word() == word)
    }

    pub(crate) fn from_request(word: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| *level != Level::None && level.request_word() == word)
    }
}

/// A role on a repository, which may be one that the organisation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name: `read`, `triage`, `write`, `maintain`, `admin`, or the organisation's.
    pub name: String,
    /// How much it is.
    pub level: Level,
}

impl From<Level> for Role {
    fn from(level: Level) -> Role {
        Role { name: level.word().to_owned(), level }
    }
}

impl World {
    /// The role that a request means: one of its words, or the name of a role of the organisation.
    pub(crate) fn requested_role(&self, word: &str) -> Option<Role> {
        if let Some(level) = Level::from_request(word) {
            return Some(level.into());
        }
        let custom = self.organization().custom_roles.values().find(|role| role.name.eq_ignore_ascii_case(word))?;
        Some(Role { name: custom.name.clone(), level: custom.base })
    }

    /// The role that a test means: `read` to `admin`, or the name of a role of the organisation.
    pub(crate) fn meant_role(&self, word: &str) -> Role {
        let known = Level::from_word(word).filter(|level| *level != Level::None).map(Role::from);
        known.or_else(|| self.requested_role(word)).unwrap_or_else(|| panic!("there is no role `{word}`"))
    }
}
