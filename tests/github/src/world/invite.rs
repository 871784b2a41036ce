//! How somebody comes in: invitations, their clocks, and what an account accepts or declines.

use super::{
    INVITATION_LIFE, Id, Invitee, Level, Mail, Member, OrganizationInvitation, Owner, Repository, RepositoryInvitation,
    Role, World,
};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// Invitations that one repository, or a young organisation without a plan, may send within a day.
const DAILY: usize = 50;

/// Invitations that an organisation may send within a day if it pays or is older than a month.
const DAILY_GROWN: usize = 500;

/// What became of a wish to add somebody to a repository.
#[derive(Debug)]
pub(crate) enum Added {
    /// They are in already, or in the organisation, so that the role was set at once.
    AtOnce,
    /// An invitation was sent, or one that waited was changed.
    Invited(Id),
}

/// Why somebody can't be added.
#[derive(Debug)]
pub(crate) enum NotAdded {
    /// The request can't be processed: status 422.
    Unprocessable(String),
    /// It isn't known what GitHub does: no test may rest on it.
    Unproven(&'static str),
}

impl RepositoryInvitation {
    /// It is too old to be accepted. It stays in the list all the same.
    pub fn expired(&self, now: jiff::Timestamp) -> bool {
        now >= self.created + INVITATION_LIFE
    }
}

impl World {
    fn within_a_day(&self, sent: &[jiff::Timestamp]) -> usize {
        sent.iter().filter(|at| **at > self.now - SignedDuration::from_hours(24)).count()
    }

    /// The highest level that an organisation gives to an account on every repository.
    fn floor(&self, repository: &Repository, account: Id) -> Level {
        let Owner::Organization(owner) = repository.owner else { return Level::None };
        match self.organizations[&owner].members.get(&account) {
            Some(member) if member.owner => Level::Admin,
            Some(_) => self.organizations[&owner].base,
            None => Level::None,
        }
    }

    /// Whether an account is added to an organisation without being asked.
    pub(crate) fn adds_at_once(&self, organization: Id, account: Id) -> bool {
        self.on_premises || self.organizations[&organization].managed_users && self.accounts[&account].managed
    }

    /// What `PUT …/collaborators/{login}` does.
    pub(crate) fn add_collaborator(&mut self, to: Id, account: Id, role: Role, by: Id) -> Result<Added, NotAdded> {
        let repository = &self.repositories[&to];
        let floor = self.floor(repository, account);
        if role.level < floor {
            let text = format!("Cannot assign member permission of {}", role.level.word());
            return Err(NotAdded::Unprocessable(text));
        }
        let managed = matches!(repository.owner, Owner::Organization(id) if self.organizations[&id].managed_users);
        if managed != self.accounts[&account].managed {
            return Err(NotAdded::Unprocessable("The account is managed by another enterprise, or by none".to_owned()));
        }
        let inside = matches!(repository.owner, Owner::Organization(id) if self.organizations[&id].members.contains_key(&account));
        if inside || managed || self.on_premises || repository.direct.contains_key(&account) {
            self.repositories.get_mut(&to).expect("it was there").direct.insert(account, role);
            return Ok(Added::AtOnce);
        }
        if let Some(waiting) = repository.invitations.values().find(|invitation| invitation.invitee == account) {
            return Err(NotAdded::Unproven(if waiting.expired(self.now) {
                "an invitation expired and is still there: delete it before another is sent"
            } else {
                "an invitation waits already: change it by its number, or delete it"
            }));
        }
        if self.within_a_day(&repository.sent) >= DAILY {
            let text = format!("Only {DAILY} invitations can be sent for a repository in 24 hours");
            return Err(NotAdded::Unprocessable(text));
        }
        let id = self.number(25_000_000);
        let about = self.full_name(&self.repositories[&to]);
        let invitation = RepositoryInvitation { id, invitee: account, role, created: self.now, inviter: by };
        let now = self.now;
        let repository = self.repositories.get_mut(&to).expect("it was there");
        repository.sent.push(now);
        repository.invitations.insert(id, invitation);
        self.mails.push(Mail { at: now, to: Invitee::Account(account), about });
        Ok(Added::Invited(id))
    }

    /// The invitation of an organisation that waits for an account.
    pub(crate) fn waiting(&self, organization: Id, account: Id) -> Option<&OrganizationInvitation> {
        self.organizations[&organization]
            .invitations
            .values()
            .find(|invitation| invitation.failed.is_none() && invitation.invitee == Invitee::Account(account))
    }

    /// Invites to an organisation; `Err` says why it can't be processed.
    pub(crate) fn invite(
        &mut self,
        to: Id,
        invitee: Invitee,
        role: &str,
        teams: BTreeMap<Id, bool>,
        by: Id,
    ) -> Result<Id, NotAdded> {
        let organization = &self.organizations[&to];
        if organization.managed_users {
            let text = "Members of an enterprise with managed users are not invited";
            return Err(NotAdded::Unprocessable(text.to_owned()));
        }
        let same = |invitation: &&OrganizationInvitation| invitation.invitee == invitee;
        if matches!(&invitee, Invitee::Account(id) if organization.members.contains_key(id)) {
            return Err(NotAdded::Unprocessable("Invitee is already a part of this org".to_owned()));
        }
        match organization.invitations.values().find(same) {
            Some(waiting) if waiting.failed.is_none() => {
                return Err(NotAdded::Unprocessable("Invitee has already been invited to this org".to_owned()));
            }
            Some(_) => return Err(NotAdded::Unproven("a failed invitation is still there: delete it first")),
            None => {}
        }
        let grown = organization.plan != super::Plan::Free
            || self.now > organization.created + SignedDuration::from_hours(30 * 24);
        if self.within_a_day(&organization.sent) >= if grown { DAILY_GROWN } else { DAILY } {
            return Err(NotAdded::Unprocessable("Over invitation rate limit".to_owned()));
        }
        let id = self.number(45_000_000);
        let now = self.now;
        let organization = self.organizations.get_mut(&to).expect("it was there");
        organization.sent.push(now);
        let about = organization.login.clone();
        self.mails.push(Mail { at: now, to: invitee.clone(), about });
        let invitation = OrganizationInvitation {
            id,
            invitee,
            role: role.to_owned(),
            created: now,
            teams,
            inviter: by,
            failed: None,
        };
        organization.invitations.insert(id, invitation);
        Ok(id)
    }

    /// Moves invitations of organisations that are too old to the failed ones.
    pub(crate) fn expire(&mut self) {
        let now = self.now;
        for organization in self.organizations.values_mut() {
            for invitation in organization.invitations.values_mut() {
                let end = invitation.created + INVITATION_LIFE;
                if invitation.failed.is_none() && now >= end {
                    invitation.failed =
                        Some((end, "Invitation expired. User did not accept this invite for 7 days.".to_owned()));
                }
            }
        }
    }

    /// Takes an account into an organisation by the organisation's own will.
    pub(crate) fn take_in(&mut self, organization: Id, account: Id, owner: bool) {
        let members = &mut self.organizations.get_mut(&organization).expect("it stays").members;
        let member = members.entry(account).or_insert(Member {
            owner,
            direct: true,
            public: false,
            enterprise_teams: BTreeSet::new(),
        });
        member.owner = owner;
        member.direct = true;
    }

    /// Somebody accepts every invitation that still can be accepted.
    pub fn accept(&mut self, login: &str) {
        let account = self.known(login);
        self.expire();
        let now = self.now;
        for repository in self.repositories.values_mut() {
            let open = |invitation: &RepositoryInvitation| invitation.invitee == account && !invitation.expired(now);
            let accepted: Vec<RepositoryInvitation> =
                repository.invitations.values().filter(|invitation| open(invitation)).cloned().collect();
            for invitation in accepted {
                repository.invitations.remove(&invitation.id);
                repository.direct.insert(account, invitation.role);
            }
        }
        let organizations: Vec<Id> = self.organizations.keys().copied().collect();
        for organization in organizations {
            let Some(invitation) = self.waiting(organization, account).cloned() else { continue };
            let invitations = &mut self.organizations.get_mut(&organization).expect("listed").invitations;
            invitations.remove(&invitation.id);
            self.take_in(organization, account, invitation.role == "admin");
            for (team, maintainer) in invitation.teams {
                if let Some(team) = self.teams.get_mut(&team) {
                    team.members.insert(account, maintainer);
                }
            }
        }
    }

    /// Lets every invitation have been sent so much earlier, for a client that is bound to the clock of its machine.
    pub fn age_invitations(&mut self, by: SignedDuration) {
        for repository in self.repositories.values_mut() {
            repository.invitations.values_mut().for_each(|invitation| invitation.created -= by);
            repository.sent.iter_mut().for_each(|at| *at -= by);
        }
        for organization in self.organizations.values_mut() {
            organization.invitations.values_mut().for_each(|invitation| invitation.created -= by);
            organization.sent.iter_mut().for_each(|at| *at -= by);
        }
        self.expire();
    }

    /// Somebody declines every invitation that waits; they vanish.
    pub fn decline(&mut self, login: &str) {
        let account = self.known(login);
        for repository in self.repositories.values_mut() {
            repository.invitations.retain(|_, invitation| invitation.invitee != account);
        }
        for organization in self.organizations.values_mut() {
            organization
                .invitations
                .retain(|_, invitation| invitation.failed.is_some() || invitation.invitee != Invitee::Account(account));
        }
    }
}
