//! A call on its way to a handler: who calls, what is named in the path, and pages of lists.

use super::Answered;
use crate::exchange::{Answer, encode};
use crate::world::{Account, Id, Organization, Repository, Team, Token, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// An App, by an assertion that it signed.
    App(Id),
    /// Whoever has a token.
    Token(Token),
}

impl Caller {
    /// The short name for logs and limits.
    pub(crate) fn name(&self) -> String {
        match self {
            Caller::App(id) => format!("app:{id}"),
            Caller::Token(token) => token.name.clone(),
        }
    }
}

/// A call.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) caller: &'a Caller,
    /// Scheme and authority that links are made of.
    pub(crate) base: &'a str,
    pub(crate) method: &'a str,
    /// The path by names, whatever way it came.
    pub(crate) path: &'a str,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: Value,
    /// What is left of each limit, as `GET /rate_limit` tells it.
    pub(crate) limits: Value,
    pub(crate) violations: &'a mut Vec<String>,
}

impl Call<'_> {
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Id {
        self.parameter(name).parse().unwrap_or(0)
    }

    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    pub(crate) fn organization(&self) -> Result<&Organization, Answer> {
        let login = self.parameter("org");
        let found = self.world.organizations.values().find(|it| it.login.eq_ignore_ascii_case(login));
        found.ok_or_else(Answer::not_found)
    }

    pub(crate) fn team(&self) -> Result<&Team, Answer> {
        let organization = self.organization()?.id;
        let slug = self.parameter("team_slug");
        let found = self.world.teams.values().find(|it| it.organization == organization && it.slug == slug);
        found.ok_or_else(Answer::not_found)
    }

    pub(crate) fn account(&self) -> Result<&Account, Answer> {
        self.world.account(self.parameter("username")).ok_or_else(Answer::not_found)
    }

    /// The repository that the path names. One that has moved answers where it is now.
    pub(crate) fn repository(&self) -> Result<&Repository, Answer> {
        let name = format!("{}/{}", self.parameter("owner"), self.parameter("repo"));
        if let Some(repository) = self.world.repository(&name) {
            return Ok(repository);
        }
        let moved = self.world.former_names.get(&name.to_lowercase()).and_then(|id| self.world.repositories.get(id));
        let Some(moved) = moved else { return Err(Answer::not_found()) };
        let (status, message) =
            if self.method == "GET" { (301, "Moved Permanently") } else { (307, "Temporary Redirect") };
        let rest = self.path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
        let mut url = format!("{}/repositories/{}{rest}", self.base, moved.id);
        self.write_query(&mut url, None);
        let mut answer = Answer::error(status, message).with("Location", url.clone());
        if let Some(body) = answer.body.as_mut().and_then(Value::as_object_mut) {
            body.remove("status");
            body.insert("url".to_owned(), url.into());
        }
        Err(answer)
    }

    /// The account that stands behind the call: a person, or the account of the App.
    pub(crate) fn actor(&self) -> Id {
        let app = match self.caller {
            Caller::App(app) => *app,
            Caller::Token(token) => match (token.user(), &token.kind) {
                (Some(user), _) => return user,
                (None, crate::world::TokenKind::Installation { installation, .. }) => {
                    self.world.installations[installation].app
                }
                (None, _) => unreachable!("a token of a person has a user"),
            },
        };
        self.world.apps[&app].account
    }

    /// Whether the call is seen as one of an owner: by an owner's token, or by an App with that permission.
    pub(crate) fn is_owner(&self, organization: Id, permission: &str) -> bool {
        match self.caller {
            Caller::App(_) => false,
            Caller::Token(token) => match token.user() {
                Some(user) => self.world.owns(organization, user),
                None => token.permission(permission).is_some(),
            },
        }
    }

    fn write_query(&self, url: &mut String, page: Option<usize>) {
        let mut separator = '?';
        for (name, value) in self.query.iter().filter(|(name, _)| page.is_none() || name != "page") {
            write!(url, "{separator}{name}={}", encode(value)).expect("a string takes everything");
            separator = '&';
        }
        if let Some(page) = page {
            write!(url, "{separator}page={page}").expect("a string takes everything");
        }
    }

    /// The path by numbers, as GitHub puts it into links.
    fn path_by_number(&self) -> String {
        let rest =
            |skip: usize| self.path.splitn(skip + 1, '/').nth(skip).map(|rest| format!("/{rest}")).unwrap_or_default();
        if self.path.starts_with("/orgs/") {
            let id = self.organization().map_or(0, |organization| organization.id);
            if self.path.split('/').nth(3) == Some("teams") && self.parameters.contains_key("team_slug") {
                let team = self.team().map_or(0, |team| team.id);
                return format!("/organizations/{id}/team/{team}{}", rest(5));
            }
            return format!("/organizations/{id}{}", rest(3));
        }
        if self.path.starts_with("/repos/") {
            let id = self.repository().map_or(0, |repository| repository.id);
            return format!("/repositories/{id}{}", rest(4));
        }
        self.path.to_owned()
    }

    fn whole(&self, name: &str, default: usize) -> usize {
        self.asked(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// How many items a page has.
    pub(super) fn page_size(&mut self) -> usize {
        let asked = self.whole("per_page", 30);
        if asked > 100 {
            self.violations.push(format!("per_page={asked}: GitHub gives 100 at most, and doesn't say so"));
        }
        asked.clamp(1, 100)
    }

    /// A link to another page of a list that goes by cursors.
    pub(super) fn link_by(&self, name: &str, cursor: &str) -> String {
        let mut url = format!("{}{}", self.base, self.path_by_number());
        let kept = self.query.iter().filter(|(known, _)| known != "after" && known != "before");
        let mut separator = '?';
        for (name, value) in kept.map(|(name, value)| (name.as_str(), value.as_str())).chain([(name, cursor)]) {
            write!(url, "{separator}{name}={}", encode(value)).expect("a string takes everything");
            separator = '&';
        }
        url
    }

    /// Answers a page of a list, with links to the others.
    pub(crate) fn page<T>(&mut self, all: &[T], render: impl Fn(&Self, &T) -> Value) -> Answered {
        let (page, links) = self.slice(all.len());
        let body = Value::Array(all[page].iter().map(|item| render(self, item)).collect());
        Ok(Self::linked(Answer::ok(body), links))
    }

    fn linked(answer: Answer, links: Option<String>) -> Answer {
        match links {
            Some(links) => answer.with("Link", links),
            None => answer,
        }
    }

    /// Answers a page of a list that stands in an object beside its count.
    pub(crate) fn counted_page<T>(&mut self, all: &[T], name: &str, render: impl Fn(&Self, &T) -> Value) -> Answered {
        let (page, links) = self.slice(all.len());
        let list: Vec<Value> = all[page].iter().map(|item| render(self, item)).collect();
        let mut body = serde_json::Map::new();
        body.insert("total_count".to_owned(), all.len().into());
        body.insert(name.to_owned(), list.into());
        Ok(Self::linked(Answer::ok(body.into()), links))
    }

    fn slice(&mut self, total: usize) -> (std::ops::Range<usize>, Option<String>) {
        let size = self.page_size();
        let page = self.whole("page", 1).max(1);
        let last = total.div_ceil(size).max(1);
        let path = self.path_by_number();
        let mut links = Vec::new();
        let mut link = |to: usize, name: &str| {
            let mut url = format!("{}{path}", self.base);
            self.write_query(&mut url, Some(to));
            links.push(format!("<{url}>; rel=\"{name}\""));
        };
        if page > 1 {
            link((page - 1).min(last), "prev");
        }
        if page < last {
            link(page + 1, "next");
            link(last, "last");
        }
        if page > 1 {
            link(1, "first");
        }
        let start = ((page - 1) * size).min(total);
        let links = (!links.is_empty()).then(|| links.join(", "));
        (start..(start + size).min(total), links)
    }
}
