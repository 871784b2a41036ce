//! A real repository on disk, and the same seen over the interface.

use crate::client::Client;
use crate::story::{access, evidence, landings, minutes, movements, reviews, served};
use github_standin::World;
use github_standin::world::{Draft, Enforcement, Method};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository in a folder of its own, which is removed in the end.
struct Clone(PathBuf);

impl Drop for Clone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Clone {
    fn new(name: &str) -> Clone {
        let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&at).unwrap();
        let clone = Clone(at);
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        clone
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.0)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .args(["-c", "user.name=Nobody", "-c", "user.email=nobody@northwind.example"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, by: &str, path: &str, text: &str, more: &[&str]) -> String {
        let at = self.0.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
        self.git(&["add", "--all"]);
        let email = format!("user.email={by}@northwind.example");
        let name = format!("user.name={by}");
        let message = format!("Write {path}");
        let arguments =
            [&["-c", &name, "-c", &email][..], more, &["commit", "--quiet", "--message", &message]].concat();
        self.git(&arguments);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// A world whose repository `real` has what a clone has, and people whose addresses the clone uses.
fn told(clone: &Clone) -> World {
    let mut world = access();
    world.add_repository("real");
    for login in ["ada", "cleo", "dan", "bo"] {
        world.add_email(login, &format!("{login}@northwind.example"));
        world.grant(login, "real", "write");
    }
    clone.commit("ada", "README.md", "Access\n", &[]);
    world.sync("real", &clone.0, "ada");
    world
}

#[test]
fn a_clone_and_the_interface_see_the_same() {
    let clone = Clone::new("same");
    let mut world = told(&clone);
    clone.git(&["switch", "--quiet", "--create", "add-eve"]);
    let head = clone.commit("cleo", "people/eve.yaml", "name: Eve\n", &[]);
    minutes(&mut world, 1);
    world.sync("real", &clone.0, "cleo");
    let number = world.open_pull("real", "add-eve", "main", "cleo");
    world.approve("real", number, "dan");
    // something else comes to main, and the branch is made anew on top of it
    clone.git(&["switch", "--quiet", "main"]);
    let main = clone.commit("bo", "people/bo.yaml", "name: Bo\n", &[]);
    world.sync("real", &clone.0, "bo");
    clone.git(&["rebase", "--quiet", "main", "add-eve"]);
    let anew = clone.git(&["rev-parse", "add-eve"]);
    minutes(&mut world, 1);
    world.sync("real", &clone.0, "cleo");
    assert_eq!(world.pull("real", number).reviews[0].commit, anew);
    // a merge that was made there as GitHub would have
    clone.git(&["switch", "--quiet", "--detach", "main"]);
    clone.git(&["merge", "--quiet", "--no-ff", "--message", "Merge", "add-eve"]);
    let merged = clone.git(&["rev-parse", "HEAD"]);
    clone.git(&["branch", "--force", "main", &merged]);
    world.fetch("real", &clone.0);
    assert_eq!(world.branch("real", "main").as_deref(), Some(main.as_str()));
    world.merge_pull_as("real", number, Method::Merge, "dan", &merged);
    world.sync("real", &clone.0, "ada");
    let told: Vec<(&str, &str)> =
        world.activities("real").iter().map(|it| (it.branch.as_str(), it.after.as_str())).collect();
    let [root, ..] = told[..] else { panic!("nothing moved") };
    assert_eq!(root.0, "main");
    assert_eq!(told[1..], [("add-eve", head.as_str()), ("main", &main), ("add-eve", &anew), ("main", &merged),]);
    let token = world.actions_token("real", "contents=read pull_requests=read");
    let server = crate::world::server(world);
    let query = "query($oid:GitObjectID!){repository(owner:\"northwind\",name:\"real\"){object(oid:$oid){...on Commit{
        parents(first:2){nodes{oid}} author{email user{login}} signature{state}
        associatedPullRequests(first:5){nodes{number}}}}}}";
    let seen = Client::new(&server, &token).query(query, json!({ "oid": anew }));
    let commit = &seen.body["data"]["repository"]["object"];
    assert_eq!((&commit["author"]["user"]["login"], &commit["signature"]), (&json!("cleo"), &Value::Null));
    assert_eq!(commit["parents"]["nodes"], json!([{ "oid": main }]));
    assert_eq!(commit["associatedPullRequests"]["nodes"], json!([{ "number": number }]));
}

#[test]
fn signatures_are_checked_by_the_keys_of_accounts() {
    let clone = Clone::new("signed");
    let mut world = told(&clone);
    let key = |name: &str| {
        let at = clone.0.join(".git").join(name);
        let path = at.to_str().unwrap().to_owned();
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path]).status();
        assert!(made.expect("ssh-keygen is needed to make a key").success());
        (format!("user.signingKey={path}"), std::fs::read_to_string(at.with_extension("pub")).unwrap())
    };
    let ((own, public), (unknown, _)) = (key("own"), key("unknown"));
    world.add_signing_key("cleo", &public);
    let sign = |key: &str| ["-c", "gpg.format=ssh", "-c", key, "-c", "commit.gpgSign=true"].map(str::to_owned);
    let mut states = Vec::new();
    for (by, key) in [("cleo", Some(&own)), ("dan", Some(&own)), ("cleo", Some(&unknown)), ("cleo", None)] {
        let more = key.map(|key| sign(key).to_vec()).unwrap_or_default();
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let oid = clone.commit(by, "people/eve.yaml", &format!("round: {}\n", states.len()), &more);
        world.sync("real", &clone.0, "ada");
        let signature = world.commit("real", &oid).unwrap().signature.clone();
        states.push(signature.map(|it| (it.state, it.ssh, it.signer.is_some())));
    }
    let state = |word: &str, signer: bool| Some((word.to_owned(), true, signer));
    assert_eq!(states, [state("VALID", true), state("BAD_EMAIL", true), state("UNKNOWN_KEY", false), None]);
}

#[test]
fn a_commit_of_a_clone_can_stand_for_one_that_was_made_on_the_web() {
    let clone = Clone::new("web");
    let mut world = told(&clone);
    let oid = clone.commit("cleo", "people/eve.yaml", "name: Eve\n", &[]);
    // an object that stands in place of another is the clone's own affair
    clone.git(&["replace", &oid, "HEAD~1"]);
    world.sync("real", &clone.0, "cleo");
    let commit = world.commit("real", &oid).unwrap().clone();
    assert_eq!((commit.files.len(), commit.via_web, &commit.signature), (2, false, &None));
    world.mark_as_made_on_the_web("real", &oid);
    let marked = world.commit("real", &oid).unwrap();
    assert_eq!((marked.author.name.as_str(), marked.committer.name.as_str()), ("cleo", "GitHub"));
    assert!(marked.via_web && marked.signature.as_ref().is_some_and(|signature| signature.by_github));
    assert_eq!(marked.files, commit.files);
}

#[test]
fn a_push_from_a_clone_is_refused_by_rules_too() {
    let clone = Clone::new("refused");
    let mut world = told(&clone);
    let guard = world.add_ruleset("real", "guard", "main", vec![github_standin::world::Rule::NonFastForward]);
    clone.commit("cleo", "a", "1\n", &[]);
    world.sync("real", &clone.0, "cleo");
    clone.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let refused = world.try_sync("real", &clone.0, "cleo").unwrap_err();
    assert!(refused.message.ends_with("Cannot force-push to this protected branch."), "{refused:?}");
    world.change_ruleset("real", guard, |set| set.enforcement = Enforcement::Disabled);
    world.sync("real", &clone.0, "cleo");
    clone.git(&["branch", "gone"]);
    world.sync("real", &clone.0, "cleo");
    clone.git(&["branch", "--delete", "gone"]);
    let keep = world.add_ruleset("real", "keep", "gone", vec![github_standin::world::Rule::Deletion]);
    let refused = world.try_sync("real", &clone.0, "dan").unwrap_err();
    assert!(refused.message.ends_with("Cannot delete this protected branch."), "{refused:?}");
    world.change_ruleset("real", keep, |set| set.enforcement = Enforcement::Disabled);
    world.sync("real", &clone.0, "dan");
    assert_eq!(world.branch("real", "gone"), None);
}

#[test]
fn one_branch_of_a_bare_repository_is_pushed_alone() {
    let clone = Clone::new("bare");
    let mut world = told(&clone);
    clone.git(&["branch", "other"]);
    let head = clone.commit("cleo", "a", "1\n", &[]);
    clone.git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
    world.sync_branch("real", &clone.0.join("bare.git"), "main", "cleo");
    assert_eq!((world.branch("real", "main"), world.branch("real", "other")), (Some(head), None));
}

#[test]
fn commits_that_a_test_makes_up_are_as_good() {
    let mut world = access();
    let main = world.branch("access", "main").unwrap();
    let one = Draft::on(&main, "cleo").write("a", "1\n").committed_by("dan").signed();
    let message = "One\n\nCo-authored-by: bo <bo@northwind.example>\n";
    world.add_email("bo", "bo@northwind.example");
    let oid = world.make_commit("access", &one.clone().message(message));
    assert_eq!(oid, world.make_commit("access", &one.message(message)));
    world.push("access", "try", &oid, "dan");
    let number = world.open_pull("access", "try", "main", "cleo");
    world.approve("access", number, "ada");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, number);
    let commit = &seen["commits"]["nodes"][0]["commit"];
    let logins: Vec<&Value> =
        commit["authors"]["nodes"].as_array().unwrap().iter().map(|it| &it["user"]["login"]).collect();
    assert_eq!(json!(logins), json!(["cleo", "bo"]));
    assert_eq!(commit["committer"]["user"]["login"], "dan");
    let signature = &commit["signature"];
    assert_eq!((&signature["__typename"], &signature["signer"]["login"]), (&json!("SshSignature"), &json!("dan")));
    assert_eq!(reviews(&seen), [("APPROVED", oid.as_str())]);
    assert_eq!(landings(&server, &token, &oid), [number]);
    assert_eq!(movements(&server, &token, "try")[0].0, "branch_creation");
}
