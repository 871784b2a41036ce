//! `dualkey fmt`: one style, the same meaning, every comment; and what can't be read or proven is left alone.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{ALICE_GRANT, World, files};

const GRANT: &str = "grants/payments/bob-checkout.yaml";

/// The same grant in another order, with a comment, quotes and spaces.
fn untidy(world: &World) -> String {
    let text = world.read(GRANT);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.reverse();
    lines
        .iter_mut()
        .filter(|line| line.starts_with("role:"))
        .for_each(|line| *line = "role:   'developer'   # writes".into());
    format!("# why bob\n\n{}\n\n", lines.join("\n"))
}

#[test]
fn a_file_is_written_in_one_style() {
    let world = World::new();
    world.dualkey(&["fmt"]).exits(0);
    world.commit("In one style");
    let before = world.read(GRANT);
    world.write(GRANT, &untidy(&world));
    let path = world.repo().join(GRANT);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let untidy = world.read(GRANT);
    // what would change is shown, and nothing is written
    let checked = world.dualkey(&["fmt", "--check"]).exits(1).says("-role:   'developer'   # writes").says("1 of ");
    assert!(checked.stdout.contains(&format!("--- {GRANT}\n+++ {GRANT}\n@@ ")), "{}", checked.stdout);
    assert_eq!(world.read(GRANT), untidy);
    world.dualkey(&["fmt", "people", "roles/developer.yaml"]).exits(0).says("nothing to format");
    world.dualkey(&["fmt", "grants"]).exits(0).says("formatted 1 of ").says(GRANT);
    let role = "role: developer       # writes\n";
    assert_eq!(world.read(GRANT), format!("# why bob\n\n{}", before.replace("role: developer\n", role)));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    // once is enough, and the plan sees no change
    world.dualkey(&["fmt", "--check"]).exits(0).says("nothing to format");
    world.timed(&["plan"]).says("nobody gains or loses access");
}

#[test]
fn what_is_wrong_is_left_alone() {
    let world = World::new();
    world.dualkey(&["fmt"]).exits(0);
    world.write(GRANT, "role: developer\nrole:   reader\n");
    world.write("grants/loose.yaml", &ALICE_GRANT.replace("role: developer", "role:   developer"));
    symlink("../../people/bob.keller.yaml", world.repo().join("grants/payments/link.yaml")).unwrap();
    let before = files(&world.repo().join("people"));
    let ran = world.dualkey(&["fmt"]).exits(1).says("error[duplicate-key]").says("error[unsafe-path]");
    assert!(ran.stdout.contains("formatted 1 of "), "{}", ran.stdout);
    assert_eq!(world.read(GRANT), "role: developer\nrole:   reader\n");
    assert_eq!(world.read("grants/loose.yaml"), ALICE_GRANT);
    assert_eq!(files(&world.repo().join("people")), before);
    world.dualkey(&["fmt", "grants/payments/link.yaml"]).exits(1).says("error[unsafe-path]");
    // nothing is left beside the files
    assert!(files(&world.repo().join("grants")).keys().all(|path| path.extension().is_some_and(|e| e == "yaml")));
    world.dualkey(&["fmt", "nowhere.yaml"]).exits(2).says("no access file stands there");
    world.dualkey(&["fmt", "../log.key"]).exits(2).says("is not in the access repository");
}

#[test]
fn a_text_comes_and_goes() {
    let world = World::new();
    let given = |args: &[&str], text: &str| {
        let path = world.path("given");
        std::fs::write(&path, text).unwrap();
        let mut command = world.command(&world.repo());
        command.args(args).stdin(std::fs::File::open(path).unwrap());
        crate::support::finish(command)
    };
    let before = files(&world.repo());
    let ran = given(&["fmt", "--stdin", "people/ann.yaml"], "type:  employee # for now\nname: 'Ann'\n").exits(0);
    assert_eq!(ran.stdout, "name: Ann\ntype: employee  # for now\n");
    let ran = given(&["fmt", "--stdin", "people/ann.yaml"], "type: employee\ntype: service\n").exits(1);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("error[duplicate-key]"), "{}", ran.stderr);
    given(&["fmt", "--stdin", "--check", "people/ann.yaml"], "type: employee\nname: Ann\n").exits(1).says("+name: Ann");
    given(&["fmt", "--stdin", "--check", "people/ann.yaml"], "name: Ann\ntype: employee\n").exits(0);
    given(&["fmt", "--stdin"], "").exits(2).says("needs the one path");
    given(&["fmt", "--stdin", "notes.txt"], "").exits(2);
    assert_eq!(files(&world.repo()), before);
}

#[test]
fn what_the_program_writes_is_in_the_style() {
    let world = World::new();
    world.dualkey(&["fmt"]).exits(0);
    let args = "new ann.lee --name Ann, --vendor globex --github ann-lee:77 --role developer --on payments-api --for 2w --reason x, --ticket X-1";
    world.timed(&args.split(' ').collect::<Vec<_>>());
    assert!(world.read("people/ann.lee.yaml").contains("name: Ann,\n"));
    world.dualkey(&["fmt", "--check"]).exits(0);
    let admin = format!("priya.shah={}.pub", crate::support::key("priya.shah").display());
    let init = ["init", "fresh", "--organization", "fresh", "--admin", &admin];
    world.timed_in(world.root.path(), &init).exits(0);
    world.dualkey_in(&world.path("fresh"), &["fmt", "--check"]).exits(0);
}

/// Every sample that the project has: the demo's company, the pack, and what the README shows.
#[test]
fn every_sample_can_be_written() {
    let world = World::new();
    world.dualkey(&["fmt"]).exits(0);
    world.timed(&["lint"]).exits(0);
    world.timed(&["plan"]).says("nobody gains or loses access");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = World::new();
    for name in ["approvals", "duties", "least-privilege"] {
        let text = std::fs::read_to_string(root.join(format!("policies/{name}.yaml"))).unwrap();
        fresh.write(&format!("policies/pack-{name}.yaml"), &text);
    }
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut shown = 0;
    for block in readme.split("```yaml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let first = text.lines().next().unwrap_or_default();
        let Some(path) = first.strip_prefix("# ").and_then(|rest| rest.split_whitespace().next()) else { continue };
        if path.ends_with(".yaml") && !path.starts_with('.') {
            fresh.write(path, text);
            shown += 1;
        }
    }
    assert!(shown >= 9, "the README shows only {shown} files");
    fresh.dualkey(&["fmt"]).exits(0);
    fresh.dualkey(&["fmt", "--check"]).exits(0);
}
