//! How a test builds the world, and what people do in it behind a client's back.

use super::{
    Account, Code, Credential, CustomRole, DeployKey, GrantedToken, Id, Invitee, Level, Member, Organization,
    OrganizationRole, Owner, Plan, Repository, SecondFactor, Team, Visibility, World,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Adds another organisation.
    pub fn add_organization(&mut self, login: &str) -> Id {
        let id = self.number(9_900);
        let organization = Organization {
            id,
            login: login.to_owned(),
            base: Level::Read,
            second_factor_required: false,
            members_invite_outside: true,
            plan: Plan::Enterprise,
            created: self.now - SignedDuration::from_hours(24 * 900),
            managed_users: false,
            single_sign_on: false,
            members: BTreeMap::new(),
            invitations: BTreeMap::new(),
            roles: BTreeMap::new(),
            custom_roles: BTreeMap::new(),
            granted_tokens: BTreeMap::new(),
            credentials: BTreeMap::new(),
            sent: Vec::new(),
        };
        self.organizations.insert(id, organization);
        id
    }

    /// Makes an account; returns its number.
    pub fn add_account(&mut self, login: &str) -> Id {
        assert!(self.account(login).is_none(), "the login `{login}` is taken");
        let id = self.number(583_000);
        let created = self.now - SignedDuration::from_hours(24 * 400);
        let second_factor = SecondFactor::Secure;
        let name = None;
        let managed = self.organizations.get(&self.main).is_some_and(|organization| organization.managed_users);
        let login = login.to_owned();
        let emails = vec![format!("{id}+{login}@users.noreply.github.com")];
        let (bot, mannequin, signing_keys) = (false, false, Vec::new());
        let account =
            Account { id, login, name, second_factor, managed, bot, mannequin, emails, signing_keys, created };
        self.accounts.insert(id, account);
        id
    }

    fn made(&mut self, login: &str) -> Id {
        match self.account(login) {
            Some(account) => account.id,
            None => self.add_account(login),
        }
    }

    /// Makes an account where there is none, and an owner of the organisation of it.
    pub fn add_owner(&mut self, login: &str) -> Id {
        let account = self.made(login);
        self.take_in(self.main, account, true);
        account
    }

    /// Makes an account where there is none, and a member of the organisation of it.
    pub fn add_member(&mut self, login: &str) -> Id {
        let account = self.made(login);
        self.take_in(self.main, account, false);
        account
    }

    /// A member shows to everybody that they are one, or hides it.
    pub fn set_public(&mut self, login: &str, public: bool) {
        let account = self.known(login);
        let member = self.organization_mut().members.get_mut(&account);
        member.unwrap_or_else(|| panic!("`{login}` isn't a member")).public = public;
    }

    /// Ends somebody's membership by hand.
    pub fn end_membership(&mut self, login: &str) {
        let account = self.known(login);
        self.remove_member(self.main, account).unwrap_or_else(|why| panic!("`{login}` stays: {why:?}"));
    }

    /// Somebody changes their login. The old one is free for everybody at once.
    pub fn rename_account(&mut self, login: &str, to: &str) {
        assert!(self.account(to).is_none(), "the login `{to}` is taken");
        let id = self.known(login);
        to.clone_into(&mut self.accounts.get_mut(&id).expect("found by number").login);
    }

    /// Sets how well somebody guards their sign-in.
    pub fn set_second_factor(&mut self, login: &str, factor: SecondFactor) {
        let id = self.known(login);
        self.accounts.get_mut(&id).expect("found by number").second_factor = factor;
    }

    /// Renames the organisation. Repositories are found by their old names, the organisation isn't.
    pub fn rename_organization(&mut self, to: &str) {
        let owner = Owner::Organization(self.main);
        let former: Vec<(String, Id)> = self
            .repositories
            .values()
            .filter(|repository| repository.owner == owner)
            .map(|repository| (self.full_name(repository).to_lowercase(), repository.id))
            .collect();
        self.former_names.extend(former);
        to.clone_into(&mut self.organization_mut().login);
    }

    fn new_repository(&mut self, owner: Owner, name: &str, visibility: Visibility) -> Id {
        let id = self.number(734_000_000);
        let repository = Repository {
            id,
            owner,
            name: name.to_owned(),
            visibility,
            archived: false,
            fork_of: None,
            default_branch: "main".to_owned(),
            code: Code::default(),
            direct: BTreeMap::new(),
            teams: BTreeMap::new(),
            invitations: BTreeMap::new(),
            keys: BTreeMap::new(),
            created: self.now - SignedDuration::from_hours(24 * 300),
            sent: Vec::new(),
        };
        let full = self.full_name(&repository).to_lowercase();
        // a new repository of that name ends the way from the old name
        self.former_names.remove(&full);
        self.repositories.insert(id, repository);
        id
    }

    /// Makes a private repository: `owner/name`, or a name in the organisation.
    pub fn add_repository(&mut self, name: &str) -> Id {
        assert!(self.repository(name).is_none(), "the repository `{name}` is there");
        let Some((owner, name)) = name.split_once('/') else {
            return self.new_repository(Owner::Organization(self.main), name, Visibility::Private);
        };
        let organization = self.organizations.values().find(|it| it.login.eq_ignore_ascii_case(owner));
        let owner = match organization {
            Some(organization) => Owner::Organization(organization.id),
            None => Owner::Account(self.known(owner)),
        };
        self.new_repository(owner, name, Visibility::Private)
    }

    /// Sets who sees a repository.
    pub fn set_visibility(&mut self, name: &str, visibility: Visibility) {
        self.known_repository(name).visibility = visibility;
    }

    /// Sets the branch of a repository that is shown first.
    pub fn set_default_branch(&mut self, name: &str, branch: &str) {
        branch.clone_into(&mut self.known_repository(name).default_branch);
    }

    /// Somebody forks a repository to their own account.
    pub fn fork(&mut self, login: &str, name: &str) -> Id {
        let original = self.known_repository(name);
        let (of, visibility, called) = (original.id, original.visibility, original.name.clone());
        let owner = Owner::Account(self.known(login));
        let fork = self.new_repository(owner, &called, visibility);
        self.repositories.get_mut(&fork).expect("it was just made").fork_of = Some(of);
        fork
    }

    fn leave_name(&mut self, name: &str) -> Id {
        let repository = self.repository(name).unwrap_or_else(|| panic!("there is no repository `{name}`"));
        let (id, former) = (repository.id, self.full_name(repository).to_lowercase());
        self.former_names.insert(former, id);
        id
    }

    /// Renames a repository; the old name leads to it.
    pub fn rename_repository(&mut self, name: &str, to: &str) {
        let id = self.leave_name(name);
        to.clone_into(&mut self.repositories.get_mut(&id).expect("found by number").name);
    }

    /// Transfers a repository to another organisation; teams lose it, the old name leads to it.
    pub fn transfer_repository(&mut self, name: &str, to: Id) {
        let id = self.leave_name(name);
        let repository = self.repositories.get_mut(&id).expect("found by number");
        repository.owner = Owner::Organization(to);
        repository.teams.clear();
    }

    /// Deletes a repository. Its number is never given to another.
    pub fn delete_repository(&mut self, name: &str) {
        let id = self.known_repository(name).id;
        self.repositories.remove(&id);
        self.former_names.retain(|_, to| *to != id);
    }

    /// Archives a repository, or takes it back.
    pub fn archive(&mut self, name: &str, archived: bool) {
        self.known_repository(name).archived = archived;
    }

    /// Gives somebody a role on a repository by hand, whatever an invitation would take.
    pub fn grant(&mut self, login: &str, name: &str, role: &str) {
        let (account, role) = (self.known(login), self.meant_role(role));
        self.known_repository(name).direct.insert(account, role);
    }

    /// Takes somebody's role on a repository by hand.
    pub fn revoke(&mut self, login: &str, name: &str) {
        let (account, repository) = (self.known(login), self.known_repository(name).id);
        self.drop_direct(repository, account);
    }

    /// Somebody invites an account to a repository.
    pub fn invite_to_repository(&mut self, login: &str, name: &str, role: &str, by: &str) -> Id {
        let (account, role, by) = (self.known(login), self.meant_role(role), self.known(by));
        let repository = self.known_repository(name).id;
        match self.add_collaborator(repository, account, role, by) {
            Ok(super::invite::Added::Invited(id)) => id,
            other => panic!("`{login}` isn't invited to `{name}`: {other:?}"),
        }
    }

    /// Somebody invites an account to the organisation.
    pub fn invite_to_organization(&mut self, login: &str, by: &str) -> Id {
        let (account, by) = (self.known(login), self.known(by));
        let invited = self.invite(self.main, Invitee::Account(account), "direct_member", BTreeMap::new(), by);
        invited.unwrap_or_else(|why| panic!("`{login}` isn't invited: {why:?}"))
    }

    /// Somebody invites an address to the organisation.
    pub fn invite_by_mail(&mut self, address: &str, by: &str) -> Id {
        let by = self.known(by);
        let invitee = Invitee::Email(address.to_owned());
        let invited = self.invite(self.main, invitee, "direct_member", BTreeMap::new(), by);
        invited.unwrap_or_else(|why| panic!("`{address}` isn't invited: {why:?}"))
    }

    /// Makes a team, below another if one is named. Its slug is made of its name.
    pub fn add_team(&mut self, name: &str, below: Option<&str>) -> Id {
        let parent = below.map(|slug| self.known_team(slug).id);
        let id = self.number(3_600_000);
        let slug = name.to_lowercase().replace(' ', "-");
        assert!(self.team(&slug).is_none(), "the team `{slug}` is there");
        let team = Team {
            id,
            organization: self.main,
            slug,
            name: name.to_owned(),
            secret: false,
            parent,
            members: BTreeMap::new(),
            synchronized: false,
            enterprise: false,
            created: self.now - SignedDuration::from_hours(24 * 200),
        };
        self.teams.insert(id, team);
        id
    }

    /// Makes a team of the enterprise that the organisation has; its members are members by it.
    pub fn add_enterprise_team(&mut self, name: &str) -> Id {
        let id = self.add_team(name, None);
        let team = self.teams.get_mut(&id).expect("it was just made");
        team.slug = format!("ent:{}", team.slug);
        team.enterprise = true;
        id
    }

    /// Renames a team; its slug follows.
    pub fn rename_team(&mut self, slug: &str, name: &str) {
        let team = self.known_team(slug);
        name.clone_into(&mut team.name);
        team.slug = name.to_lowercase().replace(' ', "-");
    }

    /// Deletes a team and those below it.
    pub fn delete_team(&mut self, slug: &str) {
        let id = self.known_team(slug).id;
        let mut gone: BTreeSet<Id> = self.below(id).iter().map(|team| team.id).collect();
        gone.insert(id);
        self.teams.retain(|id, _| !gone.contains(id));
        for repository in self.repositories.values_mut() {
            repository.teams.retain(|team, _| !gone.contains(team));
        }
        for organization in self.organizations.values_mut() {
            for role in organization.roles.values_mut() {
                role.teams.retain(|team| !gone.contains(team));
            }
            for invitation in organization.invitations.values_mut() {
                invitation.teams.retain(|team, _| !gone.contains(team));
            }
        }
    }

    /// Lets an identity provider say who is in a team, or the organisation again.
    pub fn synchronize(&mut self, slug: &str, by_provider: bool) {
        self.known_team(slug).synchronized = by_provider;
    }

    /// Puts a member into a team by hand. A team of the enterprise takes anybody, and brings them in.
    pub fn join_team(&mut self, login: &str, slug: &str, maintainer: bool) {
        let account = self.known(login);
        let team = self.known_team(slug);
        team.members.insert(account, maintainer);
        let (organization, enterprise) = (team.organization, team.enterprise);
        let members = &mut self.organizations.get_mut(&organization).expect("it stays").members;
        if enterprise {
            let none = Member { owner: false, direct: false, public: false, enterprise_teams: BTreeSet::new() };
            members.entry(account).or_insert(none).enterprise_teams.insert(slug.to_owned());
        }
        assert!(members.contains_key(&account), "`{login}` isn't a member, so `{slug}` can't take them in");
    }

    /// Takes somebody out of a team by hand.
    pub fn quit_team(&mut self, login: &str, slug: &str) {
        let (account, team) = (self.known(login), self.known_team(slug).id);
        self.remove_from_team(team, account).unwrap_or_else(|why| panic!("`{login}` stays in `{slug}`: {why:?}"));
        for organization in self.organizations.values_mut() {
            if let Some(member) = organization.members.get_mut(&account) {
                member.enterprise_teams.remove(slug);
                if !member.direct && member.enterprise_teams.is_empty() {
                    organization.members.remove(&account);
                }
            }
        }
    }

    /// Gives a team a role on a repository by hand.
    pub fn grant_team(&mut self, slug: &str, name: &str, role: &str) {
        let (team, role) = (self.known_team(slug).id, self.meant_role(role));
        self.known_repository(name).teams.insert(team, role);
    }

    /// Takes a repository from a team by hand.
    pub fn revoke_team(&mut self, slug: &str, name: &str) {
        let (team, repository) = (self.known_team(slug).id, self.known_repository(name).id);
        self.remove_team_repository(team, repository);
    }

    /// Makes a role over repositories that stands on a level.
    pub fn add_custom_role(&mut self, name: &str, base: Level) -> Id {
        let id = self.number(8_030);
        let permissions = vec!["delete_alerts_code_scanning".to_owned()];
        self.organization_mut().custom_roles.insert(id, CustomRole { id, name: name.to_owned(), base, permissions });
        id
    }

    /// Makes a role over the organisation. With a level it opens every repository.
    pub fn add_organization_role(&mut self, name: &str, base: Option<Level>, permissions: &[&str]) -> Id {
        let id = self.number(138);
        let role = OrganizationRole {
            id,
            name: name.to_owned(),
            base,
            permissions: permissions.iter().map(|&permission| permission.to_owned()).collect(),
            predefined: base.is_some(),
            users: BTreeSet::new(),
            teams: BTreeSet::new(),
        };
        self.organization_mut().roles.insert(id, role);
        id
    }

    /// Gives an account a role over the organisation.
    pub fn assign_role(&mut self, role: Id, login: &str) {
        let account = self.known(login);
        self.organization_mut().roles.get_mut(&role).expect("a role that was made").users.insert(account);
    }

    /// Gives a team a role over the organisation.
    pub fn assign_role_to_team(&mut self, role: Id, slug: &str) {
        let team = self.known_team(slug).id;
        self.organization_mut().roles.get_mut(&role).expect("a role that was made").teams.insert(team);
    }

    /// Somebody adds a key to a repository.
    pub fn add_deploy_key(&mut self, name: &str, title: &str, read_only: bool, by: &str) -> Id {
        let id = self.number(110_000_000);
        let (added_by, created) = (self.known(by), self.now);
        let key = DeployKey { id, title: title.to_owned(), read_only, added_by, created, used: None };
        self.known_repository(name).keys.insert(id, key);
        id
    }

    /// The organisation lets in a fine-grained token of somebody.
    pub fn add_granted_token(&mut self, login: &str, name: &str, expires: Option<Timestamp>) -> Id {
        let (id, owner, granted) = (self.number(25_380), self.known(login), self.now);
        let token = GrantedToken { id, owner, name: name.to_owned(), granted, used: None, expires };
        self.organization_mut().granted_tokens.insert(id, token);
        id
    }

    /// Somebody authorises a key or token for single sign-on.
    pub fn add_credential(&mut self, login: &str, kind: &str) -> Id {
        let (id, owner, authorized) = (self.number(161_195), self.known(login), self.now);
        self.organization_mut().credentials.insert(id, Credential { id, owner, kind: kind.to_owned(), authorized });
        id
    }
}
