//! The whole of it in an access repository that `init --github` made: its files, its checklist and its workflows, from the
//! first commit to an end by the hourly run.

use std::path::PathBuf;

use github_standin::world::Method;
use jiff::SignedDuration;

use super::home::{Home, event, proposed, says};
use super::runner::Event;
use crate::doctor::gh;
use crate::github::Hub;
use crate::place::Place;
use crate::support::{finish, key};

const ADMINS: [(&str, &str); 3] =
    [("mei.tanaka", "mei-tanaka"), ("priya.shah", "priyashah"), ("sven.olsen", "sven-olsen")];

/// A commit of the program, which no step here builds.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const ROLE: &str = "title: Builds the shop\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n";

#[track_caller]
fn edit(hub: &Hub, path: &str, from: &str, to: &str) {
    let text = hub.world.read(path);
    assert!(text.contains(from), "`{from}` is not in {path}:\n{text}");
    hub.world.write(path, &text.replace(from, to));
}

/// What `init` writes, with the organisation's own names in it.
fn made() -> (Hub, u64) {
    let mut forge = Hub::company();
    forge.add_owner("sven-olsen");
    let id = forge.add_repository("access");
    forge.add_deploy_key("access", "dualkey-log", false, "priyashah");
    let hub = Hub::at(forge);
    let world = &hub.world;
    let mut arguments: Vec<String> = ["init", "repo", "--organization", "northwind"].map(str::to_owned).to_vec();
    for (person, login) in ADMINS {
        let number = hub.server.world(|forge| forge.account(login).unwrap().id);
        arguments.extend(["--admin".to_owned(), format!("{person}={}.pub", key(person).display())]);
        arguments.extend(["--account".to_owned(), format!("{person}={login}:{number}")]);
    }
    let organization = hub.server.world(|forge| forge.organization().id);
    arguments.extend(["--github".to_owned(), format!("northwind/access:{id}")]);
    arguments.extend(["--organization-id".to_owned(), organization.to_string()]);
    world.timed_in(world.root.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    std::fs::rename(world.path("repo.log-key"), world.path("log.key")).unwrap();
    for (person, name) in [("mei.tanaka", "mei"), ("priya.shah", "priya"), ("sven.olsen", "sven")] {
        let file = format!("people/{person}.yaml");
        world.write(&file, &format!("{}emails: [{name}@northwind.example]\n", world.read(&file)));
    }
    // the server of this test is one of the organisation's own
    let api = hub.server.url();
    edit(&hub, "dualkey.yaml", &format!("id: {id}"), &format!("id: {id}, api: \"{api}\""));
    edit(&hub, "dualkey.yaml", &format!("id: {organization} "), &format!("id: {organization}, api: \"{api}\" "));
    edit(&hub, "domains/app-staging.yaml", "northwind/app", "northwind/shop");
    edit(&hub, ".github/actions/dualkey/pin", "source=\n", "source=https://forge.example/dualkey\n");
    edit(&hub, ".github/actions/dualkey/pin", "commit=\n", &format!("commit={COMMIT}\n"));
    world.write("roles/developer.yaml", ROLE);
    let (from, until) = (Hub::day(-60), Hub::day(200));
    let vendor = format!("name: Globex Ltd\nsponsor: priya.shah\ncontract: {{ from: {from}, until: {until} }}\n");
    world.write("vendors/globex.yaml", &vendor);
    (hub, id)
}

/// Committed, signed by two people, with a log.
fn founded() -> Home {
    let (hub, id) = made();
    let world = &hub.world;
    hub.run(&["lint"]).exits(0);
    world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
    world.git(&["remote", "add", "origin", "../origin.git"]);
    world.be("mei.tanaka");
    world.commit("Start the access repository");
    world.git(&["push", "-q", "-u", "origin", "main"]);
    for person in ["mei.tanaka", "priya.shah"] {
        hub.approve(&["--genesis", "HEAD"], person).exits(0);
    }
    let started = hub.run(&["audit", "init", "--genesis", "HEAD", "--log-key", "../log.key"]).exits(0);
    let anchor = started.stdout.lines().find_map(|line| line.trim().strip_prefix("DUALKEY_ANCHOR="));
    let hub = hub.anchored(anchor.unwrap().to_owned());
    let home = Home::served(hub, id);
    let checklist = home.hub.world.read("GITHUB.md");
    let admin =
        home.hub.server.world(|forge| forge.fine_grained_token("priyashah", "administration=write actions=write"));
    for command in gh::commands(&checklist) {
        let (status, answer) = gh::send(&home.hub.server.url(), &admin, &home.hub.world.repo(), &command);
        assert!((200..300).contains(&status), "{command}\n{answer}");
    }
    let mut doctor = home.hub.command(&["doctor", "--as-administrator", "--now", &home.hub.world.now]);
    doctor.env("DUALKEY_FORGE_TOKEN", &admin).env("GITHUB_API_URL", home.hub.server.url());
    finish(doctor).exits(0).says("no findings");
    home
}

/// The repository's own workflows, where a runner looks for them.
fn workflows(home: &Home) -> PathBuf {
    let files = home.hub.world.path("files");
    let mut copy = crate::support::scrubbed("cp", home.hub.world.root.path());
    copy.arg("-a").arg(home.hub.world.path("repo/.github")).arg(&files);
    finish(copy).exits(0);
    std::os::unix::fs::symlink("workflows", files.join("callers")).unwrap();
    files
}

#[test]
fn access_comes_and_goes_by_what_init_wrote() {
    let home = founded();
    let files = workflows(&home);
    let hub = &home.hub;
    let happens = |workflow: &str, event: &Event| home.happens(&files, workflow, event);
    let minute = || hub.server.clock().advance(SignedDuration::from_mins(1));
    home.keep_first_checkpoint();

    // somebody writes it by one command, as the README does
    let alice = hub.server.world(|forge| forge.account("alice-nw").unwrap().id);
    hub.world.git(&["switch", "-q", "-c", "alice"]);
    let account = format!("alice-nw:{alice}");
    hub.run(&[
        "new",
        "alice.nguyen",
        "--name",
        "Alice Nguyen",
        "--vendor",
        "globex",
        "--github",
        &account,
        "--role",
        "developer",
        "--on",
        "app",
        "--for",
        "30d",
        "--reason",
        "Build the refund flow",
    ])
    .exits(0)
    .says("open a pull request");
    hub.world.commit("Let Alice Nguyen build the refund flow");
    hub.world.git(&["push", "-q", "origin", "alice"]);
    let number = home.open_pull("alice");
    let head = hub.world.rev("alice");
    let jobs = happens("dualkey-review.yml", &proposed(&home, &head));
    says(jobs[0].succeeds(), "Plan", "alice.nguyen github repository northwind/shop push");
    says(jobs[1].succeeds(), "Verify", "no-approval");

    // what isn't approved can't be merged
    let refused = || hub.server.world(|forge| forge.try_merge("access", number, Method::Merge, "mei-tanaka").is_err());
    assert!(refused());
    minute();
    hub.server.world(|forge| forge.approve("access", number, "priyashah"));
    assert!(refused(), "the check is still the old one");
    let jobs = happens("dualkey-review.yml", &proposed(&home, &head));
    says(jobs[1].succeeds(), "Verify", "approved by priya.shah");
    minute();
    home.merge("alice", number);

    let jobs = happens("dualkey-apply.yml", &event("push"));
    says(jobs[0].succeeds(), "Apply", "grant alice.nguyen github repository northwind/shop push");
    hub.server.world(|forge| forge.accept("alice-nw"));
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"));

    // nobody does anything more, and the hour comes in which it is over
    hub.server.clock().advance(SignedDuration::from_hours(24 * 40));
    let jobs = happens("dualkey-apply.yml", &event("schedule"));
    says(jobs[1].succeeds(), "End what is over", "revoke alice.nguyen github repository northwind/shop push");
    assert_eq!(hub.may("alice-nw", "shop"), None);
    let audit = hub.run(&["audit", "verify"]).exits(0);
    assert!(audit.stdout.contains("entries"), "{}", audit.stdout);
}
