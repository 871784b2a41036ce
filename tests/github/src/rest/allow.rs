//! Who may call what: permissions of the token, rights of the person behind it, single sign-on.

use super::{Call, Caller, Right, Route};
use crate::exchange::Answer;
use crate::world::{Id, Level, Owner, Permission, Repository, Token, TokenKind, Visibility, World};

impl Route {
    /// Whether a token has one of the alternatives whole.
    fn is_permitted(&self, token: &Token) -> bool {
        self.accepted.is_empty()
            || self.accepted.split(';').any(|alternative| {
                alternative.split(',').all(|needed| {
                    let (name, word) = needed.trim().split_once('=').expect("`permission=level`");
                    token.permission(name) >= Permission::from_word(word)
                })
            })
    }
}

/// The organisation that a token was made for; a classic token is for all.
fn organization_of(world: &World, token: &Token) -> Option<Id> {
    match &token.kind {
        TokenKind::Classic { .. } => None,
        TokenKind::FineGrained { .. } => Some(world.main),
        TokenKind::Installation { installation, .. } => Some(world.installations[installation].organization),
    }
}

/// Refuses the token of an installation that is suspended.
pub(crate) fn may_act(world: &World, token: &Token) -> Result<(), Answer> {
    match &token.kind {
        TokenKind::Installation { installation, .. } if world.installations[installation].suspended => {
            Err(Answer::error(403, "This installation has been suspended"))
        }
        _ => Ok(()),
    }
}

/// Whether a token's holder sees a repository at all.
pub(crate) fn sees(world: &World, token: &Token, repository: &Repository) -> bool {
    if repository.visibility == Visibility::Public {
        return true;
    }
    let within = match (organization_of(world, token), repository.owner) {
        (None, _) => true,
        (Some(of), Owner::Organization(owner)) => of == owner && token.covers(repository.id),
        (Some(_), Owner::Account(_)) => false,
    };
    within && token.user().is_none_or(|user| world.effective(repository, user).is_some())
}

impl Call<'_> {
    fn refused(token: &Token, right: Right) -> Answer {
        match (&token.kind, right) {
            (TokenKind::Installation { .. }, _) => Answer::error(403, "Resource not accessible by integration"),
            (TokenKind::FineGrained { .. }, _) => {
                Answer::error(403, "Resource not accessible by personal access token")
            }
            // whoever lacks a scope isn't told that there is something
            (TokenKind::Classic { .. }, _) => Answer::not_found(),
        }
    }

    fn single_sign_on(&self, token: &Token) -> Result<(), Answer> {
        let owner = if self.parameters.contains_key("repo") { self.repository()?.owner } else { Owner::Account(0) };
        let organization = match owner {
            Owner::Organization(id) => &self.world.organizations[&id],
            Owner::Account(_) => match self.organization() {
                Ok(organization) => organization,
                Err(_) => return Ok(()),
            },
        };
        if token.authorized || !organization.single_sign_on || token.user().is_none() {
            return Ok(());
        }
        let message = "Resource protected by organization SAML enforcement. You must grant your Personal Access token \
                       access to this organization.";
        let url = format!("https://github.com/orgs/{}/sso?authorization_request=A0000000", organization.login);
        Err(Answer::error(403, message).with("X-GitHub-SSO", format!("required; url={url}")))
    }

    /// Refuses a call that the caller may not make, in GitHub's words.
    pub(crate) fn allow(&self, route: &Route) -> Result<(), Answer> {
        let token = match (self.caller, route.right) {
            (Caller::App(_), Right::App) => return Ok(()),
            (Caller::App(_), _) => return Err(Answer::error(403, "Resource not accessible by integration")),
            (Caller::Token(_), Right::App) => {
                return Err(Answer::error(401, "A JSON web token could not be decoded"));
            }
            (Caller::Token(token), _) => token,
        };
        may_act(self.world, token)?;
        self.single_sign_on(token)?;
        let repository = if self.parameters.contains_key("repo") { Some(self.repository()?) } else { None };
        if let Some(repository) = repository {
            if !sees(self.world, token, repository) {
                return Err(Answer::not_found());
            }
            // a public repository is seen by every token, and changed only by those that were given it
            if !token.covers(repository.id) && (route.right == Right::Admin || self.method != "GET") {
                return Err(Self::refused(token, route.right));
            }
        }
        // a list of members shows those that are public to anybody
        if route.right == Right::Stranger {
            return Ok(());
        }
        if !route.is_permitted(token) {
            return Err(Self::refused(token, route.right));
        }
        let Some(user) = token.user() else {
            let foreign = self.organization().is_ok_and(|it| Some(it.id) != organization_of(self.world, token));
            return if foreign && route.right != Right::Anyone { Err(Answer::not_found()) } else { Ok(()) };
        };
        let organization = if self.parameters.contains_key("org") { self.organization()?.id } else { self.world.main };
        let member = self.world.organizations[&organization].members.get(&user);
        match route.right {
            Right::Anyone | Right::Stranger | Right::Reader => Ok(()),
            Right::Pusher | Right::Writer => {
                let pushes = repository.is_some_and(|it| self.world.pushes(it, user));
                match route.right {
                    _ if pushes => Ok(()),
                    Right::Pusher => Err(Answer::error(403, "Must have push access to view repository collaborators.")),
                    _ => Err(Answer::error(403, "Must have push access to the repository.")),
                }
            }
            Right::App | Right::AppToken => Err(Self::refused(token, route.right)),
            Right::Member if member.is_some() => Ok(()),
            Right::Member => Err(Answer::not_found()),
            Right::Owner if self.world.owns(organization, user) => Ok(()),
            Right::Maintainer if self.world.owns(organization, user) => Ok(()),
            Right::Maintainer if self.team()?.members.get(&user) == Some(&true) => Ok(()),
            Right::Owner | Right::Maintainer if member.is_some() => {
                Err(Answer::error(403, "You must be an owner of the organization to do this."))
            }
            Right::Owner | Right::Maintainer => Err(Answer::not_found()),
            Right::Admin => {
                let level = repository.and_then(|it| self.world.effective(it, user)).map(|role| role.level);
                if level == Some(Level::Admin) {
                    Ok(())
                } else {
                    Err(Answer::error(403, "Must have admin rights to Repository."))
                }
            }
        }
    }
}
