//! An organisation whose access repository is on the stand-in for GitHub, with runners for its workflows.

use std::path::{Path, PathBuf};

use github_standin::world::Method;
use serde_json::{Map, Value};

use super::runner::{Event, Job, Runner};
use crate::github::{HUB, Hub};
use crate::place::Place;
use crate::support::DUALKEY;

/// The settings of the organisation, without a place on a forge.
const APPROVAL: &str = "approval: { evidence: signatures, branch: main }";

pub struct Home {
    pub hub: Hub,
    id: u64,
}

impl Home {
    pub fn open() -> Self {
        Home::proven_by("signatures")
    }

    /// The same where that proves approvals.
    pub fn proven_by(evidence: &str) -> Self {
        let mut forge = Hub::company();
        let id = forge.add_repository("access");
        for login in ["priyashah", "mei-tanaka"] {
            forge.grant(login, "access", "write");
        }
        let hub = Hub::at(forge);
        let repository = format!("{{ name: northwind/access, id: {id}, api: \"{}\" }}", hub.server.url());
        let approval = format!("approval: {{ evidence: {evidence}, repository: {repository}, branch: main }}");
        assert!(HUB.contains(APPROVAL));
        Home::served(hub.begun_with(&HUB.replace(APPROVAL, &approval)), id)
    }

    /// The same of an access repository that has begun, with the number that it has at the forge.
    pub fn served(hub: Hub, id: u64) -> Self {
        let home = Home { hub, id };
        let world = &home.hub.world;
        std::fs::create_dir(world.path("northwind")).unwrap();
        std::os::unix::fs::symlink("../origin.git", world.path("northwind/access.git")).unwrap();
        // as the token of a job that may only read
        world.remote_hook(
            "pre-receive",
            "[ \"${JOB_CONTENTS-write}\" = write ] || { echo 'this token may not push'; exit 1; }\n",
        );
        home.sync();
        home
    }

    fn origin(&self) -> PathBuf {
        self.hub.world.path("origin.git")
    }

    /// Tells the forge where the branches are.
    pub fn sync(&self) {
        let origin = self.origin();
        self.hub.server.world(|forge| forge.sync("access", &origin, "mei-tanaka"));
    }

    /// The log's checkpoint before any workflow ran, which somebody keeps by hand.
    pub fn keep_first_checkpoint(&self) {
        self.hub.run(&["audit", "export", "../export"]).exits(0);
        let world = &self.hub.world;
        std::fs::copy(world.path("export/checkpoint"), world.path("checkpoint")).unwrap();
    }

    /// Somebody proposes what was written, by a pull request. Gives its number.
    pub fn propose(&self, branch: &str) -> u64 {
        let world = &self.hub.world;
        world.git(&["switch", "-q", "-c", branch, "main"]);
        world.commit(branch);
        world.git(&["push", "-q", "origin", branch]);
        self.open_pull(branch)
    }

    /// A pull request for a branch that was pushed. Gives its number.
    pub fn open_pull(&self, branch: &str) -> u64 {
        let origin = self.origin();
        let number = self.hub.server.world(|forge| {
            forge.sync_branch("access", &origin, branch, "mei-tanaka");
            forge.open_pull("access", branch, "main", "mei-tanaka")
        });
        self.hub.world.git(&["push", "-q", "origin", &format!("{branch}:refs/pull/{number}/head")]);
        number
    }

    /// Somebody merges a branch on the web, by its pull request.
    pub fn merge(&self, branch: &str, number: u64) {
        let world = &self.hub.world;
        world.git(&["switch", "-q", "main"]);
        world.git(&["merge", "-q", "--no-ff", "-m", "Merge a pull request", branch]);
        let (repo, tip) = (world.repo(), world.rev("main"));
        self.hub.server.world(|forge| {
            forge.fetch("access", &repo);
            forge.merge_pull_as("access", number, Method::Merge, "mei-tanaka", &tip);
        });
        world.git(&["push", "-q", "origin", "main"]);
    }

    /// Somebody signs, with a token for the forge where there is one.
    #[track_caller]
    pub fn approve(&self, head: &str, person: &str, token: Option<&str>) -> crate::support::Ran {
        let key = crate::support::key(person);
        let now = self.hub.server.clock().now().to_string();
        let args = ["approve", "--yes", "--key", key.to_str().unwrap(), "--head", head, "--now", &now];
        let mut command = self.hub.command(&args);
        command.envs(token.map(|token| ("DUALKEY_FORGE_TOKEN", token)));
        command.env("GITHUB_API_URL", self.hub.server.url());
        crate::support::finish(command)
    }

    /// What the forge was told by hand, as events.
    pub fn told(&self) -> Vec<Event> {
        let told = self.hub.server.world(|forge| forge.repository("access").unwrap().code.dispatches.clone());
        let event = |(kind, payload): (String, Value)| Event {
            name: "repository_dispatch",
            payload: serde_json::json!({ "action": kind, "client_payload": payload }),
            of: "refs/heads/main",
        };
        told.into_iter().map(event).collect()
    }

    /// A workflow of these files runs at what happened.
    pub fn happens(&self, files: &Path, caller: &str, event: &Event) -> Vec<Job> {
        let server = &self.hub.server;
        let token = |permissions: &Map<String, Value>| {
            let of = permissions.iter().filter(|(name, _)| *name != "id-token");
            let of = of.map(|(name, level)| format!("{}={}", name.replace('-', "_"), level.as_str().unwrap()));
            let of = of.collect::<Vec<_>>().join(" ");
            server.world(|forge| forge.actions_token("access", &of))
        };
        let address = format!("file://{}", self.hub.world.root.path().display());
        let mut runner = Runner::new(address, ("northwind/access", self.id), token);
        runner.files = files.to_owned();
        runner.dualkey = format!("#!/bin/sh\nexec '{DUALKEY}' \"$@\" --now \"$NOW\"\n");
        runner.programs.insert("gh".to_owned(), GH.to_owned());
        let kept = self.hub.world.path("checkpoint");
        for (name, value) in [
            ("NOW", server.clock().now().to_string()),
            ("DUALKEY_STAND_INS", "1".to_owned()),
            ("GITHUB_API_URL", server.url()),
            ("KEPT", kept.to_str().unwrap().to_owned()),
        ] {
            runner.beside.insert(name.to_owned(), value);
        }
        let key = std::fs::read_to_string(self.hub.world.path("log.key")).unwrap();
        for name in ["dualkey-read", "dualkey-apply"] {
            let environment = runner.environments.entry(name.to_owned()).or_default();
            let anchor = self.hub.world.anchor.clone().unwrap();
            environment.variables.insert("DUALKEY_ANCHOR".to_owned(), anchor);
            environment.secrets.insert("DUALKEY_READER_GITHUB_TOKEN".to_owned(), self.hub.reads.clone());
        }
        let environment = runner.environments.get_mut("dualkey-apply").unwrap();
        let checkpoint = std::fs::read_to_string(&kept).unwrap_or_default();
        environment.variables.insert("DUALKEY_CHECKPOINT".to_owned(), checkpoint.trim().to_owned());
        environment.secrets.insert("DUALKEY_WRITER_GITHUB_TOKEN".to_owned(), self.hub.writes.clone());
        environment.secrets.insert("DUALKEY_LOG_KEY".to_owned(), key.trim().to_owned());
        environment.secrets.insert("DUALKEY_VARIABLES_TOKEN".to_owned(), "a token for variables".to_owned());
        let jobs = runner.happens(caller, event);
        for said in jobs.iter().flat_map(|job| &job.steps).map(|step| &step.said) {
            for secret in [&self.hub.reads, &self.hub.writes, &key.trim().to_owned()] {
                assert!(!said.contains(secret.as_str()), "a secret was printed: {said}");
            }
        }
        jobs
    }
}

#[track_caller]
pub fn says(job: &Job, step: &str, text: &str) {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = &job.step(step).said;
    assert!(one_line(said).contains(&one_line(text)), "`{text}` is not in:\n{said}");
}

/// Something that says no more than its name, on the protected branch.
pub fn event(name: &'static str) -> Event {
    Event { name, payload: serde_json::json!({}), of: "refs/heads/main" }
}

/// The unprivileged workflow of a pull request came to its end.
pub fn proposed(home: &Home, head: &str) -> Event {
    let run = serde_json::json!({ "name": "dualkey-event", "event": "pull_request", "head_sha": head, "repository": { "id": home.id } });
    Event { name: "workflow_run", payload: serde_json::json!({ "workflow_run": run }), of: "refs/heads/main" }
}

/// What the workflows need of `gh`: variables go to a file, and lists are asked for page by page.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
[ -n "$GH_TOKEN" ]
case "$1 $2" in
  'variable set') cat > "$KEPT" ;;
  'api --paginate')
    page=1
    while
      answer="$(curl --fail --silent --header "Authorization: Bearer $GH_TOKEN" --header 'User-Agent: gh' \
        --header 'X-GitHub-Api-Version: 2022-11-28' --header 'Accept: application/vnd.github+json' "$GITHUB_API_URL/$3&page=$page")"
      [ "$4" = --jq ]
      jq -r "$5" <<< "$answer"
      [ "$(jq length <<< "$answer")" = 100 ]
    do page=$((page + 1)); done
    ;;
  *) exit 2 ;;
esac
"#;
