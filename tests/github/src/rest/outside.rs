//! Outside collaborators of the organisation.

use super::members;
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::NotRemoved;
use serde_json::{Value, json};

pub(super) fn list(call: &mut Call) -> Answered {
    let all = call.world.outsiders(call.organization()?.id);
    let all = members::filtered(call, all)?;
    members::users(call, &all)
}

pub(super) fn convert(call: &mut Call) -> Answered {
    let (organization, account) = (call.organization()?.id, call.account()?.id);
    match call.world.move_outside(organization, account) {
        Ok(()) if call.body.get("async") == Some(&Value::Bool(true)) => {
            Ok(Answer { status: 202, ..Answer::ok(json!({})) })
        }
        Ok(()) => Ok(Answer::empty(204)),
        Err(NotRemoved::LastOwner) => {
            Err(Answer::error(403, "Cannot convert the last owner to an outside collaborator"))
        }
        Err(NotRemoved::Absent | NotRemoved::Member) => {
            Err(Answer::error(403, "You can't convert somebody who isn't a member of the organization."))
        }
    }
}

pub(super) fn remove(call: &mut Call) -> Answered {
    let (organization, account) = (call.organization()?.id, call.account()?.id);
    match call.world.remove_outside(organization, account) {
        Ok(()) => Ok(Answer::empty(204)),
        Err(_) => {
            let message = "You cannot specify an organization member to remove as an outside collaborator.";
            let documentation = "https://docs.github.com/rest/orgs/outside-collaborators";
            let mut answer = Answer::error(422, message);
            answer.body = Some(json!({ "message": message, "documentation_url": documentation }));
            Err(answer)
        }
    }
}
