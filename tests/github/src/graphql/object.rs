//! Things that have fields.

use super::connection::{Item, Page};
use super::{Sight, commits, fields, pulls};
use crate::world::{
    Account, AutoMerge, Commit, DeployKey, Happening, Organization, OrganizationInvitation, Person, PullRequest,
    Queued, Repository, Review, Source, Team,
};
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};

/// Something that has fields.
#[derive(Clone)]
pub(super) enum Object<'w> {
    Query,
    RateLimit,
    Organization(&'w Organization),
    User(&'w Account),
    Repository(&'w Repository),
    Team(&'w Team),
    DeployKey(&'w DeployKey),
    Invitation(&'w Organization, &'w OrganizationInvitation),
    Source(&'w Repository, Source),
    Commit(&'w Repository, &'w Commit),
    GitActor(Person),
    /// How a commit is signed, which it is.
    Signature(&'w Commit),
    Pull(&'w Repository, &'w PullRequest),
    PullCommit(&'w Repository, &'w PullRequest, &'w Commit),
    Review(&'w Repository, &'w PullRequest, &'w Review),
    Happening(&'w Repository, &'w PullRequest, &'w Happening),
    AutoMerge(&'w AutoMerge),
    /// With how many wait before it.
    QueueEntry(&'w Repository, usize, &'w Queued),
    Page(Page<'w>),
    PageInfo(Page<'w>),
    /// An item of a list, and the type of the list.
    Edge(&'static str, Box<Item<'w>>),
}

/// Something that has fields, seen by a token.
pub(super) struct View<'w> {
    pub(super) sight: &'w Sight<'w>,
    pub(super) object: Object<'w>,
}

impl<'w> View<'w> {
    pub(super) fn of(&self, object: Object<'w>) -> ResolvedValue<'w> {
        ResolvedValue::object(View { sight: self.sight, object })
    }

    pub(super) fn maybe(&self, object: Option<Object<'w>>) -> ResolvedValue<'w> {
        object.map_or_else(ResolvedValue::null, |object| self.of(object))
    }
}

fn edge_type(connection: &'static str) -> &'static str {
    match connection {
        "OrganizationMemberConnection" => "OrganizationMemberEdge",
        "RepositoryConnection" => "RepositoryEdge",
        "RepositoryCollaboratorConnection" => "RepositoryCollaboratorEdge",
        "DeployKeyConnection" => "DeployKeyEdge",
        "TeamConnection" => "TeamEdge",
        "TeamMemberConnection" => "TeamMemberEdge",
        "TeamRepositoryConnection" => "TeamRepositoryEdge",
        "CommitConnection" => "CommitEdge",
        "GitActorConnection" => "GitActorEdge",
        "PullRequestConnection" => "PullRequestEdge",
        "PullRequestCommitConnection" => "PullRequestCommitEdge",
        "PullRequestReviewConnection" => "PullRequestReviewEdge",
        "PullRequestTimelineItemsConnection" => "PullRequestTimelineItemsEdge",
        "OrganizationInvitationConnection" => "OrganizationInvitationEdge",
        other => unreachable!("{other} has edges of a type that isn't listed"),
    }
}

impl ObjectValue for View<'_> {
    fn type_name(&self) -> &str {
        match &self.object {
            Object::Query => "Query",
            Object::RateLimit => "RateLimit",
            Object::Organization(_) => "Organization",
            Object::User(account) => fields::kind_of(account).0,
            Object::Repository(_) => "Repository",
            Object::Team(_) => "Team",
            Object::DeployKey(_) => "DeployKey",
            Object::Invitation(..) => "OrganizationInvitation",
            Object::Source(..) => "PermissionSource",
            Object::Commit(..) => "Commit",
            Object::GitActor(_) => "GitActor",
            Object::Signature(commit) if commit.signature.as_ref().is_some_and(|it| it.ssh) => "SshSignature",
            Object::Signature(_) => "GpgSignature",
            Object::Pull(..) => "PullRequest",
            Object::PullCommit(..) => "PullRequestCommit",
            Object::Review(..) => "PullRequestReview",
            Object::Happening(_, _, happening) => pulls::kind_of(&happening.event).0,
            Object::AutoMerge(_) => "AutoMergeRequest",
            Object::QueueEntry(..) => "MergeQueueEntry",
            Object::Page(page) => page.name,
            Object::PageInfo(_) => "PageInfo",
            Object::Edge(connection, _) => edge_type(connection),
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        match &self.object {
            Object::Query => fields::query(self, info),
            Object::RateLimit => fields::rate_limit(self, info),
            Object::Organization(organization) => fields::organization(self, organization, info),
            Object::User(account) => fields::user(self, account, info),
            Object::Repository(repository) => fields::repository(self, repository, info),
            Object::Team(team) => fields::team(self, team, info),
            Object::DeployKey(key) => fields::deploy_key(self, key, info),
            Object::Invitation(organization, invitation) => fields::invitation(self, organization, invitation, info),
            Object::Source(repository, source) => fields::source(self, repository, source, info),
            Object::Commit(on, commit) => commits::commit(self, on, commit, info),
            Object::GitActor(person) => commits::git_actor(self, person, info),
            Object::Signature(commit) => commits::signature(self, commit, info),
            Object::Pull(on, pull) => pulls::pull(self, on, pull, info),
            Object::PullCommit(on, pull, commit) => pulls::pull_commit(self, on, pull, commit, info),
            Object::Review(on, pull, review) => pulls::review(self, on, pull, review, info),
            Object::Happening(on, pull, happening) => pulls::happening(self, on, pull, happening, info),
            Object::AutoMerge(wanted) => pulls::auto_merge(self, wanted, info),
            Object::QueueEntry(on, at, entry) => pulls::queue_entry(self, on, *at, entry, info),
            Object::Page(page) => fields::page(self, page, info),
            Object::PageInfo(page) => fields::page_info(self, page, info),
            Object::Edge(_, item) => fields::edge(self, item, info),
        }
    }
}
