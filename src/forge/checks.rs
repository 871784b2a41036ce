//! Checks of heads. Only Apps make them, the one of workflows among them, and only the App that made one changes it.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Connection, Home};
use super::texts::{Check, Remark};
use crate::targets::TargetError;

/// GitHub takes so many remarks with one request.
const AT_ONCE: usize = 50;

#[derive(Debug, Deserialize)]
struct Page {
    check_runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
struct Run {
    id: u64,
    #[serde(default)]
    output: Output,
}

#[derive(Debug, Default, Deserialize)]
struct Output {
    #[serde(default)]
    annotations_count: usize,
}

fn remark(remark: &Remark) -> Value {
    let mut body = json!({
        "path": remark.path,
        "start_line": remark.lines.0,
        "end_line": remark.lines.1,
        "annotation_level": remark.level.as_str(),
        "title": remark.title,
        "message": remark.message,
    });
    if let (Some((start, end)), Some(fields)) = (remark.columns, body.as_object_mut()) {
        fields.insert("start_column".to_owned(), json!(start));
        fields.insert("end_column".to_owned(), json!(end));
    }
    body
}

fn output(check: &Check, remarks: &[Remark]) -> Value {
    let remarks: Vec<Value> = remarks.iter().map(remark).collect();
    match remarks.is_empty() {
        true => json!({ "title": check.title, "summary": check.summary }),
        false => json!({ "title": check.title, "summary": check.summary, "annotations": remarks }),
    }
}

/// Puts a check on its head. One of that name which is there already is changed, where this App made it and it has no
/// remarks, to which others could only be added; else a new one comes, and the newest counts.
///
/// # Errors
///
/// What GitHub said: `target-denied` where the token may make no checks.
pub fn post(connection: &Connection, home: &Home, check: &Check) -> Result<(), TargetError> {
    let runs = format!("/repos/{}/check-runs", home.full_name);
    let name = check.name.replace(' ', "%20");
    let of_head = format!("/repos/{}/commits/{}/check-runs?check_name={name}", home.full_name, check.head);
    let pages: Vec<Page> =
        connection.see(&format!("read the checks of {}", check.head.short()), async |api| api.pages(&of_head).await)?;
    let newest = pages.into_iter().flat_map(|page| page.check_runs).max_by_key(|run| run.id);
    let doing = format!("make the check `{}` of {}", check.name, check.head.short());
    let mut batches = check.remarks.chunks(AT_ONCE);
    let first = batches.next().unwrap_or_default();
    let body = json!({
        "name": check.name,
        "head_sha": check.head.to_string(),
        "external_id": check.about,
        "status": "completed",
        "conclusion": check.conclusion.as_str(),
        "output": output(check, first),
    });
    let changeable = newest.filter(|run| run.output.annotations_count == 0);
    let changed = changeable.and_then(|run| {
        let mut body = body.clone();
        // a check stays on its head
        if let Some(fields) = body.as_object_mut() {
            fields.shift_remove("head_sha");
        }
        let path = format!("{runs}/{}", run.id);
        // one that another App made is left alone
        connection.change(&doing, async |api| api.request(Method::PATCH, &path, Some(&body)).await?.read::<Run>()).ok()
    });
    let run = match changed {
        Some(run) => run,
        None => {
            connection.change(&doing, async |api| api.request(Method::POST, &runs, Some(&body)).await?.read::<Run>())?
        }
    };
    let path = format!("{runs}/{}", run.id);
    for batch in batches {
        let body = json!({ "output": output(check, batch) });
        connection.change(&doing, async |api| api.request(Method::PATCH, &path, Some(&body)).await)?;
    }
    Ok(())
}
