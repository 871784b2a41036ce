//! What runs with the log's key: pipelines of any forge, and what settings name beside them.

use super::{branch, direct, edit, merge};
use crate::support::World;

/// Approves a change of class policy as two admins of the access repository.
fn approved(world: &World, name: &str) {
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve(name, person).exits(0);
    }
}

/// A world whose settings name `ci/**`, and which holds a script there.
fn naming() -> World {
    let world = World::new();
    branch(&world, "names", |world| {
        edit(world, "dualkey.yaml", "version: 1\n", "version: 1\nmanaged: [\"ci/**\"]\n");
        world.write("ci/deploy.sh", "dualkey apply\n");
    });
    approved(&world, "names");
    merge(&world, "names");
    world.timed(&["apply"]).exits(0);
    world
}

#[test]
fn nobody_changes_the_pipeline_of_any_forge_by_a_push() {
    let world = World::new();
    let start = world.rev("main");
    for path in [
        ".gitlab-ci.yml",
        ".gitlab/deploy.yml",
        ".forgejo/workflows/apply.yaml",
        ".gitea/workflows/apply.yaml",
        ".woodpecker.yml",
        ".woodpecker/apply.yaml",
        ".circleci/config.yml",
        ".buildkite/pipeline.yml",
        "Jenkinsfile",
        "jenkinsfile",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        ".travis.yml",
        ".builds/apply.yml",
        ".gitlab-ci-apply.yml",
        ".rwx/apply.yml",
        "docs/CODEOWNERS",
        ".gitmodules",
    ] {
        world.write(path, "# cat $DUALKEY_LOG_KEY\n");
        direct(&world, "Tidy up");
        world.timed(&["verify"]).exits(1).says("refused[no-approval]");
        let plan = world.timed(&["plan", "--base", &start, "--head", "main", "--format", "json"]).exits(0).json();
        let rules: Vec<&str> =
            plan["approvals"].as_array().unwrap().iter().map(|a| a["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, ["policy-1"], "{path}");
        world.git(&["rm", "-q", path]);
        direct(&world, "Put it back");
        world.timed(&["verify"]).exits(0).says("restored");
    }
}

#[test]
fn what_settings_name_is_changed_with_approval_alone() {
    let world = naming();
    world.write("ci/deploy.sh", "cat $DUALKEY_LOG_KEY\n");
    direct(&world, "Tidy up");
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world.timed(&["apply"]).exits(3);
    world.write("ci/deploy.sh", "dualkey apply\n");
    direct(&world, "Put it back");
    world.timed(&["verify"]).exits(0).says("restored");
    // a link in place of the folder is a change of it
    world.git(&["rm", "-q", "-r", "ci"]);
    std::os::unix::fs::symlink("README.md", world.repo().join("ci")).unwrap();
    direct(&world, "Link");
    world.timed(&["verify"]).exits(5).says("refused[landed-tree-invalid]").says("symbolic link");
}

#[test]
fn no_change_frees_itself_by_the_pattern_that_it_drops() {
    let world = naming();
    let drop = |world: &World| {
        edit(world, "dualkey.yaml", "managed: [\"ci/**\"]\n", "");
        world.write("ci/deploy.sh", "dualkey apply --only-ends\n");
    };
    branch(&world, "drops", drop);
    // the script is shown though it is managed no longer
    world.timed(&["plan", "--head", "drops"]).exits(0).says("ci/deploy.sh");
    approved(&world, "drops");
    // what lands is not what was approved
    world.git(&["switch", "-q", "main"]);
    drop(&world);
    world.write("ci/deploy.sh", "cat $DUALKEY_LOG_KEY\n");
    direct(&world, "Drop");
    world.timed(&["verify"]).exits(1).says("refused[");
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.git(&["push", "-q", "--force", "origin", "main"]);
    merge(&world, "drops");
    world.timed(&["verify"]).exits(0).says("approved");
    // from here on it is anybody's
    world.write("ci/deploy.sh", "true\n");
    direct(&world, "Free");
    world.timed(&["verify"]).exits(0).says("unmanaged");
    world.timed(&["apply"]).exits(0);
}

#[test]
fn a_pattern_that_comes_and_goes_by_pushes_holds_nothing_up() {
    let world = World::new();
    let settings = world.read("dualkey.yaml");
    edit(&world, "dualkey.yaml", "version: 1\n", "version: 1\nmanaged: [\"ci/**\"]\n");
    world.write("ci/deploy.sh", "one\n");
    direct(&world, "Comes");
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world.write("dualkey.yaml", &settings);
    direct(&world, "Goes");
    world.timed(&["verify"]).exits(0);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply"]).exits(0);
}

#[test]
fn what_landed_before_a_pattern_stays_landed() {
    let world = World::new();
    world.write("ci/deploy.sh", "one\n");
    direct(&world, "Free");
    world.timed(&["apply"]).exits(0);
    branch(&world, "names", |world| {
        edit(world, "dualkey.yaml", "version: 1\n", "version: 1\nmanaged: [\"ci/**\"]\n");
    });
    approved(&world, "names");
    // a script that others changed meanwhile was never shown with the pattern
    branch(&world, "stale", |world| world.write("ci/other.sh", "x\n"));
    merge(&world, "names");
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
    merge(&world, "stale");
    world.timed(&["verify"]).exits(1).says("refused[");
}

#[test]
fn a_pattern_that_means_nothing_is_told_with_its_place() {
    let world = World::new();
    let settings = world.read("dualkey.yaml");
    for (bad, why) in
        [("../ci", "`..`"), ("/ci", "slash"), ("ci/a**", "stands alone"), ("!ci", "no meaning"), ("", "empty")]
    {
        world.write("dualkey.yaml", &settings.replace("version: 1\n", &format!("version: 1\nmanaged: [\"{bad}\"]\n")));
        world.timed(&["lint"]).exits(1).says("error[schema]").says("dualkey.yaml:2:11").says(why);
    }
    let many: Vec<String> = (0..65).map(|n| format!("\"ci/{n}\"")).collect();
    let many = format!("version: 1\nmanaged: [{}]\n", many.join(", "));
    world.write("dualkey.yaml", &settings.replace("version: 1\n", &many));
    world.timed(&["lint"]).exits(1).says("error[schema]");
}

#[test]
fn attributes_hide_nothing_that_settings_name() {
    let world = naming();
    branch(&world, "hides", |world| world.write(".gitattributes", "*.sh linguist-generated\n"));
    world.timed(&["plan", "--head", "hides"]).exits(1).says("error[review-diff-hidden]");
    branch(&world, "macro", |world| {
        world.write(".gitattributes", "[attr]quiet -diff\n");
        world.write("grants/.gitattributes", "*.yaml quiet\n");
    });
    world.timed(&["plan", "--head", "macro"]).exits(1).says("error[review-diff-hidden]");
    world.approve("macro", "mei.tanaka").exits(3).says("review-diff-hidden");
}
