//! What faults make of answers.

use crate::Fault;
use crate::exchange::Answer;
use crate::state::Delivery;
use crate::world::World;
use serde_json::{Value, json};

/// Does something with every member of that name, wherever it is.
fn members(value: &mut Value, name: &str, change: &impl Fn(&mut serde_json::Map<String, Value>, &str)) {
    match value {
        Value::Object(map) => {
            if map.contains_key(name) {
                change(map, name);
            }
            map.values_mut().for_each(|value| members(value, name, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| members(item, name, change)),
        _ => {}
    }
}

fn edited(answer: &mut Answer, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_str::<Value>(&answer.body) {
        edit(&mut body);
        answer.body = body.to_string();
    }
}

/// The answer to a request that was carried out, as a fault lets it arrive. `token` is that of the request.
pub(crate) fn spoil(mut answer: Answer, fault: &Fault, token: Option<&str>, world: &World) -> (Answer, Delivery) {
    match fault {
        Fault::DropAfterEffect => return (answer, Delivery::Drop),
        Fault::HangAfterEffect => return (answer, Delivery::Hang),
        Fault::HalfBody => return (answer, Delivery::Half),
        Fault::Delay(time) => return (answer, Delivery::Later(*time)),
        Fault::Garbage => answer.body = "<html><body>It works!</body></html>".to_owned(),
        Fault::EmptyObject => answer.body = "{}".to_owned(),
        Fault::RepeatedToken => edited(&mut answer, |body| {
            let name = if body.get("entitlements").or_else(|| body.get("applications")).is_some() {
                "nextToken"
            } else {
                "NextToken"
            };
            if let Some(token) = token {
                body[name] = json!(token);
            }
        }),
        Fault::EmptyMember(name) => edited(&mut answer, |body| {
            members(body, name, &|map, name| {
                match &mut map[name] {
                    // a list of ids has its first one empty
                    Value::Array(items) => items.iter_mut().take(1).for_each(|item| *item = json!("")),
                    one => *one = json!(""),
                }
            });
        }),
        Fault::WithoutMember(name) => edited(&mut answer, |body| {
            members(body, name, &|map, name| {
                map.shift_remove(name);
            });
        }),
        Fault::OtherOrganization => answer.body = answer.body.replace(world.organization(), "o-0therothero"),
        Fault::OtherInstance => {
            let instance = world.instance();
            let id = instance.rsplit('/').next().unwrap_or_default();
            answer.body = answer.body.replace(id, "ssoins-0123456789abcdef");
        }
        Fault::EmptyPage => {}
        Fault::StatusAfterEffect(_)
        | Fault::ErrorAfterEffect(..)
        | Fault::Status(_)
        | Fault::Error(..)
        | Fault::Drop
        | Fault::Hang => unreachable!("{fault:?} has an answer of its own"),
    }
    (answer, Delivery::Whole)
}
