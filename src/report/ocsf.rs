//! The log as events of the Open Cybersecurity Schema Framework 1.8, a line of JSON each, for whatever gathers events.
//!
//! What was done to access is a User Access Management event (class 3005), one an operation; what was decided is an Entity
//! Management event (class 3004). Every event names its entry, so that it can be traced back to what is proven.

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::record::{Operation, Record, Verb};

const VERSION: &str = "1.8.0";

/// Identity and access management.
const CATEGORY: u32 = 3;

/// The class of an event and what is done in it.
#[derive(Clone, Copy)]
enum Activity {
    Assign,
    Revoke,
    /// Something comes into being: a log.
    Create,
    /// Something is changed or judged: an access repository.
    Update,
}

impl Activity {
    /// Class and activity, by their numbers and names.
    fn ids(self) -> (u32, &'static str, u32, &'static str) {
        match self {
            Activity::Assign => (3005, "User Access Management", 1, "Assign Privileges"),
            Activity::Revoke => (3005, "User Access Management", 2, "Revoke Privileges"),
            Activity::Create => (3004, "Entity Management", 1, "Create"),
            Activity::Update => (3004, "Entity Management", 3, "Update"),
        }
    }
}

#[derive(Clone, Copy)]
enum Status {
    Success,
    Failure,
}

impl Status {
    fn ids(self) -> (u32, &'static str) {
        match self {
            Status::Success => (1, "Success"),
            Status::Failure => (2, "Failure"),
        }
    }
}

#[derive(Serialize)]
struct Event {
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    /// Milliseconds since 1970.
    time: i64,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    message: String,
    metadata: Value,
    #[serde(flatten)]
    about: Value,
}

/// The events of one entry, whose operations stand in it, a line each. What is only about to be done has no event: its
/// result has. `name` is that of the log.
pub fn lines(index: u64, record: &Record, name: &str) -> String {
    let mut text = String::new();
    for event in events(index, record, name) {
        // texts, numbers and lists always have a form in JSON
        text.push_str(&super::escape::json(&serde_json::to_string(&event).unwrap_or_default()));
        text.push('\n');
    }
    text
}

fn events(index: u64, record: &Record, name: &str) -> Vec<Event> {
    let at = record.at().as_millisecond();
    let of = |part: usize, activity: Activity, status: Status, message: String, about: Value| {
        let (class_uid, class_name, activity_id, activity_name) = activity.ids();
        let (status_id, status) = status.ids();
        let severity = if status_id == 1 { (1, "Informational") } else { (3, "Medium") };
        Event {
            category_uid: CATEGORY,
            category_name: "Identity & Access Management",
            class_uid,
            class_name,
            activity_id,
            activity_name,
            type_uid: class_uid * 100 + activity_id,
            time: at,
            severity_id: severity.0,
            severity: severity.1,
            status_id,
            status,
            message,
            metadata: json!({
                "version": VERSION,
                "product": { "name": "dualkey", "vendor_name": "dualkey", "version": env!("CARGO_PKG_VERSION") },
                "log_name": name,
                "uid": format!("{index}.{part}"),
                "sequence": index,
            }),
            about,
        }
    };
    let decided = |status, message: String, commit: &str| {
        let about = json!({ "entity": { "type": "landing", "uid": commit, "name": "access repository" } });
        vec![of(0, Activity::Update, status, message, about)]
    };
    match record {
        Record::Genesis(one) => {
            let about = json!({ "entity": { "type": "log", "uid": one.genesis, "name": name } });
            let message = if one.continues.is_empty() { "the log begins" } else { "the log begins anew" };
            vec![of(0, Activity::Create, Status::Success, message.to_owned(), about)]
        }
        Record::Landing(one) => {
            let people: Vec<&str> = one.approvals.iter().map(|approval| approval.person.as_str()).collect();
            let by = if people.is_empty() { "nobody, for nothing changes".to_owned() } else { people.join(", ") };
            decided(Status::Success, format!("landing verified, approved by {by}"), &one.commit)
        }
        Record::Refusal(one) => decided(Status::Failure, format!("{}: {}", one.code, one.message), &one.landing),
        Record::Result(one) => {
            let done = one.done.iter().map(|operation| (operation, Status::Success, operation.because.to_string()));
            let failed = one.failed.iter().map(|failed| (&failed.operation, Status::Failure, failed.message.clone()));
            let made = done.chain(failed).enumerate();
            made.map(|(part, (operation, status, message))| {
                let activity = match operation.verb {
                    Verb::Grant | Verb::Change => Activity::Assign,
                    Verb::Revoke => Activity::Revoke,
                };
                of(part, activity, status, message, access(operation))
            })
            .collect()
        }
        Record::Drift(one) => {
            let brought_back = |(part, operation): (usize, &Operation)| {
                let about = json!({ "entity": { "type": operation.kind, "uid": operation.resource } });
                of(part, Activity::Update, Status::Failure, operation.because.to_string(), about)
            };
            one.operations.iter().enumerate().map(brought_back).collect()
        }
        Record::KeyChange(one) => {
            let about = json!({ "entity": { "type": "log", "uid": one.commit, "name": name } });
            vec![of(0, Activity::Update, Status::Success, "another key signs the log from here on".to_owned(), about)]
        }
        // what changes and intents say is an event of a landing, and of a result
        Record::Changes(_) | Record::Intent(_) | Record::Statements(_) | Record::Said(_) => Vec::new(),
    }
}

fn access(operation: &Operation) -> Value {
    let person = operation.person.as_deref().unwrap_or(&operation.principal);
    json!({
        "user": { "uid": operation.principal, "name": person },
        "privileges": [operation.permission],
        "resources": [{ "type": operation.kind, "uid": operation.resource, "name": operation.resource, "namespace": operation.target }],
    })
}
