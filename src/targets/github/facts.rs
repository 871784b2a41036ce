//! What else is to be known of an organisation.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{MEMBERSHIP, REPOSITORY, TEAM};
use super::line::{A_DAY, INVITATIONS_TO_A_REPOSITORY};
use super::organization::{Factor, Repository, Who};
use super::picture::{Picture, short};
use super::reading::{View, account};
use super::rules::{
    ACCOUNT_GONE, BASE_PERMISSION, ENTERPRISE_TEAM, INVITATION_EXPIRED, INVITATIONS_WAIT, LEFT_BEHIND,
    LOGIN_ID_MISMATCH, ORGANIZATION_ROLE, OUTSIDE_COLLABORATOR_UNKNOWN, REPOSITORY_ARCHIVED, RESOURCE_RENAMED,
    SECOND_FACTOR, TARGET_PARTLY_HIDDEN,
};
use crate::finding::Rule;
use crate::targets::{Fact, OTHER_WAY_IN, Resource, Scope};

/// What is to be said of a scope, sorted.
pub(super) fn facts(view: &View<'_>) -> Vec<Fact> {
    let mut facts = Facts { view, scope: view.scope, told: Vec::new() };
    facts.of_ourselves();
    facts.of_the_organisation();
    facts.of_people();
    facts.of_roles();
    facts.of_names();
    facts.of_repositories();
    facts.of_invitations();
    facts.of_what_was_left();
    let mut told = facts.told;
    told.sort_by(|a, b| (a.rule.code.id, &a.words, &a.resource).cmp(&(b.rule.code.id, &b.words, &b.resource)));
    told.dedup();
    told
}

struct Facts<'v, 'p> {
    view: &'v View<'p>,
    scope: &'v Scope,
    told: Vec<Fact>,
}

fn many(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

impl<'p> Facts<'_, 'p> {
    fn picture(&self) -> &'p Picture {
        self.view.picture
    }

    fn tell(&mut self, rule: &'static Rule, words: String) {
        self.told.push(Fact { rule, resource: None, permission: None, principal: None, words });
    }

    fn tell_of(&mut self, rule: &'static Rule, who: u64, resource: Option<&Resource>, words: String) {
        let (resource, principal) = (resource.cloned(), Some(account(who)));
        self.told.push(Fact { rule, resource, permission: None, principal, words });
    }

    fn tell_on(&mut self, rule: &'static Rule, resource: &Resource, words: String) {
        self.told.push(Fact { rule, resource: Some(resource.clone()), permission: None, principal: None, words });
    }

    /// The repositories of the scope that are there, as they are called now.
    fn repositories(&self) -> Vec<(Resource, &'p Repository)> {
        let of_scope = self.scope.iter().filter(|one| one.kind == &REPOSITORY);
        let found = of_scope.filter_map(|resource| {
            Some((resource.clone(), self.view.meant_repository(resource).ok().flatten()?.what?))
        });
        found.collect()
    }

    /// The page of the organisation at which something is looked at or taken away.
    fn page(&self, path: &str) -> String {
        path.replace("ORG", &self.picture().about.login)
    }

    fn of_ourselves(&mut self) {
        for (what, permission) in &self.picture().hidden {
            let takes = if permission.is_empty() { String::new() } else { format!("; it takes `{permission}`") };
            self.tell(&TARGET_PARTLY_HIDDEN, format!("the reading credential isn't told of {what}{takes}"));
        }
    }

    fn of_the_organisation(&mut self) {
        let (about, organization) = (&self.picture().about, &self.view.settings.organization);
        if !about.login.eq_ignore_ascii_case(organization) {
            self.tell(
                &RESOURCE_RENAMED,
                format!("the organisation `{organization}` is called `{}` by now", about.login),
            );
        }
        match about.base.as_deref() {
            Some("none") => {}
            Some(base) => {
                let count = many(self.picture().members.len(), "member");
                let words = format!(
                    "the base permission of `{organization}` is `{base}`, which {count} have on each repository"
                );
                self.tell(&BASE_PERMISSION, words);
            }
            None => {
                let words = "the reading credential isn't told of the base permission; it takes `organization_administration=read`";
                self.tell(&TARGET_PARTLY_HIDDEN, words.to_owned());
            }
        }
    }

    /// Accounts that files name, and those that none does.
    fn of_people(&mut self) {
        let picture = self.picture();
        if let Some(logins) = &picture.beside.logins {
            for (number, declared) in self.scope.accounts() {
                let Ok(number) = number.parse::<u64>() else { continue };
                match logins.get(&number) {
                    None => self.tell_of(
                        &ACCOUNT_GONE,
                        number,
                        None,
                        format!("nobody has the account #{number} (`{declared}`)"),
                    ),
                    Some(now) if !now.eq_ignore_ascii_case(declared) => {
                        let words = format!("the account #{number} is called `{now}`, and its file says `{declared}`");
                        self.tell_of(&LOGIN_ID_MISMATCH, number, None, words);
                    }
                    Some(_) => {}
                }
            }
        }
        for who in picture.beside.outside.iter().flatten() {
            if !self.scope.accounts().contains_key(&who.id.to_string()) {
                let page = self.page("/orgs/ORG/outside-collaborators");
                let words =
                    format!("`{}` #{} is an outside collaborator whom no file knows ({page})", who.login, who.id);
                self.tell_of(&OUTSIDE_COLLABORATOR_UNKNOWN, who.id, None, words);
            }
        }
        for (who, factor) in picture.beside.factors.iter().flatten() {
            let how = if *factor == Factor::Missing {
                "without a second factor"
            } else {
                "with a second factor by text message"
            };
            self.tell_of(&SECOND_FACTOR, who.id, None, format!("`{}` signs in {how}", who.login));
        }
        for member in picture.members.iter().filter(|one| one.second_factor == Some(false)) {
            let words = format!("`{}` signs in without a second factor", member.who.login);
            self.tell_of(&SECOND_FACTOR, member.who.id, None, words);
        }
    }

    fn of_roles(&mut self) {
        let picture = self.picture();
        for role in &picture.roles {
            let opens = role
                .base
                .as_ref()
                .map_or_else(|| "gives access".to_owned(), |base| format!("has `{base}` on each repository"));
            for who in &role.users {
                let words = format!(
                    "`{}` holds the role `{}` over the organisation, by which one {opens}",
                    who.login, role.name
                );
                self.tell_of(&ORGANIZATION_ROLE, who.id, None, words);
            }
            for team in &role.teams {
                let words = format!(
                    "the team `{team}` holds the role `{}` over the organisation, by which one {opens}",
                    role.name
                );
                self.tell(&ORGANIZATION_ROLE, words);
            }
        }
        for team in picture.teams.iter().filter(|team| team.is_of_enterprise()) {
            for (who, _) in &team.members {
                let words = format!("`{}` is a member by the enterprise's team `{}`", who.login, team.slug);
                self.tell_of(&ENTERPRISE_TEAM, who.id, None, words);
            }
        }
    }

    fn of_names(&mut self) {
        for (resource, repository) in self.repositories() {
            if short(&repository.name) != short(&resource.name) {
                let words = format!("`{}` is called `{}` by now", resource.name, repository.name);
                self.tell_on(&RESOURCE_RENAMED, &resource, words);
            }
        }
        let teams: Vec<Resource> = self.scope.iter().filter(|one| one.kind == &TEAM).cloned().collect();
        for resource in teams {
            let (organization, slug) = resource.name.split_once('/').unwrap_or_default();
            let team = self.view.meant_team(&resource, slug).and_then(|meant| meant.what);
            if let Some(team) = team.filter(|team| !team.slug.eq_ignore_ascii_case(slug)) {
                let words = format!("`{}` is called `{organization}/{}` by now", resource.name, team.slug);
                self.tell_on(&RESOURCE_RENAMED, &resource, words);
            }
        }
    }

    fn of_repositories(&mut self) {
        for (resource, repository) in self.repositories() {
            let direct = repository.direct.as_ref().map_or(0, Vec::len);
            if repository.archived && direct > 0 {
                let words = format!("`{}` is archived, with {} in it", resource.name, many(direct, "collaborator"));
                self.tell_on(&REPOSITORY_ARCHIVED, &resource, words);
            }
        }
    }

    /// Invitations that came to nothing, and those that a day doesn't take.
    fn of_invitations(&mut self) {
        let picture = self.picture();
        for failed in &picture.failed {
            let who = failed.login.clone().unwrap_or_else(|| "an address".to_owned());
            let why = failed.failed_reason.clone().unwrap_or_default();
            let page = self.page("/orgs/ORG/people/failed_invitations");
            self.tell(
                &INVITATION_EXPIRED,
                format!("the invitation of `{who}` to the organisation came to nothing: {why} ({page})"),
            );
        }
        let inside: BTreeSet<u64> = picture.members.iter().map(|one| one.who.id).collect();
        for (resource, repository) in self.repositories() {
            let Some(Ok(open)) = picture.open.get(&repository.id) else { continue };
            for expired in open.iter().filter(|one| one.expired) {
                let words = format!("the invitation of `{}` to `{}` expired", expired.invitee.login, resource.name);
                self.tell_of(&INVITATION_EXPIRED, expired.invitee.id, Some(&resource), words);
            }
            let is_recent = |at: jiff::Timestamp| at.checked_add(A_DAY).is_ok_and(|end| end > picture.now);
            let recent = open.iter().filter(|one| is_recent(one.created)).count();
            let waiting: BTreeSet<u64> = open.iter().filter(|one| !one.expired).map(|one| one.invitee.id).collect();
            let direct: BTreeSet<u64> = repository.direct.iter().flatten().map(|one| one.who.id).collect();
            let wanted = self
                .wanted(&resource)
                .filter(|id| !inside.contains(id) && !waiting.contains(id) && !direct.contains(id));
            self.tell_of_limit(&resource, wanted.count(), INVITATIONS_TO_A_REPOSITORY.saturating_sub(recent));
        }
        let resources: Vec<Resource> = self.scope.iter().filter(|one| one.kind == &MEMBERSHIP).cloned().collect();
        for resource in resources {
            let is_recent = |at: jiff::Timestamp| at.checked_add(A_DAY).is_ok_and(|end| end > picture.now);
            let sent = picture.invited.iter().map(|one| &one.invitation).chain(&picture.failed);
            let recent = sent.filter_map(|one| one.created_at).filter(|at| is_recent(at.0)).count();
            let waiting: BTreeSet<u64> = picture.invited.iter().filter_map(|one| one.account).collect();
            let wanted = self.wanted(&resource).filter(|id| !inside.contains(id) && !waiting.contains(id)).count();
            let a_day = picture.about.invitations_a_day(picture.now);
            self.tell_of_limit(&resource, wanted, a_day.saturating_sub(recent));
        }
    }

    /// Accounts that are to hold something on a resource now.
    fn wanted(&self, resource: &Resource) -> impl Iterator<Item = u64> {
        let expected = self.view.hints.get(resource).into_iter().flatten();
        expected.filter(|(_, one)| one.wanted.is_some()).filter_map(|(account, _)| account.parse().ok())
    }

    fn tell_of_limit(&mut self, resource: &Resource, wanted: usize, left: usize) {
        if wanted > left {
            let words = format!(
                "of {} to `{}` GitHub takes {left} now, and {} wait for another day",
                many(wanted, "invitation"),
                resource.name,
                wanted - left
            );
            self.tell_on(&INVITATIONS_WAIT, resource, words);
        }
    }

    /// Keys, tokens and invitations of those who have gone.
    fn of_what_was_left(&mut self) {
        let picture = self.picture();
        let resources: BTreeMap<u64, Resource> =
            self.repositories().into_iter().map(|(resource, one)| (one.id, resource)).collect();
        let outside = picture.repositories.iter().flat_map(|one| one.direct.iter().flatten().map(|direct| &direct.who));
        let here: Vec<&Who> = picture.members.iter().map(|one| &one.who).chain(outside).collect();
        let logins: BTreeSet<String> = here.iter().map(|who| who.login.to_lowercase()).collect();
        let numbers: BTreeSet<u64> = here.iter().map(|who| who.id).collect();
        for (name, title, only_reads, added_by) in &picture.beside.keys {
            let of = picture.repositories.iter().find(|one| one.name == *name).and_then(|one| resources.get(&one.id));
            let Some(resource) = of else { continue };
            let may = if *only_reads { "reads" } else { "writes" };
            let page = format!("/{name}/settings/keys");
            match added_by.as_ref().filter(|login| logins.contains(&login.to_lowercase())) {
                Some(by) => {
                    let words = format!("the deploy key `{title}` of `{by}` {may} `{}` ({page})", resource.name);
                    self.tell_on(&OTHER_WAY_IN, resource, words);
                }
                None => {
                    let by = added_by
                        .as_ref()
                        .map_or_else(|| "nobody knows who".to_owned(), |by| format!("`{by}`, who has gone,"));
                    let words =
                        format!("{by} added the deploy key `{title}`, which {may} `{}` ({page})", resource.name);
                    self.tell_on(&LEFT_BEHIND, resource, words);
                }
            }
        }
        for token in picture.beside.tokens.iter().filter(|token| !token.expired && !numbers.contains(&token.owner.id)) {
            let name = token.name.clone().unwrap_or_default();
            let page = self.page("/organizations/ORG/settings/personal-access-tokens/active");
            let words = format!(
                "the token `{name}` of `{}`, who has gone, still reaches the organisation ({page})",
                token.owner.login
            );
            self.tell_of(&LEFT_BEHIND, token.owner.id, None, words);
        }
        // an App that invites is no person, and hasn't gone
        let is_gone = |who: &&Who| !numbers.contains(&who.id) && !who.login.ends_with("[bot]");
        for invited in picture.invited.iter().map(|one| &one.invitation) {
            if let Some(inviter) = invited.inviter.as_ref().filter(is_gone) {
                let whom = invited.login.clone().unwrap_or_else(|| "an address".to_owned());
                let page = self.page("/orgs/ORG/people/pending_invitations");
                let words = format!("`{}`, who has gone, invited `{whom}` to the organisation ({page})", inviter.login);
                self.tell_of(&LEFT_BEHIND, inviter.id, None, words);
            }
        }
        for (resource, repository) in self.repositories() {
            let Some(Ok(open)) = picture.open.get(&repository.id) else { continue };
            for one in open.iter().filter(|one| !one.expired) {
                if let Some(inviter) = one.inviter.as_ref().filter(is_gone) {
                    let words = format!(
                        "`{}`, who has gone, invited `{}` to `{}` (/{}/settings/access)",
                        inviter.login, one.invitee.login, resource.name, repository.name
                    );
                    self.tell_of(&LEFT_BEHIND, inviter.id, Some(&resource), words);
                }
            }
        }
    }
}
