//! Checks of commits: who makes them, what comes behind what, and how many remarks go at once.

use crate::client::Client;
use crate::story::proposed;
use crate::world::server;
use github_standin::Server;
use serde_json::{Value, json};

const RUNS: &str = "/repos/northwind/access/check-runs";

fn remarks(number: usize) -> Value {
    let remark = |line: usize| {
        json!({ "path": "people/eve.yaml", "start_line": line, "end_line": line, "start_column": 1, "end_column": 4,
                "annotation_level": "warning", "message": "Look", "title": "Remark" })
    };
    (1..=number).map(remark).collect()
}

fn output(number: usize) -> Value {
    json!({ "title": "Plan", "summary": "One grant", "annotations": remarks(number) })
}

/// A server with a pull request, the token of its workflow, and its head.
fn with_workflow() -> (Server, String, String) {
    let mut world = proposed();
    let token = world.actions_token("access", "checks=write");
    let head = world.branch("access", "add-eve").unwrap();
    (server(world), token, head)
}

#[test]
fn remarks_come_behind_those_that_are_there() {
    let (server, token, head) = with_workflow();
    let client = Client::new(&server, &token);
    let body =
        json!({ "name": "plan", "head_sha": head, "status": "in_progress", "external_id": "7", "output": output(50) });
    let made = client.post(RUNS, body);
    assert_eq!((made.status, &made.body["output"]["annotations_count"]), (201, &json!(50)), "{made:?}");
    let url = format!("{RUNS}/{}", made.body["id"]);
    let done = client.patch(&url, json!({ "status": "completed", "conclusion": "neutral", "output": output(3) })).body;
    assert_eq!(
        (&done["status"], &done["conclusion"], &done["external_id"]),
        (&json!("completed"), &json!("neutral"), &json!("7"))
    );
    // whoever sends the same again has them twice
    let again = client.patch(&url, json!({ "output": output(3) })).body;
    assert_eq!(again["output"]["annotations_count"], 56);
    assert_eq!(client.all(&format!("{url}/annotations?per_page=100")).len(), 56);
    let read = client.get(&url).body;
    assert_eq!((&read["app"]["slug"], &read["app"]["id"]), (&json!("github-actions"), &json!(15_368)));
    assert_eq!(read["pull_requests"][0]["number"], 1);
}

#[test]
fn more_than_fifty_remarks_at_once_break_the_protocol() {
    let (server, token, head) = with_workflow();
    let refused =
        Client::new(&server, &token).post(RUNS, json!({ "name": "plan", "head_sha": head, "output": output(51) }));
    assert_eq!(refused.status, 400);
    assert!(server.take_violations()[0].contains("has more than 50 items"));
}

#[test]
fn remarks_that_github_refuses_are_refused_and_nothing_is_made() {
    let (server, token, head) = with_workflow();
    let client = Client::new(&server, &token);
    let change = |name: &str, value: Value| {
        let mut remark = remarks(1)[0].clone();
        remark[name] = value;
        json!({ "name": "plan", "head_sha": head, "output": { "title": "Plan", "summary": "", "annotations": [remark] } })
    };
    for body in [
        change("title", "x".repeat(256).into()),
        change("message", "x".repeat(64 * 1024 + 1).into()),
        change("end_line", 2.into()),
        change("start_line", 3.into()),
        json!({ "name": "plan", "head_sha": "0".repeat(40) }),
    ] {
        let refused = client.post(RUNS, body);
        assert_eq!(refused.status, 422, "{refused:?}");
    }
    let listed = client.get(&format!("/repos/northwind/access/commits/{head}/check-runs")).body;
    assert_eq!(listed["total_count"], 0);
}

#[test]
fn the_last_of_a_name_counts_and_all_can_be_asked_for() {
    let (server, token, head) = with_workflow();
    let (first, last) = server.world(|world| {
        world.check("access", &head, "lint", "success");
        (world.check("access", &head, "plan", "failure"), world.check("access", &head, "plan", "success"))
    });
    let client = Client::new(&server, &token);
    let listed = |query: &str| {
        let body = client.get(&format!("/repos/northwind/access/commits/{query}")).body;
        let runs = body["check_runs"].as_array().unwrap().clone();
        assert_eq!(body["total_count"], runs.len());
        runs.iter().map(|run| run["id"].as_u64().unwrap()).collect::<Vec<u64>>()
    };
    assert_eq!(listed(&format!("{head}/check-runs?check_name=plan")), [last]);
    assert_eq!(listed(&format!("{head}/check-runs?check_name=plan&filter=all")), [last, first]);
    assert_eq!(listed("add-eve/check-runs?app_id=15368").len(), 2);
    assert_eq!(listed("add-eve/check-runs?status=queued").len(), 0);
}

#[test]
fn only_apps_make_checks_and_only_their_own_are_changed() {
    let mut world = proposed();
    let head = world.branch("access", "add-eve").unwrap();
    let classic = world.classic_token("ada", "repo");
    let fine = world.fine_grained_token("ada", "checks=write");
    let reads = world.actions_token("access", "checks=read");
    let other = world.actions_token("access", "checks=write");
    let server = server(world);
    let body = json!({ "name": "plan", "head_sha": head });
    for token in [&classic, &fine] {
        let refused = Client::new(&server, token).post(RUNS, body.clone());
        assert_eq!(
            (refused.status, &refused.body["message"]),
            (403, &json!("You must authenticate via a GitHub App."))
        );
    }
    let refused = Client::new(&server, &reads).post(RUNS, body.clone());
    assert_eq!((refused.status, &refused.body["message"]), (403, &json!("Resource not accessible by integration")));
    assert_eq!(refused.header("X-Accepted-GitHub-Permissions"), Some("checks=write"));
    let made = Client::new(&server, &other).post(RUNS, body).body;
    let app = crate::tokens::install(&server, "checks=write");
    let refused = Client::new(&server, &app).patch(&format!("{RUNS}/{}", made["id"]), json!({ "name": "mine" }));
    assert_eq!(refused.status, 403);
    assert!(
        refused.body["message"].as_str().unwrap().contains("can only be modified by the GitHub App that created it")
    );
}
