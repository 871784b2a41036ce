//! Who calls.

use super::Call;
use crate::exchange::Outcome;
use serde_json::json;

pub(super) fn call(call: &mut Call) -> Outcome {
    let holder = call.holder;
    Ok(json!({ "UserId": holder.user_id(), "Account": holder.key.account, "Arn": holder.arn() }))
}
