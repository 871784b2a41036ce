//! Who holds what, as all targets tell it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::kinds::{MEMBERSHIP, REPOSITORY, TEAM};
use super::line::{A_DAY, Settings};
use super::organization::{Factor, Found, Repository, RepositoryInvitation, Team, permission};
use super::picture::{Picture, short};
use crate::access::{Conditions, Kind};
use crate::targets::reading::members_of;
use crate::targets::{Expected, Latent, Live, Numbered, Principal, Reading, Resource, Scope, TargetError};

/// Who was expected, by resource, in all that was asked so far.
pub(super) type Hints = BTreeMap<Resource, Expected>;

/// A picture beside what it is of.
pub(super) struct View<'p> {
    pub settings: &'p Settings,
    pub picture: &'p Picture,
    pub hints: &'p Hints,
    /// What is asked for, and by which numbers it is meant.
    pub scope: &'p Scope,
}

/// What a name is of.
pub(super) struct Meant<T> {
    pub what: T,
    pub numbered: Numbered,
}

pub(super) fn account(id: u64) -> Principal {
    Principal::Account(id.to_string())
}

fn live(resource: &Resource, permission: impl Into<String>, principal: Principal) -> Live {
    Live {
        kind: resource.kind,
        resource: resource.name.clone(),
        permission: permission.into(),
        principal,
        conditions: Conditions::NONE,
        until: None,
        latent: None,
    }
}

fn refused(why: String, help: &str) -> TargetError {
    TargetError::Refused { why, help: help.to_owned() }
}

impl<'p> View<'p> {
    /// What is held on each resource, and who is in the groups that hold something.
    pub(super) fn reading(&self) -> Reading {
        let mut reading = Reading { factors: self.factors(), ..Reading::default() };
        for resource in self.scope.iter() {
            match self.held(resource) {
                Ok((held, numbered)) => {
                    reading.held.extend(held);
                    for (number, held) in self.elsewhere(resource, numbered.as_ref()) {
                        match held {
                            Ok(held) => {
                                reading.elsewhere.entry(resource.clone()).or_default().insert(number, held);
                            }
                            // what the name means was seen, and is read and written all the same
                            Err(error) => {
                                let name = format!("{} #{number}", resource.name);
                                reading.unread.push((Resource { kind: resource.kind, name }, error));
                            }
                        }
                    }
                    reading.numbers.extend(numbered.map(|numbered| (resource.clone(), numbered)));
                }
                Err(error) => reading.unread.push((resource.clone(), error)),
            }
        }
        reading.held.sort();
        reading.held.dedup();
        reading.members = members_of(&reading.held, |group| Some(self.direct(group)));
        reading
    }

    fn held(&self, resource: &Resource) -> Result<(Vec<Live>, Option<Numbered>), TargetError> {
        let check = resource.kind.check_resource;
        check(&resource.name).map_err(|why| {
            refused(format!("`{}` is not a {}: {why}", resource.name, resource.kind.name), "correct the name")
        })?;
        let kind: &Kind = resource.kind;
        if kind == &MEMBERSHIP {
            self.is_ours(resource, &resource.name)?;
            return Ok((self.membership(resource), None));
        }
        let (owner, name) = resource.name.split_once('/').unwrap_or_default();
        self.is_ours(resource, owner)?;
        if kind == &TEAM {
            let Some(Meant { what, numbered }) = self.meant_team(resource, name) else { return Ok((Vec::new(), None)) };
            return Ok((what.map(|team| self.team(resource, team)).unwrap_or_default(), Some(numbered)));
        }
        if kind == &REPOSITORY {
            let Some(Meant { what, numbered }) = self.meant_repository(resource)? else {
                return Ok((Vec::new(), None));
            };
            let held = what.map(|repository| self.on_repository(resource, repository)).transpose()?;
            return Ok((held.unwrap_or_default(), Some(numbered)));
        }
        Err(refused(format!("GitHub has no {}", kind.name), "name another target"))
    }

    fn is_ours(&self, resource: &Resource, owner: &str) -> Result<(), TargetError> {
        let ours = &self.settings.organization;
        if owner.eq_ignore_ascii_case(ours) {
            return Ok(());
        }
        let why =
            format!("`{}` is not of the organisation `{ours}`, which `{}` is", resource.name, self.settings.target);
        Err(refused(why, "another organisation is another target in `dualkey.yaml`"))
    }

    /// What people hold themselves under each other number by which a resource may have been known. One that isn't there any
    /// more is held by nobody.
    fn elsewhere(
        &self,
        resource: &Resource,
        numbered: Option<&Numbered>,
    ) -> BTreeMap<u64, Result<Vec<Live>, TargetError>> {
        let mut numbers: BTreeSet<u64> = self.scope.others(resource).collect();
        numbers.extend(numbered.and_then(|numbered| numbered.now));
        numbers.retain(|number| numbered.is_none_or(|main| main.number != *number));
        let held = |number: u64| {
            if resource.kind == &REPOSITORY {
                let repository = self.picture.repositories.iter().find(|one| one.id == number)?;
                return Some(self.people_on(resource, repository).map(|(held, _)| held));
            }
            let team = self.picture.teams.iter().find(|team| team.id == number)?;
            let word = |is_maintainer: bool| if is_maintainer { "maintainer" } else { "member" };
            Some(Ok(team.members.iter().map(|(who, is)| live(resource, word(*is), account(who.id))).collect()))
        };
        numbers.into_iter().filter_map(|number| Some((number, held(number)?))).collect()
    }

    /// Whether accounts sign in with a second factor, as far as that is told.
    fn factors(&self) -> BTreeMap<String, bool> {
        let picture = self.picture;
        let members = picture.members.iter();
        let mut factors: BTreeMap<String, bool> =
            members.filter_map(|one| Some((one.who.id.to_string(), one.second_factor?))).collect();
        if let (Some(outside), Some(lacking)) = (&picture.beside.outside, &picture.beside.factors) {
            let missing: BTreeSet<u64> =
                lacking.iter().filter(|(_, factor)| *factor == Factor::Missing).map(|(who, _)| who.id).collect();
            factors.extend(outside.iter().map(|who| (who.id.to_string(), !missing.contains(&who.id))));
        }
        factors
    }

    /// The team that a slug is of, or that was meant by it. None where there is neither.
    pub(super) fn meant_team(&self, resource: &Resource, slug: &str) -> Option<Meant<Option<&'p Team>>> {
        let teams = &self.picture.teams;
        let now = teams.iter().find(|team| team.slug.eq_ignore_ascii_case(slug)).map(|team| team.id);
        meant(self.scope.number(resource), now, |number| teams.iter().find(|team| team.id == number))
    }

    /// The repository that a name leads to, or that was meant by it. None where there is neither.
    pub(super) fn meant_repository(
        &self,
        resource: &Resource,
    ) -> Result<Option<Meant<Option<&'p Repository>>>, TargetError> {
        let (_, name) = resource.name.split_once('/').unwrap_or_default();
        let expected = self.scope.number(resource);
        let numbered = |number| self.picture.repositories.iter().find(|one| one.id == number);
        let now = match (self.leads_to(name), expected.filter(|number| numbered(*number).is_some())) {
            (Ok(now), _) => now,
            // where the name leads doesn't matter as long as what the file means is there
            (Err(_), Some(number)) => Some(number),
            (Err(error), None) => return Err(error),
        };
        let meant = meant(expected, now, numbered);
        if let Some(Meant { what: None, numbered }) = &meant {
            self.is_gone(name, numbered)?;
        }
        Ok(meant)
    }

    /// Whether a repository that isn't in the list is held by nobody of ours any more.
    ///
    /// INVARIANT: one that only can't be seen is no empty one.
    fn is_gone(&self, name: &str, numbered: &Numbered) -> Result<(), TargetError> {
        let picture = self.picture;
        match picture.lost.get(&numbered.number) {
            Some(Ok(None)) if picture.whole => Ok(()),
            // whoever is in there is no longer ours to end, and the name means another one
            Some(Ok(Some(found))) if found.owner.id != picture.about.id && numbered.now.is_some() => Ok(()),
            Some(Ok(Some(found))) if found.owner.id != picture.about.id => Err(self.of_another(name, found)),
            Some(Ok(_)) | None => Err(self.hidden(name)),
            Some(Err(failure)) => {
                let doing = format!("look for the repository #{}", numbered.number);
                Err(failure.told(&self.settings.target, super::client::Asked::ToSee(&doing)))
            }
        }
    }

    fn of_another(&self, name: &str, found: &Found) -> TargetError {
        refused(
            format!(
                "`{}/{name}` is `{}` by now, which is another's: whoever is in there is theirs to end",
                self.settings.organization, found.name
            ),
            "take it out of the domain, and ask its new owner who may still be in there",
        )
    }

    fn hidden(&self, name: &str) -> TargetError {
        TargetError::Denied {
            what: format!(
                "look for the repository `{}/{name}`: there is none, or the credential may not see it",
                self.settings.organization
            ),
            help: "let the credential see all repositories of the organisation, or correct the name".to_owned(),
        }
    }

    /// The number of the repository that a name leads to, whatever that is called by now. None where there is none.
    fn leads_to(&self, name: &str) -> Result<Option<u64>, TargetError> {
        let picture = self.picture;
        if let Some(found) = picture.repositories.iter().find(|one| short(&one.name) == name) {
            return Ok(Some(found.id));
        }
        let asked = format!("{}/{name}", self.settings.organization);
        let doing = format!("look for the repository `{asked}`");
        match picture.elsewhere.get(name) {
            // what has moved within the organisation has a new name there
            Some(Ok(Some(found))) if found.owner.id == picture.about.id => Ok(Some(found.id)),
            Some(Ok(Some(found))) => Err(self.of_another(name, found)),
            Some(Ok(None)) if picture.whole => Ok(None),
            Some(Ok(None)) | None => Err(self.hidden(name)),
            Some(Err(failure)) => Err(failure.told(&self.settings.target, super::client::Asked::ToSee(&doing))),
        }
    }

    fn on_repository(&self, resource: &Resource, repository: &'p Repository) -> Result<Vec<Live>, TargetError> {
        let (mut held, open) = self.people_on(resource, repository)?;
        if let Some(open) = open {
            let known = held.iter().map(|live| live.principal.clone());
            let invited = open.iter().map(|one| account(one.invitee.id));
            let known: BTreeSet<Principal> = known.chain(invited).chain(self.inside()).collect();
            held.extend(self.declined(resource, &known));
        }
        held.extend(
            self.by_groups(repository).into_iter().map(|(group, word)| live(resource, word, Principal::Group(group))),
        );
        Ok(held)
    }

    /// What people were given on a repository themselves, or are invited to; and all invitations, where they were asked for.
    fn people_on(
        &self,
        resource: &Resource,
        repository: &'p Repository,
    ) -> Result<(Vec<Live>, Option<&'p Vec<RepositoryInvitation>>), TargetError> {
        let Some(direct) = &repository.direct else {
            return Err(TargetError::LiveReadIncomplete {
                target: self.settings.target.clone(),
                why: format!("the credential isn't told where permissions on `{}` come from", resource.name),
            });
        };
        let mut held: Vec<Live> =
            direct.iter().map(|one| live(resource, self.word(&one.role), account(one.who.id))).collect();
        let open = match self.picture.open.get(&repository.id) {
            Some(Ok(open)) => open,
            Some(Err(failure)) => {
                let doing = format!("list the invitations to `{}`", resource.name);
                return Err(failure.told(&self.settings.target, super::client::Asked::ToSee(&doing)));
            }
            None => return Ok((held, None)),
        };
        held.extend(open.iter().filter(|one| !one.expired).map(|one| Live {
            latent: Some(Latent::Invited),
            ..live(resource, self.invited_to(resource, one), account(one.invitee.id))
        }));
        Ok((held, Some(open)))
    }

    /// A role as files write it: what the organisation's own one adds stands behind the word that it stands on.
    fn word(&self, role: &str) -> String {
        self.picture.custom.get(role).map_or_else(|| role.to_owned(), |word| format!("{word}+{role}"))
    }

    /// What somebody is invited to. An invitation to an organisation's own role tells only the word that it stands on.
    fn invited_to(&self, resource: &Resource, invitation: &RepositoryInvitation) -> String {
        let expected = self.hints.get(resource).and_then(|expected| expected.get(&invitation.invitee.id.to_string()));
        let wanted = expected.and_then(|one| one.wanted.as_ref());
        let is_it = |wanted: &&String| REPOSITORY.word(wanted) == invitation.permission;
        wanted.filter(is_it).unwrap_or(&invitation.permission).clone()
    }

    /// Everybody in the organisation.
    fn inside(&self) -> impl Iterator<Item = Principal> {
        self.picture.members.iter().map(|one| account(one.who.id))
    }

    /// Who was invited today and is neither in nor invited any more: they declined, or somebody withdrew it. Inviting them at
    /// each run would never end.
    fn declined(&self, resource: &Resource, known: &BTreeSet<Principal>) -> Vec<Live> {
        let is_recent = |at: &Timestamp| at.checked_add(A_DAY).is_ok_and(|end| end > self.picture.now);
        let expected = self.hints.get(resource).into_iter().flatten();
        let gone = expected.filter_map(|(account, expectation)| {
            let (wanted, given) = (expectation.wanted.as_ref()?, expectation.given.as_ref()?);
            let principal = Principal::Account(account.clone());
            (is_recent(given) && !known.contains(&principal)).then(|| live(resource, wanted, principal))
        });
        gone.map(|one| Live { latent: Some(Latent::Declined), ..one }).collect()
    }

    /// What groups hold on a repository: all members, teams, holders of roles.
    fn by_groups(&self, repository: &Repository) -> Vec<(String, String)> {
        let organization = &self.settings.organization;
        let mut groups = Vec::new();
        if let Some(base) = self.picture.about.base.as_deref().filter(|base| *base != "none") {
            groups.push((organization.clone(), permission(base)));
        }
        for role in &self.picture.roles {
            groups.extend(role.base.clone().map(|base| (self.role_group(&role.name), base)));
        }
        for team in &self.picture.teams {
            let Some(word) = opened(team, repository.id) else { continue };
            // what a team has by the one above it is told of that one, whose members those of this team are
            let above = team.parent.and_then(|id| self.picture.teams.iter().find(|other| other.id == id));
            if above.and_then(|above| opened(above, repository.id)) != Some(word) {
                groups.push((self.team_group(team), word.to_owned()));
            }
        }
        groups
    }

    fn team_group(&self, team: &Team) -> String {
        format!("{}/{}", self.settings.organization, team.slug.to_lowercase())
    }

    fn role_group(&self, role: &str) -> String {
        format!("{}/role:{role}", self.settings.organization)
    }

    fn team(&self, resource: &Resource, team: &Team) -> Vec<Live> {
        let owners: BTreeSet<u64> = self.picture.members.iter().filter(|one| one.owner).map(|one| one.who.id).collect();
        let expected = self.hints.get(resource);
        let mut held = Vec::new();
        for (who, maintainer) in &team.members {
            let word = if *maintainer { "maintainer" } else { "member" };
            // an owner maintains each team they are in, whatever was asked for: that is no difference
            let asked = expected.and_then(|expected| expected.get(&who.id.to_string())?.wanted.as_deref());
            let word = asked.filter(|_| owners.contains(&who.id)).unwrap_or(word);
            held.push(live(resource, word, account(who.id)));
        }
        for who in &team.invited {
            let word = self.picture.waiting.get(&(team.id, who.id)).map_or("member", String::as_str);
            held.push(Live { latent: Some(Latent::Invited), ..live(resource, word, account(who.id)) });
        }
        held.extend(self.declined(resource, &self.in_or_invited()));
        held
    }

    /// Everybody who is in the organisation or may accept an invitation to it.
    fn in_or_invited(&self) -> BTreeSet<Principal> {
        let invited = self.picture.invited.iter().filter_map(|one| one.account).map(account);
        self.inside().chain(invited).collect()
    }

    fn membership(&self, resource: &Resource) -> Vec<Live> {
        let members = self.picture.members.iter();
        let mut held: Vec<Live> = members
            .map(|one| live(resource, if one.owner { "admin" } else { "member" }, account(one.who.id)))
            .collect();
        for invited in &self.picture.invited {
            let word = match invited.invitation.role.as_str() {
                "admin" => "admin",
                "direct_member" | "reinstate" => "member",
                // whoever only pays bills is no member
                _ => continue,
            };
            let unknown = || Principal::Unknown(format!("invitation {}", invited.invitation.id));
            let principal = invited.account.map_or_else(unknown, account);
            held.push(Live { latent: Some(Latent::Invited), ..live(resource, word, principal) });
        }
        held.extend(self.declined(resource, &self.in_or_invited()));
        held
    }

    fn direct(&self, group: &str) -> BTreeSet<Principal> {
        let picture = self.picture;
        if group == self.settings.organization {
            return picture.members.iter().map(|one| account(one.who.id)).collect();
        }
        let Some(team) = picture.teams.iter().find(|team| self.team_group(team) == group) else {
            let role = picture.roles.iter().filter(|role| self.role_group(&role.name) == group);
            let holders = role.flat_map(|role| {
                let teams =
                    role.teams.iter().map(|slug| Principal::Group(format!("{}/{slug}", self.settings.organization)));
                role.users.iter().map(|who| account(who.id)).chain(teams)
            });
            return holders.collect();
        };
        let below = picture.teams.iter().filter(|other| other.parent == Some(team.id));
        let below = below.map(|other| Principal::Group(self.team_group(other)));
        team.members.iter().map(|(who, _)| account(who.id)).chain(below).collect()
    }
}

/// What is meant by a name: what has the number that is expected, whatever the name leads to by now.
fn meant<'p, T>(
    expected: Option<u64>,
    now: Option<u64>,
    numbered: impl Fn(u64) -> Option<&'p T>,
) -> Option<Meant<Option<&'p T>>> {
    match expected.filter(|expected| Some(*expected) != now) {
        None => Some(Meant { what: numbered(now?), numbered: Numbered { number: now?, now: None } }),
        Some(number) => {
            let what = numbered(number);
            // nothing of either is there
            if what.is_none() && now.is_none() {
                return None;
            }
            Some(Meant { what, numbered: Numbered { number, now } })
        }
    }
}

/// What a team opens on a repository.
fn opened(team: &Team, repository: u64) -> Option<&str> {
    team.repositories.iter().find(|(id, _)| *id == repository).map(|(_, word)| word.as_str())
}
