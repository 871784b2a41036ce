//! How somebody goes: from a repository, from a team, from an organisation, from GitHub.

use super::{Id, Invitee, Level, Owner, Role, SourceOf, Visibility, World};

/// Why somebody can't be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRemoved {
    /// They are not there.
    Absent,
    /// They are the only owner.
    LastOwner,
    /// They are in, but not as the request takes it.
    Member,
}

impl World {
    /// Removes direct access now. Forks of a private repository go with the last access to it.
    pub(crate) fn drop_direct(&mut self, repository: Id, account: Id) {
        if let Some(repository) = self.repositories.get_mut(&repository) {
            repository.direct.remove(&account);
        }
        self.drop_forks(account);
    }

    /// Deletes private forks whose owner can't see the original any more.
    fn drop_forks(&mut self, account: Id) {
        let lost: Vec<Id> = self
            .repositories
            .values()
            .filter(|fork| fork.owner == Owner::Account(account) && fork.visibility == Visibility::Private)
            .filter(|fork| {
                let original = fork.fork_of.and_then(|original| self.repositories.get(&original));
                original.is_some_and(|original| self.effective(original, account).is_none())
            })
            .map(|fork| fork.id)
            .collect();
        for fork in lost {
            self.repositories.remove(&fork);
        }
    }

    fn last_owner(&self, organization: Id, account: Id) -> bool {
        let members = &self.organizations[&organization].members;
        self.owns(organization, account) && members.values().filter(|member| member.owner).count() == 1
    }

    /// Sets what a member is; the only owner can't stop being one.
    pub(crate) fn set_owner(&mut self, organization: Id, account: Id, owner: bool) -> Result<(), NotRemoved> {
        if !owner && self.last_owner(organization, account) {
            return Err(NotRemoved::LastOwner);
        }
        self.take_in(organization, account, owner);
        Ok(())
    }

    fn drop_from_teams(&mut self, organization: Id, account: Id) {
        for team in self.teams.values_mut().filter(|team| team.organization == organization && !team.enterprise) {
            team.members.remove(&account);
        }
        for role in self.organizations.get_mut(&organization).expect("it stays").roles.values_mut() {
            role.users.remove(&account);
        }
    }

    /// What `DELETE …/memberships/{login}` does: ends membership, or withdraws the invitation to it.
    pub(crate) fn remove_member(&mut self, organization: Id, account: Id) -> Result<(), NotRemoved> {
        if let Some(waiting) = self.waiting(organization, account).map(|waiting| waiting.id) {
            self.organizations.get_mut(&organization).expect("it stays").invitations.remove(&waiting);
            return Ok(());
        }
        if self.last_owner(organization, account) {
            return Err(NotRemoved::LastOwner);
        }
        let members = &mut self.organizations.get_mut(&organization).expect("it stays").members;
        let Some(member) = members.get_mut(&account) else { return Err(NotRemoved::Absent) };
        // what a team of the enterprise gives can't be taken by the organisation
        if !member.enterprise_teams.is_empty() {
            member.direct = false;
            member.owner = false;
            return Ok(());
        }
        members.remove(&account);
        self.drop_from_teams(organization, account);
        for repository in self.repositories.values_mut().filter(|it| it.owner == Owner::Organization(organization)) {
            repository.direct.remove(&account);
        }
        self.drop_forks(account);
        Ok(())
    }

    /// What `PUT …/outside_collaborators/{login}` does: what teams gave stays as direct access.
    pub(crate) fn move_outside(&mut self, organization: Id, account: Id) -> Result<(), NotRemoved> {
        if !self.organizations[&organization].members.contains_key(&account) {
            return Err(NotRemoved::Absent);
        }
        if self.last_owner(organization, account) {
            return Err(NotRemoved::LastOwner);
        }
        let mut kept: Vec<(Id, Role)> = Vec::new();
        for repository in self.repositories.values().filter(|it| it.owner == Owner::Organization(organization)) {
            let given = self.sources(repository, account).into_iter();
            let stays = given.filter(|source| matches!(source.of, SourceOf::Team(_) | SourceOf::Repository(_)));
            if let Some(role) = stays.map(|source| source.role).max_by_key(|role| role.level) {
                kept.push((repository.id, role));
            }
        }
        self.organizations.get_mut(&organization).expect("it stays").members.remove(&account);
        self.drop_from_teams(organization, account);
        for (repository, role) in kept {
            self.repositories.get_mut(&repository).expect("listed").direct.insert(account, role);
        }
        self.drop_forks(account);
        Ok(())
    }

    /// What `DELETE …/outside_collaborators/{login}` does.
    pub(crate) fn remove_outside(&mut self, organization: Id, account: Id) -> Result<(), NotRemoved> {
        if self.organizations[&organization].members.contains_key(&account) {
            return Err(NotRemoved::Member);
        }
        let repositories: Vec<Id> = self
            .repositories
            .values()
            .filter(|it| it.owner == Owner::Organization(organization) && it.direct.contains_key(&account))
            .map(|repository| repository.id)
            .collect();
        for repository in repositories {
            self.take_direct(repository, account);
        }
        Ok(())
    }

    /// Takes an account out of a team, or the team out of the invitation that it waits with.
    pub(crate) fn remove_from_team(&mut self, team: Id, account: Id) -> Result<(), NotRemoved> {
        let organization = self.teams[&team].organization;
        if self.teams.get_mut(&team).expect("it was there").members.remove(&account).is_some() {
            self.drop_forks(account);
            return Ok(());
        }
        let waiting = self.organizations.get_mut(&organization).expect("it stays").invitations.values_mut();
        let mut waiting = waiting.filter(|it| it.failed.is_none() && it.invitee == Invitee::Account(account));
        let removed = waiting.any(|invitation| invitation.teams.remove(&team).is_some());
        if removed { Ok(()) } else { Err(NotRemoved::Absent) }
    }

    /// Takes a repository from a team.
    pub(crate) fn remove_team_repository(&mut self, team: Id, repository: Id) {
        let members: Vec<Id> = self.all_members(&self.teams[&team]).into_keys().collect();
        self.repositories.get_mut(&repository).expect("it was there").teams.remove(&team);
        for account in members {
            self.drop_forks(account);
        }
    }

    /// Somebody deletes their account. Its number is never given to another; its login may be.
    pub fn delete_account(&mut self, login: &str) {
        let account = self.known(login);
        self.accounts.remove(&account);
        for organization in self.organizations.values_mut() {
            organization.members.remove(&account);
            organization.invitations.retain(|_, invitation| invitation.invitee != Invitee::Account(account));
            for role in organization.roles.values_mut() {
                role.users.remove(&account);
            }
        }
        for team in self.teams.values_mut() {
            team.members.remove(&account);
        }
        self.repositories.retain(|_, repository| repository.owner != Owner::Account(account));
        for repository in self.repositories.values_mut() {
            repository.direct.remove(&account);
            repository.invitations.retain(|_, invitation| invitation.invitee != account);
        }
        self.tokens.retain(|_, token| token.user() != Some(account));
    }

    /// Sets the base permission of the organisation.
    pub fn set_base(&mut self, base: Level) {
        self.organization_mut().base = base;
    }
}
