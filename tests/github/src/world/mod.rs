//! The state: accounts, organisations, teams, repositories, and what GitHub lets happen to them.
//!
//! Everything is kept by number. A login or a name is only how the outside calls it at the moment.

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

mod access;
mod background;
mod change;
mod checks;
mod clone;
mod code;
mod commits;
mod discussion;
mod draft;
mod invite;
mod large;
mod leave;
mod level;
mod lookup;
mod merges;
mod pulls;
mod queue;
mod refs;
mod reviews;
mod rules;
mod stacks;
mod story;
mod tokens;

pub use access::{Source, SourceOf};
pub use background::Deferred;
pub use code::{
    Activity, Annotation, AutoMerge, CheckRun, Code, Comment, Environment, Event, Happening, Issue, Merged, Method,
    Movement, Protection, PullRequest, Queued, Refusal, Review, Settings, Verdict,
};
pub(crate) use commits::Objects;
pub use commits::{Commit, CommitSignature, NO_COMMIT, Oid, Person};
pub(crate) use discussion::fits;
pub use draft::Draft;
pub(crate) use invite::{Added, NotAdded};
pub use large::{MEMBERS, MEMBERSHIPS, REPOSITORIES, TEAMS};
pub(crate) use leave::NotRemoved;
pub use level::{Level, Role};
pub(crate) use pulls::Proposal;
pub use rules::{Bypass, CheckRule, Enforcement, ReviewRule, Rule, Ruleset};
pub use stacks::Stack;
pub(crate) use tokens::ACTIONS;
pub use tokens::{App, Installation, Permission, Permissions, Token, TokenKind};

/// A number by which GitHub knows something.
pub type Id = u64;

/// How long an invitation waits for its answer.
pub const INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How well an account guards its sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// By something that can't be phished or relayed by text messages.
    Secure,
    /// By text messages.
    Insecure,
    /// None.
    Disabled,
}

/// A person's or a machine's account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Stays, whatever happens to the login.
    pub id: Id,
    /// As it is spelt now.
    pub login: String,
    /// What the profile says.
    pub name: Option<String>,
    /// How well it guards its sign-in.
    pub second_factor: SecondFactor,
    /// It belongs to an enterprise that manages its users.
    pub managed: bool,
    /// It is the account of an App.
    pub bot: bool,
    /// It stands for somebody of another forge.
    pub mannequin: bool,
    /// Addresses that it has shown to be its own, the first for its own commits.
    pub emails: Vec<String>,
    /// Public keys of SSH by which its commits are signed.
    pub signing_keys: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// What an organisation has paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Nothing.
    Free,
    /// Teams.
    Team,
    /// Enterprise Cloud: custom roles, single sign-on.
    Enterprise,
}

impl Plan {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Plan::Free => "free",
            Plan::Team => "team",
            Plan::Enterprise => "enterprise",
        }
    }
}

/// An account's place in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// An owner may do everything.
    pub owner: bool,
    /// The organisation itself took it in. Otherwise only teams of the enterprise did.
    pub direct: bool,
    /// It shows its membership to everybody.
    pub public: bool,
    /// Teams of the enterprise that bring it in.
    pub enterprise_teams: BTreeSet<String>,
}

/// Who an invitation to an organisation is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invitee {
    /// An account, by number.
    Account(Id),
    /// Whoever reads that mail.
    Email(String),
}

/// An invitation to an organisation.
#[derive(Debug, Clone)]
pub struct OrganizationInvitation {
    /// Its number.
    pub id: Id,
    /// Who is invited.
    pub invitee: Invitee,
    /// `direct_member`, `admin`, `billing_manager` or `reinstate`.
    pub role: String,
    /// When it was sent.
    pub created: Timestamp,
    /// Teams that it opens, with the place there.
    pub teams: BTreeMap<Id, bool>,
    /// Who sent it.
    pub inviter: Id,
    /// When and why it came to nothing.
    pub failed: Option<(Timestamp, String)>,
}

/// A role over the whole organisation.
#[derive(Debug, Clone)]
pub struct OrganizationRole {
    /// Its number.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it opens on every repository.
    pub base: Option<Level>,
    /// Its other permissions.
    pub permissions: Vec<String>,
    /// Made by GitHub, and not by the organisation.
    pub predefined: bool,
    /// Accounts that hold it directly.
    pub users: BTreeSet<Id>,
    /// Teams that hold it.
    pub teams: BTreeSet<Id>,
}

/// A role over repositories that an organisation made.
#[derive(Debug, Clone)]
pub struct CustomRole {
    /// Its number.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it stands on.
    pub base: Level,
    /// What it adds.
    pub permissions: Vec<String>,
}

/// A fine-grained token of somebody, which an organisation let in.
#[derive(Debug, Clone)]
pub struct GrantedToken {
    /// The number of the grant.
    pub id: Id,
    /// Whose it is.
    pub owner: Id,
    /// What its owner calls it.
    pub name: String,
    /// When it was let in.
    pub granted: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// A key or token that somebody authorised for single sign-on.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its number.
    pub id: Id,
    /// Whose it is.
    pub owner: Id,
    /// `SSH key` or `personal access token`.
    pub kind: String,
    /// When it was authorised.
    pub authorized: Timestamp,
}

/// An organisation.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its number.
    pub id: Id,
    /// As it is spelt now.
    pub login: String,
    /// What every member may do on every repository.
    pub base: Level,
    /// Members without a second factor are thrown out.
    pub second_factor_required: bool,
    /// Members may invite outside collaborators, not only owners.
    pub members_invite_outside: bool,
    /// What it has paid for.
    pub plan: Plan,
    /// When it was made.
    pub created: Timestamp,
    /// Its enterprise manages its users: there are no invitations.
    pub managed_users: bool,
    /// It lets in only tokens that were authorised for single sign-on.
    pub single_sign_on: bool,
    /// Who is in it.
    pub members: BTreeMap<Id, Member>,
    /// Invitations that wait, and those that failed.
    pub invitations: BTreeMap<Id, OrganizationInvitation>,
    /// Roles over the whole organisation.
    pub roles: BTreeMap<Id, OrganizationRole>,
    /// Roles over repositories that it made.
    pub custom_roles: BTreeMap<Id, CustomRole>,
    /// Fine-grained tokens that it let in.
    pub granted_tokens: BTreeMap<Id, GrantedToken>,
    /// Keys and tokens authorised for single sign-on.
    pub credentials: BTreeMap<Id, Credential>,
    /// When invitations were sent, for the limit of a day.
    pub(crate) sent: Vec<Timestamp>,
}

/// A team of an organisation, or of its enterprise.
#[derive(Debug, Clone)]
pub struct Team {
    /// Its number.
    pub id: Id,
    /// The organisation.
    pub organization: Id,
    /// How paths call it.
    pub slug: String,
    /// How people call it.
    pub name: String,
    /// Only its members see it.
    pub secret: bool,
    /// The team above it.
    pub parent: Option<Id>,
    /// Who is in it, and whether as a maintainer.
    pub members: BTreeMap<Id, bool>,
    /// An identity provider says who is in it.
    pub synchronized: bool,
    /// It belongs to the enterprise.
    pub enterprise: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// Who sees a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone.
    Public,
    /// The enterprise.
    Internal,
    /// Who has access.
    Private,
}

/// Who a repository belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An organisation.
    Organization(Id),
    /// A person.
    Account(Id),
}

/// An invitation to a repository.
#[derive(Debug, Clone)]
pub struct RepositoryInvitation {
    /// Its number.
    pub id: Id,
    /// Who is invited.
    pub invitee: Id,
    /// To what.
    pub role: Role,
    /// When it was sent.
    pub created: Timestamp,
    /// Who sent it.
    pub inviter: Id,
}

/// A key that opens one repository.
#[derive(Debug, Clone)]
pub struct DeployKey {
    /// Its number.
    pub id: Id,
    /// What people call it.
    pub title: String,
    /// It can't push.
    pub read_only: bool,
    /// Who added it.
    pub added_by: Id,
    /// When it was added.
    pub created: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Stays, whatever happens to the name.
    pub id: Id,
    /// Who it belongs to.
    pub owner: Owner,
    /// As it is spelt now.
    pub name: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// It can only be read.
    pub archived: bool,
    /// What it was forked from.
    pub fork_of: Option<Id>,
    /// The branch that is shown first.
    pub default_branch: String,
    /// Branches, pull requests, checks and what else there is to work with.
    pub code: Code,
    /// Roles given to accounts.
    pub direct: BTreeMap<Id, Role>,
    /// Roles given to teams.
    pub teams: BTreeMap<Id, Role>,
    /// Invitations, also those that expired.
    pub invitations: BTreeMap<Id, RepositoryInvitation>,
    /// Keys.
    pub keys: BTreeMap<Id, DeployKey>,
    /// When it was made.
    pub created: Timestamp,
    /// When invitations were sent, for the limit of a day.
    pub(crate) sent: Vec<Timestamp>,
}

/// A mail that GitHub sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// When.
    pub at: Timestamp,
    /// The account, or the address.
    pub to: Invitee,
    /// What it invites to: a full name or a login.
    pub about: String,
}

/// Everything that this GitHub knows. Its own methods are what people do behind a client's back.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) now: Timestamp,
    next: Id,
    pub(crate) main: Id,
    pub(crate) accounts: BTreeMap<Id, Account>,
    pub(crate) organizations: BTreeMap<Id, Organization>,
    pub(crate) teams: BTreeMap<Id, Team>,
    pub(crate) repositories: BTreeMap<Id, Repository>,
    /// Full names in lower case that repositories had before.
    pub(crate) former_names: BTreeMap<String, Id>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) apps: BTreeMap<Id, App>,
    pub(crate) installations: BTreeMap<Id, Installation>,
    /// The enterprise's name in paths.
    pub(crate) enterprise: String,
    pub(crate) mails: Vec<Mail>,
    /// Commits, by the repository that those that share them come from.
    pub(crate) objects: BTreeMap<Id, Objects>,
    pub(crate) deferred: Vec<Deferred>,
    /// It runs on Enterprise Server, where everybody is added at once.
    pub(crate) on_premises: bool,
    /// Reads for which a removal of a collaborator is still not seen.
    pub removal_delay: u32,
    /// Whether Apps see second factors and where a permission comes from. Nobody could prove it either way.
    pub apps_see_details: bool,
    /// How long after a merge a commit still doesn't tell by which pull request it came.
    pub association_delay: SignedDuration,
    /// What GitHub names as the merge of a pull request whose commits somebody pushed to its base: the head, or the
    /// first commit of the base that holds it. Nobody could prove it either way.
    pub pushed_merges_name_head: bool,
    /// Whether movements of a branch that is deleted aren't found by its name, only among all. Nobody could prove it
    /// either way.
    pub activity_hides_deleted: bool,
}

impl World {
    /// An organisation of that login with no member, at that time.
    pub fn new(login: &str, now: Timestamp) -> World {
        let mut world = World {
            now,
            next: 0,
            main: 0,
            accounts: BTreeMap::new(),
            organizations: BTreeMap::new(),
            teams: BTreeMap::new(),
            repositories: BTreeMap::new(),
            former_names: BTreeMap::new(),
            tokens: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            enterprise: format!("{login}-enterprise"),
            mails: Vec::new(),
            deferred: Vec::new(),
            on_premises: false,
            removal_delay: 0,
            apps_see_details: true,
            objects: BTreeMap::new(),
            association_delay: SignedDuration::ZERO,
            pushed_merges_name_head: false,
            activity_hides_deleted: false,
        };
        world.main = world.add_organization(login);
        world.add_own_accounts();
        world
    }

    /// Numbers of different kinds of things don't start alike, so that one taken for another is seen.
    pub(crate) fn number(&mut self, start: Id) -> Id {
        self.next += 1;
        start + self.next
    }
}
