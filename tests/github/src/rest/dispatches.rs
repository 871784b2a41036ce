//! Events that workflows are told by whoever may write.

use super::{Answered, Call};
use crate::exchange::Answer;
use serde_json::Value;

pub(super) fn create(call: &mut Call) -> Answered {
    let repository = call.repository()?.id;
    let kind = call.text("event_type").unwrap_or_default().to_owned();
    let payload = call.body["client_payload"].clone();
    let dispatches = &mut call.world.repositories.get_mut(&repository).expect("found by number").code.dispatches;
    dispatches.push((kind, if payload.is_null() { Value::Object(serde_json::Map::new()) } else { payload }));
    Ok(Answer::empty(204))
}
