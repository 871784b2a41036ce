//! Who may do what on a repository, and why.

use super::{Id, Level, Owner, Repository, Role, Team, World};
use std::collections::{BTreeMap, BTreeSet};

/// Where a permission comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceOf {
    /// The base permission, ownership, or a role over the whole organisation.
    Organization(Id),
    /// A team that was given the repository.
    Team(Id),
    /// The repository itself: somebody was added to it.
    Repository(Id),
}

/// One reason why somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from.
    pub of: SourceOf,
    /// How much it is.
    pub role: Role,
}

impl World {
    /// A team and those above it, from below.
    pub(crate) fn line_of(&self, team: Id) -> impl Iterator<Item = &Team> {
        std::iter::successors(self.teams.get(&team), |team| team.parent.and_then(|parent| self.teams.get(&parent)))
    }

    /// Teams below a team, at any depth.
    pub(crate) fn below(&self, team: Id) -> Vec<&Team> {
        self.teams
            .values()
            .filter(|other| other.id != team && self.line_of(other.id).any(|above| above.id == team))
            .collect()
    }

    /// Members of a team and of those below it: maintainer or not, and whether only by a team below.
    pub(crate) fn all_members(&self, team: &Team) -> BTreeMap<Id, (bool, bool)> {
        let mut members = BTreeMap::new();
        for below in self.below(team.id) {
            members.extend(below.members.keys().map(|account| (*account, (false, true))));
        }
        members.extend(team.members.keys().map(|account| (*account, (self.maintains(team, *account), false))));
        members
    }

    /// An owner of the organisation maintains each team they are in, whatever was asked for.
    pub(crate) fn maintains(&self, team: &Team, account: Id) -> bool {
        team.members.get(&account) == Some(&true) || self.owns(team.organization, account)
    }

    pub(crate) fn owns(&self, organization: Id, account: Id) -> bool {
        self.organizations[&organization].members.get(&account).is_some_and(|member| member.owner)
    }

    /// The largest role that a team has on a repository, its own or of a team above it.
    pub(crate) fn team_role(&self, team: Id, repository: &Repository) -> Option<Role> {
        self.line_of(team).filter_map(|team| repository.teams.get(&team.id)).max_by_key(|role| role.level).cloned()
    }

    /// All reasons why an account may do something on a repository.
    pub(crate) fn sources(&self, repository: &Repository, account: Id) -> Vec<Source> {
        let mut found = Vec::new();
        if let Owner::Organization(owner) = repository.owner {
            let organization = &self.organizations[&owner];
            let of = SourceOf::Organization(owner);
            if let Some(member) = organization.members.get(&account) {
                let level = if member.owner { Level::Admin } else { organization.base };
                if level > Level::None {
                    found.push(Source { of, role: level.into() });
                }
            }
            // a member of a team is one of the teams above it as well
            let teams: BTreeSet<Id> = self
                .teams
                .values()
                .filter(|team| team.members.contains_key(&account))
                .flat_map(|team| self.line_of(team.id).map(|team| team.id))
                .collect();
            for role in organization.roles.values() {
                let holds = role.users.contains(&account) || !role.teams.is_disjoint(&teams);
                if let Some(level) = role.base.filter(|_| holds) {
                    found.push(Source { of, role: level.into() });
                }
            }
            for (team, role) in repository.teams.iter().filter(|(team, _)| teams.contains(team)) {
                found.push(Source { of: SourceOf::Team(*team), role: role.clone() });
            }
        } else if repository.owner == Owner::Account(account) {
            found.push(Source { of: SourceOf::Repository(repository.id), role: Level::Admin.into() });
        }
        if let Some(role) = repository.direct.get(&account) {
            found.push(Source { of: SourceOf::Repository(repository.id), role: role.clone() });
        }
        found
    }

    /// The most that an account may do on a repository.
    pub(crate) fn effective(&self, repository: &Repository, account: Id) -> Option<Role> {
        self.sources(repository, account).into_iter().map(|source| source.role).max_by_key(|role| role.level)
    }

    /// Accounts that were added to a repository of an organisation without being in it.
    pub(crate) fn outsiders(&self, organization: Id) -> Vec<Id> {
        let members = &self.organizations[&organization].members;
        let mut found: Vec<Id> = self
            .repositories
            .values()
            .filter(|repository| repository.owner == Owner::Organization(organization))
            .flat_map(|repository| repository.direct.keys().copied())
            .filter(|account| !members.contains_key(account))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The words of the API for what somebody did wrong, or nothing.
    pub(crate) fn may_write(&self, repository: &Repository) -> Result<(), &'static str> {
        if repository.archived { Err("Repository was archived so is read-only.") } else { Ok(()) }
    }
}
