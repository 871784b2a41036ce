//! Movements of branches, by cursors that only the server understands.

use super::render::{node_id, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Activity, Id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn cursor(id: Id) -> String {
    URL_SAFE_NO_PAD.encode(format!("activity:{id}"))
}

fn id_of(cursor: &str) -> Option<Id> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("activity:")?.parse().ok()
}

fn item(call: &Call, activity: &Activity) -> Value {
    json!({
        "id": activity.id,
        "node_id": node_id("PSH", activity.id),
        "before": activity.before,
        "after": activity.after,
        "ref": format!("refs/heads/{}", activity.branch),
        "timestamp": time(activity.at),
        "activity_type": activity.movement.word(),
        "actor": call.world.accounts.get(&activity.actor).map(|account| call.user(account)),
    })
}

/// Which part of a list is asked for: what comes after a cursor, or what comes before it.
fn part(call: &Call, name: &str) -> Result<Option<Id>, Answer> {
    let Some(text) = call.asked(name) else { return Ok(None) };
    let id = id_of(text).ok_or_else(|| Answer::unprocessable_simply(&format!("`{text}` is not a cursor")))?;
    Ok(Some(id))
}

pub(super) fn list(call: &mut Call) -> Answered {
    let (after, before) = (part(call, "after")?, part(call, "before")?);
    let hours = |days: i64| SignedDuration::from_hours(24 * days);
    let since = call.asked("time_period").map(|period| {
        call.world.now
            - match period {
                "day" => hours(1),
                "week" => hours(7),
                "month" => hours(30),
                "quarter" => hours(90),
                _ => hours(365),
            }
    });
    let branch = call.asked("ref").map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
    let actor = call.asked("actor").map(|login| call.world.account(login).map_or(0, |account| account.id));
    let kind = call.asked("activity_type");
    let fits = |it: &&Activity| {
        branch.is_none_or(|branch| it.branch == branch)
            && actor.is_none_or(|actor| it.actor == actor)
            && kind.is_none_or(|kind| it.movement.word() == kind)
            && since.is_none_or(|since| it.at >= since)
    };
    let repository = call.repository()?;
    let hidden = branch.filter(|branch| !repository.code.branches.contains_key(*branch));
    if call.world.activity_hides_deleted && hidden.is_some() {
        return Ok(Answer::ok(json!([])));
    }
    let mut all: Vec<Activity> = repository.code.activities.iter().filter(fits).cloned().collect();
    if call.asked("direction") != Some("asc") {
        all.reverse();
    }
    let place = |id: Id| all.iter().position(|it| it.id == id);
    let size = call.page_size();
    let (start, end) = match (after.and_then(place), before.and_then(place)) {
        (Some(after), _) => (after + 1, (after + 1 + size).min(all.len())),
        (None, Some(before)) => (before.saturating_sub(size), before),
        (None, None) => (0, size.min(all.len())),
    };
    let shown = &all[start.min(end)..end];
    let mut links = Vec::new();
    if let Some(last) = shown.last().filter(|_| end < all.len()) {
        links.push(format!("<{}>; rel=\"next\"", call.link_by("after", &cursor(last.id))));
    }
    if let Some(first) = shown.first().filter(|_| start > 0) {
        links.push(format!("<{}>; rel=\"prev\"", call.link_by("before", &cursor(first.id))));
    }
    let answer = Answer::ok(shown.iter().map(|activity| item(call, activity)).collect());
    Ok(if links.is_empty() { answer } else { answer.with("Link", links.join(", ")) })
}
