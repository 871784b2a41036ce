//! What a forge tells of the settings of the access repository, as plain data.

/// What was asked for, or why nobody knows.
pub type Read<T> = Result<T, Unread>;

/// Something that the forge didn't tell. It is never taken for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What was asked, as "see who may bypass the ruleset `main`".
    pub what: String,
    pub why: String,
    /// The permission that it takes, as the forge names it.
    pub needs: Option<String>,
}

/// What is asked of the repository itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people look at the forge, as `https://github.com`.
    pub web: String,
    /// OWNER/NAME as it is called now.
    pub name: String,
    pub private: bool,
    /// What its organisation has paid for; None where the forge doesn't say so.
    pub plan: Option<String>,
    /// The App as which workflows run, where its number is known.
    pub actions_app: Option<u64>,
    /// How the protected branch is guarded.
    pub branch: Guard,
    /// How the log's branch is guarded; None where the log is on no branch.
    pub log: Option<Guard>,
    /// Keys that open this repository alone.
    pub keys: Read<Vec<DeployKey>>,
    pub actions: Read<Actions>,
    pub environments: Read<Vec<Environment>>,
    /// None where the forge has no such setting.
    pub subject: Read<Option<Subject>>,
    pub token: Token,
}

impl Settings {
    /// The address of one of the repository's pages of settings.
    pub(super) fn page(&self, of: &str) -> String {
        format!("{}/{}/settings/{of}", self.web, self.name)
    }
}

/// A branch and what guards it.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Its name without `refs/heads/`.
    pub branch: String,
    /// Rulesets that name the branch, and how it is protected in the older way.
    pub sources: Read<Vec<Source>>,
}

/// A ruleset, or the older way to protect one branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As "the ruleset `main`".
    pub name: String,
    /// False where what it says is only looked at, or nothing at all.
    pub is_enforced: bool,
    pub rules: Vec<Hold>,
    /// Who needn't keep it.
    pub bypass: Read<Vec<Bypass>>,
}

/// One rule for a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It changes by pull requests only.
    PullRequest {
        approvals: u64,
        /// Approvals of what was there before a push don't count.
        dismisses_stale: bool,
    },
    /// Checks must have passed, each by the App with that number where one is named.
    Checks(Vec<(String, Option<u64>)>),
    /// Nobody pushes it anew.
    NoForce,
    /// Nobody deletes it.
    NoDeletion,
    /// Nobody moves it.
    NoUpdate,
}

/// Who needn't keep rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bypass {
    /// The keys that may push to the repository.
    DeployKeys,
    /// An App.
    App(u64),
    /// People, in the words of the forge: a role, a team, an account.
    People(String),
}

/// A key that opens one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployKey {
    pub title: String,
    pub may_push: bool,
}

/// What workflows may do without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actions {
    pub may_write: bool,
    pub may_approve: bool,
}

/// Where jobs get the secrets that change access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: String,
    pub branches: Branches,
    /// True where each run waits for somebody, or for a time.
    pub waits: bool,
}

/// From which branches an environment can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branches {
    All,
    /// Those that are protected in the older way, which rulesets don't do.
    Protected,
    /// Those that the patterns name, tags as `tag NAME`.
    Named(Read<Vec<String>>),
}

/// What the subject of a workflow's identity is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// True where owner and repository stand in it by number.
    pub is_immutable: bool,
    /// The claims that it names; None where it is the usual one.
    pub claims: Option<Vec<String>>,
}

/// What is known of the token that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Scopes, which only classic tokens have.
    pub scopes: Option<Vec<String>>,
    /// True where it was told what only somebody is told who may change rules.
    pub administers: bool,
}
