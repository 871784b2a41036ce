//! Accounts, and what is left of the limits.

use super::render::{and, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::Account;
use serde_json::json;

fn profile(call: &Call, account: &Account) -> Answer {
    Answer::ok(and(
        call.user(account),
        json!({
            "name": account.name,
            "company": null,
            "blog": "",
            "location": null,
            "email": null,
            "hireable": null,
            "bio": null,
            "twitter_username": null,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": time(account.created),
            "updated_at": time(account.created),
        }),
    ))
}

pub(super) fn by_number(call: &mut Call) -> Answered {
    let account = call.world.accounts.get(&call.number("account_id"));
    Ok(profile(call, account.ok_or_else(Answer::not_found)?))
}

pub(super) fn by_login(call: &mut Call) -> Answered {
    Ok(profile(call, call.account()?))
}

pub(super) fn caller(call: &mut Call) -> Answered {
    let user = match call.caller {
        Caller::Token(token) => token.user(),
        Caller::App(_) => None,
    };
    match user.and_then(|user| call.world.accounts.get(&user)) {
        Some(account) => Ok(profile(call, account)),
        None => Err(Answer::error(403, "Resource not accessible by integration")),
    }
}

pub(super) fn rate_limit(call: &mut Call) -> Answered {
    Ok(Answer::ok(call.limits.clone()))
}
