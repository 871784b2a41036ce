//! What a test or a request names, and what that is.

use super::{Account, Id, Mail, Organization, Owner, Repository, Role, Team, World};

impl World {
    /// The organisation that this world was made with.
    pub fn organization(&self) -> &Organization {
        &self.organizations[&self.main]
    }

    /// The same, to be changed.
    pub fn organization_mut(&mut self) -> &mut Organization {
        self.organizations.get_mut(&self.main).expect("the organisation stays")
    }

    /// The account that has this login now, whatever the case of the letters.
    pub fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    /// The repository that has this name now: `owner/name`, or a name in the organisation.
    pub fn repository(&self, name: &str) -> Option<&Repository> {
        let (owner, name) = name.split_once('/').unwrap_or((&self.organization().login, name));
        self.repositories.values().find(|repository| {
            repository.name.eq_ignore_ascii_case(name) && self.owner_login(repository).eq_ignore_ascii_case(owner)
        })
    }

    /// The team of the organisation with this slug.
    pub fn team(&self, slug: &str) -> Option<&Team> {
        self.teams.values().find(|team| team.organization == self.main && team.slug.eq_ignore_ascii_case(slug))
    }

    /// All accounts that somebody made, by number. Those by which GitHub itself acts aren't among them.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().filter(|account| !account.is_githubs_own())
    }

    /// All repositories, by number.
    pub fn repositories(&self) -> impl Iterator<Item = &Repository> {
        self.repositories.values()
    }

    /// All teams, by number.
    pub fn teams(&self) -> impl Iterator<Item = &Team> {
        self.teams.values()
    }

    /// The most that somebody may do on a repository, for whatever reason.
    pub fn role_of(&self, login: &str, name: &str) -> Option<Role> {
        self.effective(self.repository(name)?, self.account(login)?.id)
    }

    /// Mails that were sent.
    pub fn mails(&self) -> &[Mail] {
        &self.mails
    }

    pub(crate) fn owner_login(&self, repository: &Repository) -> &str {
        match repository.owner {
            Owner::Organization(id) => &self.organizations[&id].login,
            Owner::Account(id) => &self.accounts[&id].login,
        }
    }

    pub(crate) fn full_name(&self, repository: &Repository) -> String {
        format!("{}/{}", self.owner_login(repository), repository.name)
    }

    /// An account that a test names; a name that nothing has is a mistake of the test.
    pub(crate) fn known(&self, login: &str) -> Id {
        self.account(login).unwrap_or_else(|| panic!("there is no account `{login}`")).id
    }

    pub(crate) fn known_repository(&mut self, name: &str) -> &mut Repository {
        let id = self.repository(name).unwrap_or_else(|| panic!("there is no repository `{name}`")).id;
        self.repositories.get_mut(&id).expect("found by number")
    }

    pub(crate) fn known_team(&mut self, slug: &str) -> &mut Team {
        let id = self.team(slug).unwrap_or_else(|| panic!("there is no team `{slug}`")).id;
        self.teams.get_mut(&id).expect("found by number")
    }
}
