//! The fields of commits, of who made them, and of how they are signed.

use super::connection::{Item, by_number};
use super::fields::{Resolved, only, unserved};
use super::object::{Object, View};
use crate::rest::time;
use crate::world::{Commit, Id, Permission, Person, Repository};
use apollo_compiler::resolvers::{FieldError, ResolveInfo, ResolvedValue};

/// The global number of a commit, which is made of the repository's and its own.
fn id(repository: &Repository, commit: &Commit) -> String {
    use base64::Engine;
    let text = format!("{}:{}", repository.id, commit.oid);
    format!("C_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text))
}

impl<'w> View<'w> {
    /// Who did something: an account, or nobody where it is gone.
    pub(super) fn actor(&self, id: Id) -> ResolvedValue<'w> {
        self.maybe(self.sight.world.accounts.get(&id).map(Object::User))
    }

    /// A person, where a machine or nobody may have done it.
    pub(super) fn person(&self, id: Id) -> ResolvedValue<'w> {
        let account = self.sight.world.accounts.get(&id).filter(|account| !account.bot && !account.mannequin);
        self.maybe(account.map(Object::User))
    }

    /// A commit of a repository, if it is known there still.
    pub(super) fn commit(&self, repository: &'w Repository, oid: &str) -> ResolvedValue<'w> {
        let commit = self.sight.world.objects_of(repository).get(oid);
        self.maybe(commit.map(|commit| Object::Commit(repository, commit)))
    }
}

pub(super) fn commit<'w>(view: &View<'w>, on: &'w Repository, of: &'w Commit, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(id(on, of)),
        "oid" => ResolvedValue::leaf(of.oid.as_str()),
        "message" => ResolvedValue::leaf(of.message.as_str()),
        "authoredDate" => ResolvedValue::leaf(time(of.author.at)),
        "committedDate" => ResolvedValue::leaf(time(of.committer.at)),
        "committedViaWeb" => ResolvedValue::leaf(of.via_web),
        "author" => view.of(Object::GitActor(of.author.clone())),
        "committer" => view.of(Object::GitActor(of.committer.clone())),
        "authors" => {
            let authors = of.authors().into_iter().enumerate();
            let items = authors.map(|(at, author)| Item::new(by_number(at as u64), Object::GitActor(author)));
            view.page("GitActorConnection", items.collect(), info)?
        }
        "parents" => {
            let objects = world.objects_of(on);
            let parents = of.parents.iter().filter_map(|oid| objects.get(oid)).enumerate();
            let items = parents.map(|(at, parent)| Item::new(by_number(at as u64), Object::Commit(on, parent)));
            view.page("CommitConnection", items.collect(), info)?
        }
        "signature" => view.maybe(of.signature.is_some().then_some(Object::Signature(of))),
        "associatedPullRequests" => {
            view.needs("pull_requests", Permission::Read)?;
            only(info, &["orderBy"])?;
            let order = info.arguments().get("orderBy").and_then(|order| order.as_object());
            let field = order.and_then(|order| order.get("field")).and_then(|field| field.as_str());
            if field.is_some_and(|field| field != "CREATED_AT") {
                return Err(unserved(info, "another order than that of opening"));
            }
            let pulls = world.pulls_with(on, &of.oid);
            let items = pulls.into_iter().map(|pull| Item::new(by_number(pull.number), Object::Pull(on, pull)));
            view.page("PullRequestConnection", items.collect(), info)?
        }
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn git_actor<'w>(view: &View<'w>, of: &Person, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "name" => ResolvedValue::leaf(of.name.as_str()),
        "email" => ResolvedValue::leaf(of.email.as_str()),
        "date" => ResolvedValue::leaf(time(of.at)),
        "user" => world.account_of_email(&of.email).map_or_else(ResolvedValue::null, |id| view.person(id)),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn signature<'w>(view: &View<'w>, of: &Commit, info: &ResolveInfo) -> Resolved<'w> {
    let missing = || FieldError { message: "the stand-in shows a signature that isn't there".to_owned() };
    let signature = of.signature.as_ref().ok_or_else(missing)?;
    let valid = signature.state == "VALID";
    Ok(match info.field_name() {
        "email" => ResolvedValue::leaf(of.committer.email.as_str()),
        "isValid" => ResolvedValue::leaf(valid),
        "state" => ResolvedValue::leaf(signature.state.as_str()),
        "signer" => signature.signer.map_or_else(ResolvedValue::null, |id| view.person(id)),
        "wasSignedByGitHub" => ResolvedValue::leaf(signature.by_github),
        "verifiedAt" if valid => ResolvedValue::leaf(time(of.committer.at)),
        "verifiedAt" => ResolvedValue::null(),
        "keyFingerprint" => signature.fingerprint.as_deref().map_or_else(ResolvedValue::null, ResolvedValue::leaf),
        _ => return Err(unserved(info, "the field")),
    })
}
