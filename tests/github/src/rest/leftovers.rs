//! What somebody leaves behind: keys of repositories, tokens, what they authorised for single sign-on.

use super::render::{node_id, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Credential, DeployKey, GrantedToken, Plan};
use serde_json::{Value, json};

pub(super) fn keys(call: &mut Call) -> Answered {
    let repository = call.repository()?.id;
    let all: Vec<DeployKey> = call.repository()?.keys.values().cloned().collect();
    call.page(&all, |call, key| {
        let added_by = call.world.accounts.get(&key.added_by).map(|account| account.login.as_str());
        json!({
            "id": key.id,
            "key": format!("ssh-ed25519 {}", node_id("key", key.id)),
            "url": format!("{}/repositories/{repository}/keys/{}", call.base, key.id),
            "title": key.title,
            "verified": true,
            "created_at": time(key.created),
            "read_only": key.read_only,
            "added_by": added_by,
            "last_used": key.used.map(time),
            "enabled": true,
        })
    })
}

pub(super) fn delete_key(call: &mut Call) -> Answered {
    let (repository, key) = (call.repository()?.id, call.number("key_id"));
    match call.world.repositories.get_mut(&repository).expect("found").keys.remove(&key) {
        Some(_) => Ok(Answer::empty(204)),
        None => Err(Answer::not_found()),
    }
}

pub(super) fn tokens(call: &mut Call) -> Answered {
    let all: Vec<GrantedToken> = call.organization()?.granted_tokens.values().cloned().collect();
    let organization = call.organization()?.id;
    call.page(&all, |call, token| {
        let expired = token.expires.is_some_and(|at| at <= call.world.now);
        json!({
            "id": token.id,
            "owner": call.user_by_number(token.owner),
            "repository_selection": "all",
            "repositories_url":
                format!("{}/organizations/{organization}/personal-access-tokens/{}/repositories", call.base, token.id),
            "permissions": { "repository": { "metadata": "read" } },
            "access_granted_at": time(token.granted),
            "token_id": token.id + 1,
            "token_name": token.name,
            "token_expired": expired,
            "token_expires_at": token.expires.map(time),
            "token_last_used_at": token.used.map(time),
        })
    })
}

pub(super) fn end_token(call: &mut Call) -> Answered {
    let (organization, token) = (call.organization()?.id, call.number("pat_id"));
    let tokens = &mut call.world.organizations.get_mut(&organization).expect("found").granted_tokens;
    match tokens.remove(&token) {
        Some(_) => Ok(Answer::empty(204)),
        None => Err(Answer::not_found()),
    }
}

pub(super) fn credentials(call: &mut Call) -> Answered {
    let organization = call.organization()?;
    if organization.plan != Plan::Enterprise || !organization.single_sign_on {
        return Err(Answer::not_found());
    }
    let asked = call.asked("login");
    let login = |credential: &Credential| call.world.accounts.get(&credential.owner).map(|it| it.login.clone());
    let all: Vec<(Credential, String)> = organization
        .credentials
        .values()
        .map(|credential| (credential.clone(), login(credential).unwrap_or_default()))
        .filter(|(_, login)| asked.is_none_or(|asked| asked.eq_ignore_ascii_case(login)))
        .collect();
    call.page(&all, |_, (credential, login)| -> Value {
        json!({
            "login": login,
            "credential_id": credential.id,
            "credential_type": credential.kind,
            "credential_authorized_at": time(credential.authorized),
            "credential_accessed_at": null,
            "authorized_credential_id": null,
        })
    })
}

pub(super) fn end_credential(call: &mut Call) -> Answered {
    let (organization, credential) = (call.organization()?.id, call.number("credential_id"));
    let credentials = &mut call.world.organizations.get_mut(&organization).expect("found").credentials;
    match credentials.remove(&credential) {
        Some(_) => Ok(Answer::empty(204)),
        None => Err(Answer::not_found()),
    }
}
