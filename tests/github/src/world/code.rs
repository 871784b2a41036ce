//! What is kept of the work in a repository: branches, pull requests, reviews, issues, checks.

use super::{Commit, Id, Oid, Rule, Ruleset, Stack};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How a branch came to move, as the activity calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// Somebody pushed what stands on what was there.
    Push,
    /// Somebody pushed something else.
    ForcePush,
    /// The branch was made.
    Creation,
    /// The branch was deleted.
    Deletion,
    /// A pull request was merged into it.
    PullMerge,
    /// The merge queue merged into it.
    QueueMerge,
}

impl Movement {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Movement::Push => "push",
            Movement::ForcePush => "force_push",
            Movement::Creation => "branch_creation",
            Movement::Deletion => "branch_deletion",
            Movement::PullMerge => "pr_merge",
            Movement::QueueMerge => "merge_queue_merge",
        }
    }
}

/// A movement of a branch.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Its number.
    pub id: Id,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// Where it was.
    pub before: Oid,
    /// Where it is then.
    pub after: Oid,
    /// When.
    pub at: Timestamp,
    /// How.
    pub movement: Movement,
    /// Who.
    pub actor: Id,
}

/// How a pull request is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By a commit with two parents.
    Merge,
    /// By one commit with everything.
    Squash,
    /// By its commits made anew.
    Rebase,
}

impl Method {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Method::Merge => "merge",
            Method::Squash => "squash",
            Method::Rebase => "rebase",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Method> {
        [Method::Merge, Method::Squash, Method::Rebase].into_iter().find(|method| method.word() == word)
    }
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// Neither.
    Commented,
    /// It said one of the first two, and that was taken back.
    Dismissed,
    /// Nothing yet: only its author sees it.
    Pending,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Approved => "APPROVED",
            Verdict::ChangesRequested => "CHANGES_REQUESTED",
            Verdict::Commented => "COMMENTED",
            Verdict::Dismissed => "DISMISSED",
            Verdict::Pending => "PENDING",
        }
    }
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its number.
    pub id: Id,
    /// Whose it is.
    pub author: Id,
    /// What it says.
    pub verdict: Verdict,
    /// Its text.
    pub body: String,
    /// The head that it is shown at. GitHub moves it.
    pub commit: Oid,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was given.
    pub submitted: Option<Timestamp>,
    /// When something about it changed last.
    pub updated: Timestamp,
    /// When its text was changed last.
    pub edited: Option<Timestamp>,
}

/// Something that happened to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its head was pushed anew, from one commit to another.
    HeadForcePushed(Oid, Oid),
    /// The branch of its head was deleted.
    HeadDeleted(String),
    /// The branch of its head was restored.
    HeadRestored,
    /// Somebody let it go to another branch: from, to.
    BaseChanged(String, String),
    /// The branch that it goes to was pushed anew, from one commit to another.
    BaseForcePushed(Oid, Oid),
    /// The branch that it goes to was deleted.
    BaseDeleted(String),
    /// GitHub let it go to another branch, since its own was merged and deleted: from, to.
    BaseFollowed(String, String),
    /// GitHub couldn't do that: from, to.
    BaseNotFollowed(String, String),
    /// What a review said was taken back: which, what it was, and why.
    ReviewDismissed(Id, Verdict, Option<String>),
    /// It was closed, also by being merged.
    Closed,
    /// It was opened again.
    Reopened,
    /// It was merged: the commit, and the branch.
    Merged(Oid, String),
    /// It was put into the merge queue.
    Queued,
    /// It was taken out of the merge queue: why, and the commit that waited.
    Unqueued(String, Oid),
    /// It was told to merge itself once it may.
    AutoMergeEnabled,
    /// That was taken back, and why.
    AutoMergeDisabled(String),
    /// It was made a draft.
    Drafted,
    /// It was made ready.
    Readied,
}

/// An event with when it happened, and by whom.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Its number.
    pub id: Id,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Id,
    /// What.
    pub event: Event,
}

/// How a pull request was merged.
#[derive(Debug, Clone)]
pub struct Merged {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Id,
    /// The commit that GitHub names as the merge.
    pub commit: Oid,
    /// Commits that came to the base with it.
    pub made: Vec<Oid>,
    /// Commits that the pull request had, what is below first.
    pub commits: Vec<Oid>,
}

/// A pull request that merges itself once it may.
#[derive(Debug, Clone)]
pub struct AutoMerge {
    /// Since when.
    pub at: Timestamp,
    /// Who wants it.
    pub by: Id,
    /// How.
    pub method: Method,
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Its number everywhere.
    pub id: Id,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Who opened it.
    pub author: Id,
    /// When.
    pub created: Timestamp,
    /// When something about it changed last.
    pub updated: Timestamp,
    /// When it was closed, also by being merged.
    pub closed: Option<Timestamp>,
    /// It isn't ready.
    pub draft: bool,
    /// The branch that it goes to.
    pub base: String,
    /// Where that was when GitHub looked last.
    pub base_oid: Oid,
    /// The repository that it comes from.
    pub head_repository: Id,
    /// The branch that it comes from.
    pub head: String,
    /// Where that was when GitHub looked last.
    pub head_oid: Oid,
    /// How it was merged.
    pub merged: Option<Merged>,
    /// It merges itself once it may.
    pub auto_merge: Option<AutoMerge>,
    /// Reviews in the order of their beginning.
    pub reviews: Vec<Review>,
    /// What happened to it, in order.
    pub timeline: Vec<Happening>,
    /// Who moved the head last.
    pub(crate) pushed_by: Id,
    /// The head was pushed anew while the pull request was closed.
    pub(crate) lost_head: bool,
}

impl PullRequest {
    /// Whether it is neither closed nor merged.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// A pull request that waits in a merge queue.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Which.
    pub number: u64,
    /// Since when.
    pub at: Timestamp,
    /// Who put it there.
    pub by: Id,
    /// What it is built on: the base, or the entry before.
    pub base: Oid,
    /// What the base becomes with it.
    pub head: Oid,
    /// Its number.
    pub id: Id,
}

/// A comment on an issue or a pull request.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Its number.
    pub id: Id,
    /// What it is about.
    pub number: u64,
    /// Whose it is.
    pub author: Id,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// An issue.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Its number in the repository.
    pub number: u64,
    /// Its number everywhere.
    pub id: Id,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub body: Option<String>,
    /// Who opened it.
    pub author: Id,
    /// What it is marked with.
    pub labels: BTreeSet<String>,
    /// When it was opened.
    pub created: Timestamp,
    /// When something about it changed last.
    pub updated: Timestamp,
    /// When it was closed, by whom, and why.
    pub closed: Option<(Timestamp, Id, String)>,
}

/// A remark of a check about lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// The first line.
    pub start: u64,
    /// The last line.
    pub end: u64,
    /// Columns, where it is about one line.
    pub columns: Option<(u64, u64)>,
    /// `notice`, `warning` or `failure`.
    pub level: String,
    /// What it says.
    pub message: String,
    /// What it is called.
    pub title: Option<String>,
}

/// A check of a commit.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// Its number.
    pub id: Id,
    /// The App that runs it.
    pub app: Id,
    /// What it is called.
    pub name: String,
    /// The commit.
    pub head: Oid,
    /// What the App calls it.
    pub external_id: Option<String>,
    /// Where more is told.
    pub details_url: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    pub conclusion: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// What it found, in a line.
    pub title: Option<String>,
    /// What it found, in short.
    pub summary: Option<String>,
    /// What it found, in full.
    pub text: Option<String>,
    /// Remarks, as many as were ever sent.
    pub annotations: Vec<Annotation>,
}

/// The older way to guard one branch.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// What holds for the branch.
    pub rules: Vec<Rule>,
    /// It holds for administrators too.
    pub enforce_admins: bool,
    /// Nobody moves the branch.
    pub locked: bool,
    /// It may be pushed anew.
    pub force_pushes: bool,
    /// It may be deleted.
    pub deletions: bool,
}

/// An environment that workflows deploy to.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its number.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Accounts that must let a run pass; one of them suffices.
    pub reviewers: Vec<Id>,
    /// Whoever started a run can't let it pass.
    pub prevent_self_review: bool,
    /// Only branches that are protected may deploy.
    pub protected_branches: bool,
    /// Only branches that fit one of these patterns may deploy, each with its number; None where that isn't asked.
    pub branches: Option<Vec<(Id, String)>>,
    /// When it was made.
    pub created: Timestamp,
}

/// Switches of a repository.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Ways to merge that are offered.
    pub methods: Vec<Method>,
    /// A branch that was merged is deleted.
    pub delete_branch_on_merge: bool,
    /// What the token of a workflow may do without asking: `read` or `write`.
    pub workflow_permissions: String,
    /// Workflows may approve pull requests.
    pub workflows_approve: bool,
    /// Claims that the subject of a workflow's identity is made of; the usual ones, if none are named.
    pub subject_claims: Option<Vec<String>>,
    /// The subject names owner and repository by number.
    pub immutable_subject: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            methods: vec![Method::Merge, Method::Squash, Method::Rebase],
            delete_branch_on_merge: false,
            workflow_permissions: "read".to_owned(),
            workflows_approve: false,
            subject_claims: None,
            immutable_subject: true,
        }
    }
}

/// The work in a repository.
#[derive(Debug, Clone, Default)]
pub struct Code {
    /// Branches, and where they are.
    pub branches: BTreeMap<String, Oid>,
    /// Movements of branches, in order.
    pub activities: Vec<Activity>,
    /// Pull requests.
    pub pulls: BTreeMap<u64, PullRequest>,
    /// Pull requests that wait, by the branch that they go to, in order.
    pub queues: BTreeMap<String, Vec<Queued>>,
    /// Pull requests that stand on one another.
    pub stacks: Vec<Stack>,
    /// Issues.
    pub issues: BTreeMap<u64, Issue>,
    /// Comments.
    pub comments: BTreeMap<Id, Comment>,
    /// Checks.
    pub checks: BTreeMap<Id, CheckRun>,
    /// Events that workflows were told by hand: their types and payloads.
    pub dispatches: Vec<(String, serde_json::Value)>,
    /// Rules for branches.
    pub rulesets: BTreeMap<Id, Ruleset>,
    /// The older way, by branch.
    pub protections: BTreeMap<String, Protection>,
    /// Environments.
    pub environments: Vec<Environment>,
    /// Switches.
    pub settings: Settings,
    /// The last number that an issue or a pull request got.
    pub(crate) numbers: u64,
}

impl Code {
    /// A number for the next issue or pull request: they share them.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The queue's entry of a pull request.
    pub(crate) fn queued(&self, number: u64) -> Option<(usize, &Queued)> {
        self.queues.values().find_map(|queue| queue.iter().enumerate().find(|(_, entry)| entry.number == number))
    }
}

/// Why somebody can't do something: a status of HTTP and GitHub's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The words.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new<T>(status: u16, message: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal { status, message: message.into() })
    }
}

/// Whether a commit is signed by somebody that GitHub knows.
pub(crate) fn is_verified(commit: &Commit) -> bool {
    commit.signature.as_ref().is_some_and(|signature| signature.state == "VALID")
}
