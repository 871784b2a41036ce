//! An organisation as plain data: what GitHub tells of it, by numbers, and nothing of what anybody wants of it.

mod about;
mod access;
mod invitations;
mod leftovers;
mod people;
mod repositories;
mod roles;
mod teams;
mod words;

pub(super) use about::{About, about};
pub(super) use access::Who;
pub(super) use invitations::{Invitation, RepositoryInvitation, failed, invitations, repository_invitations};
pub(super) use leftovers::{Token, keys, tokens};
pub(super) use people::{Factor, Member, logins, members, numbers, outside};
pub(super) use repositories::{Found, Repository, find, find_by_number, repositories, repositories_by_node};
pub(super) use roles::{OrganizationRole, custom_roles, roles};
pub(super) use teams::{Team, team_role, teams};
pub(super) use words::{invited, permission};
