//! Who sends a request, and what the path means that they send.

use crate::exchange::{Answer, Request};
use crate::rest::Caller;
use crate::state::State;
use crate::world::{Id, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use serde_json::Value;

/// Who sends a request, or why that isn't known.
pub(crate) fn of(state: &State, request: &Request, now: Timestamp) -> Result<Caller, Answer> {
    let header = request.header("authorization").ok_or_else(|| Answer::error(401, "Requires authentication"))?;
    let (scheme, secret) = header.split_once(' ').unwrap_or(("", header));
    let known = ["bearer", "token"].contains(&scheme.to_lowercase().as_str());
    if known && let Some(token) = state.world.tokens.get(secret) {
        if token.expires.is_none_or(|end| now < end) {
            return Ok(Caller::Token(token.clone()));
        }
    } else if known && secret.starts_with("eyJ") {
        return assertion(state, secret, now);
    }
    Err(Answer::error(401, "Bad credentials"))
}

/// Reads what an App signed, and checks signature, issuer and times.
fn assertion(state: &State, text: &str, now: Timestamp) -> Result<Caller, Answer> {
    let undecodable = || Answer::error(401, "A JSON web token could not be decoded");
    let (signed, signature) = text.rsplit_once('.').ok_or_else(undecodable)?;
    let (head, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let part = |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (head, claims) = part(head).zip(part(claims)).ok_or_else(undecodable)?;
    let issuer = match &claims["iss"] {
        Value::Number(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let app = state.world.apps.values().find(|app| app.id.to_string() == issuer || app.client_id == issuer);
    let app = app.ok_or_else(|| Answer::error(404, "Integration not found"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok().and_then(|bytes| Signature::try_from(&bytes[..]).ok());
    let key = app.key.clone().map(VerifyingKey::<sha2::Sha256>::new);
    let genuine = key.zip(signature).is_some_and(|(key, signature)| key.verify(signed.as_bytes(), &signature).is_ok());
    if head["alg"] != "RS256" || !genuine {
        return Err(undecodable());
    }
    let time = |name: &str| claims[name].as_i64();
    let (Some(issued), Some(ends)) = (time("iat"), time("exp")) else { return Err(undecodable()) };
    // ten minutes at most, and a minute for clocks that differ
    if ends - issued > 660 || state.check_assertion_times && ends - now.as_second() > 600 {
        return Err(Answer::error(401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    if state.check_assertion_times && ends <= now.as_second() {
        return Err(Answer::error(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if state.check_assertion_times && issued > now.as_second() {
        return Err(Answer::error(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(Caller::App(app.id))
}

/// The path by names for one by numbers, as links and redirects have it.
pub(crate) fn by_name(world: &World, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<Id>().ok());
    let rest = |from: usize| parts.iter().skip(from).map(|part| format!("/{part}")).collect::<String>();
    match parts[..] {
        ["repositories", _, ..] => {
            let repository = world.repositories.get(&number(1)?)?;
            Some(format!("/repos/{}{}", world.full_name(repository), rest(2)))
        }
        ["organizations", _, "team", _, ..] => {
            let organization = world.organizations.get(&number(1)?)?;
            let team = world.teams.get(&number(3)?).filter(|team| team.organization == organization.id)?;
            Some(format!("/orgs/{}/teams/{}{}", organization.login, team.slug, rest(4)))
        }
        ["organizations", _, ..] => {
            let organization = world.organizations.get(&number(1)?)?;
            Some(format!("/orgs/{}{}", organization.login, rest(2)))
        }
        _ => Some(path.to_owned()),
    }
}
