//! Things that have fields.

use super::connection::{Item, Page};
use super::{Sight, fields};
use crate::world::{Account, DeployKey, Organization, OrganizationInvitation, Repository, Source, Team};
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
            Object::User(_) => "User",
            Object::Repository(_) => "Repository",
            Object::Team(_) => "Team",
            Object::DeployKey(_) => "DeployKey",
            Object::Invitation(..) => "OrganizationInvitation",
            Object::Source(..) => "PermissionSource",
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
            Object::Page(page) => fields::page(self, page, info),
            Object::PageInfo(page) => fields::page_info(self, page, info),
            Object::Edge(_, item) => fields::edge(self, item, info),
        }
    }
}
