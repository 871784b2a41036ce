//! Somebody's keys and accounts: whose word replaces them, and what is no such word.

use super::{applied, branch, edit, merge};
use crate::support::{World, key, public_key};

const PRIYA: &str = "people/priya.shah.yaml";

/// Shows that a new key is to be a person's.
fn prove(world: &World, person: &str, new: &str) {
    let file = key(new);
    world.timed(&["approve", "--prove-key", "--as", person, "--key", file.to_str().unwrap(), "--yes"]).exits(0);
}

/// Replaces Priya's key by another one in the work tree.
fn replaced(world: &World, by: &str) {
    edit(world, PRIYA, &public_key("priya.shah"), &public_key(by));
}

/// The change is refused until somebody more approves, and lands then.
#[track_caller]
fn asks_for_one_more(world: &World, head: &str) {
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve(head, person).exits(0);
    }
    world.timed(&["verify", "--head", head]).exits(1).says("refused[quorum-not-met]").says("without their word");
    world.approve(head, "lena.vogt").exits(0);
    world.timed(&["verify", "--head", head]).exits(0);
}

/// A new branch on which Priya commits and signs something.
fn by_priya(world: &World, name: &str, on: &str, change: impl FnOnce(&World)) {
    world.git(&["switch", "-q", "-c", name, on]);
    world.be("priya.shah");
    change(world);
    world.commit(name);
    world.be("tom.reed");
    world.git(&["push", "-q", "origin", name]);
}

#[test]
fn a_signature_on_another_commit_is_no_word_about_keys() {
    let world = applied();
    by_priya(&world, "unrelated", "main", |world| world.write("notes.txt", "hello\n"));
    world.git(&["switch", "-q", "-c", "stolen", "unrelated"]);
    replaced(&world, "mallory");
    world.commit("Rotate her key");
    prove(&world, "priya.shah", "mallory");
    asks_for_one_more(&world, "stolen");
}

#[test]
fn a_merge_that_she_signed_is_no_word_about_what_it_brings() {
    let world = applied();
    branch(&world, "stolen", |world| replaced(world, "mallory"));
    by_priya(&world, "hers", "main", |world| world.write("notes.txt", "hello\n"));
    world.be("priya.shah");
    world.git(&["merge", "-q", "--no-ff", "-m", "Update", "stolen"]);
    world.be("tom.reed");
    prove(&world, "priya.shah", "mallory");
    asks_for_one_more(&world, "hers");
}

#[test]
fn her_commit_speaks_for_exactly_what_it_makes() {
    let world = applied();
    prove(&world, "priya.shah", "priya.new");
    by_priya(&world, "rotate", "main", |world| replaced(world, "priya.new"));
    // another's commit on top makes something else of it
    world.git(&["switch", "-q", "-c", "more", "rotate"]);
    edit(&world, PRIYA, "priya@northwind.example]", "priya@northwind.example, p@evil.example]");
    world.commit("Another address");
    asks_for_one_more(&world, "more");
    // copied by somebody else it is that one's
    world.git(&["switch", "-q", "-c", "copied", "main"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "Meanwhile"]);
    world.git(&["cherry-pick", "rotate"]);
    asks_for_one_more(&world, "copied");
    // taken back it is none, whatever is put on top
    world.approve_with(&["--head", "rotate", "--withdraw"], "priya.shah").exits(0).says("took back");
    world.git(&["switch", "-q", "-c", "on-top", "rotate"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    asks_for_one_more(&world, "on-top");
}

#[test]
fn her_own_commit_lands_once() {
    let world = applied();
    prove(&world, "priya.shah", "priya.new");
    prove(&world, "priya.shah", "priya.shah");
    by_priya(&world, "rotate", "main", |world| replaced(world, "priya.new"));
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("rotate", person).exits(0);
    }
    // a squash keeps nothing of the commit in the history of main
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "rotate"]);
    world.commit("Squash");
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["verify"]).exits(0);
    // she takes the old key back, since the new one was stolen
    branch(&world, "back", |world| edit(world, PRIYA, &public_key("priya.new"), &public_key("priya.shah")));
    for person in ["mei.tanaka", "sven.olsen", "lena.vogt"] {
        world.approve("back", person).exits(0);
    }
    merge(&world, "back");
    world.timed(&["apply"]).exits(0);
    // her commit from before does the same as it did, and says nothing any more
    world.git(&["switch", "-q", "-c", "again", "rotate"]);
    world.git(&["merge", "-q", "-s", "ours", "-m", "Update", "main"]);
    world.git(&["push", "-q", "origin", "again"]);
    asks_for_one_more(&world, "again");
}

#[test]
fn who_only_moves_or_deletes_their_file_says_nothing_of_its_keys() {
    let world = applied();
    prove(&world, "priya.shah", "mallory");
    let given = world.read(PRIYA).replace(&public_key("priya.shah"), &public_key("mallory"));
    let moved = "people/payments/priya.shah.yaml";
    for (name, does) in [("tidy", "mv"), ("leave", "rm")] {
        by_priya(&world, name, "main", |world| {
            world.write("people/payments/.gitkeep", "");
            let to: &[&str] = if does == "mv" { &[moved] } else { &[] };
            world.git(&[&[does, PRIYA], to].concat());
        });
        let on_top = format!("{name}-stolen");
        world.git(&["switch", "-q", "-c", &on_top, name]);
        world.write(moved, &given);
        world.commit("Rotate her key");
        asks_for_one_more(&world, &on_top);
    }
}

#[test]
fn her_commit_speaks_wherever_her_file_stands() {
    let world = applied();
    prove(&world, "priya.shah", "priya.new");
    branch(&world, "tidy", |world| {
        world.write("people/payments/.gitkeep", "");
        world.git(&["mv", PRIYA, "people/payments/priya.shah.yaml"]);
    });
    by_priya(&world, "moved", "tidy", |world| {
        edit(world, "people/payments/priya.shah.yaml", &public_key("priya.shah"), &public_key("priya.new"));
    });
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("moved", person).exits(0);
    }
    world.timed(&["verify", "--head", "moved"]).exits(0);
}

#[test]
fn every_address_of_a_co_author_line_is_a_party() {
    let world = World::new();
    world.let_alice_in("alice");
    for line in [
        "Co-authored-by: Tom <tom@northwind.example>, Priya <priya@northwind.example>",
        "CO-AUTHORED-BY: tom@northwind.example, PRIYA@northwind.example",
        "Co-authored-by: Tom <tom@northwind.example>,\n  Priya <priya@northwind.example>",
        "co_authored_by: Priya <priya@northwind.example> Tom <tom@northwind.example>",
        "Co-developed-by: Priya <priya@northwind.example>",
        "Co-author: Priya <priya@northwind.example>",
        "Co-authored-by\u{ff1a} Priya <priya@northwind.example>",
    ] {
        world.git(&["commit", "-q", "--amend", "-m", &format!("Let Alice in\n\n{line}")]);
        world.approve("alice", "priya.shah").exits(3).says("approver-is-author");
    }
}

/// An employee who approves nothing and holds nothing, with a key of this name.
fn carl(key: &str) -> String {
    format!("name: Carl X\ntype: employee\nemails: [carl@northwind.example]\nkeys: [\"{}\"]\n", public_key(key))
}

const CARL: &str = "people/carl.x.yaml";

/// Lands a change of Carl's file, or its removal, with these approvals.
fn land_carl(world: &World, name: &str, text: Option<&str>, by: &[&str]) {
    branch(world, name, |world| match text {
        Some(text) => world.write(CARL, text),
        None => drop(world.git(&["rm", "-q", CARL])),
    });
    for person in by {
        world.approve(name, person).exits(0);
    }
    merge(world, name);
    world.timed(&["verify"]).exits(0);
}

/// A world that Carl came to and left by these steps, each applied; then he comes back with another's key.
fn comes_back(steps: &[(&str, Option<String>)]) -> World {
    let world = applied();
    prove(&world, "carl.x", "carl.x");
    prove(&world, "carl.x", "mallory");
    land_carl(&world, "carl", Some(&carl("carl.x")), &["mei.tanaka"]);
    for (name, text) in steps {
        land_carl(&world, name, text.as_deref(), &["mei.tanaka", "sven.olsen"]);
        world.timed(&["apply"]).exits(0);
    }
    branch(&world, "back", |world| world.write(CARL, &carl("mallory")));
    world
}

#[test]
fn to_leave_and_come_back_with_other_keys_replaces_them() {
    let ended = carl("carl.x") + "ended: 2026-11-22\n";
    let keyless = carl("carl.x").lines().filter(|line| !line.starts_with("keys")).collect::<Vec<_>>().join("\n") + "\n";
    for steps in [
        &[("away", None)][..],
        &[("ended", Some(ended)), ("away", None)],
        // without any key there is nothing to replace, but there was
        &[("away", None), ("keyless", Some(keyless))],
    ] {
        let world = comes_back(steps);
        let told = "replaces the keys of carl.x, who had others when last here: one person more is asked for";
        for format in ["text", "markdown"] {
            let plan = world.timed(&["plan", "--head", "back", "--format", format]).exits(0).stdout;
            assert!(plan.replace('`', "").replace("\n    ", " ").contains(told), "{plan}");
        }
        assert_eq!(world.timed(&["plan", "--head", "back", "--format", "json"]).json()["beside"]["count"], 1);
        world.approve("back", "mei.tanaka").exits(0);
        let refused = world.timed(&["verify", "--head", "back"]).exits(1).says("refused[quorum-not-met]");
        refused.says("own-keys-changed: `carl.x` had other keys or accounts when last here");
        world.approve("back", "lena.vogt").exits(0);
        merge(&world, "back");
        world.timed(&["verify"]).exits(0);
        // the log says the same of it later
        world.timed(&["apply"]).exits(0);
        world.timed(&["verify"]).exits(0);
    }
}

#[test]
fn to_come_back_with_the_same_keys_replaces_nothing() {
    let world = comes_back(&[("away", None)]);
    branch(&world, "same", |world| world.write(CARL, &carl("carl.x")));
    let plan = world.timed(&["plan", "--head", "same"]).exits(0).stdout;
    assert!(!plan.contains("replaces the keys"), "{plan}");
    world.approve("same", "mei.tanaka").exits(0);
    world.timed(&["verify", "--head", "same"]).exits(0);
    // what nobody approved says nothing of who was here: the key that was pushed unseen isn't the one that he had last
    world.git(&["switch", "-q", "main"]);
    world.write(CARL, &carl("mallory"));
    super::direct(&world, "Unseen");
    world.git(&["rm", "-q", CARL]);
    super::direct(&world, "And gone");
    world.timed(&["apply"]).exits(0);
    branch(&world, "again", |world| world.write(CARL, &carl("mallory")));
    world.timed(&["plan", "--head", "again"]).exits(0).says("replaces the keys of carl.x");
}

/// Carl's file as it is under another name.
fn renamed(key: &str) -> String {
    carl(key).replace("Carl X", "Carl X-Y")
}

const RENAMED: &str = "people/carl.x-y.yaml";

#[test]
fn another_name_with_the_same_accounts_replaces_keys_too() {
    let told = "gives carl.x-y accounts or e-mails of carl.x, who had other keys: one person more is asked for";
    // at once, or after he left
    for at_once in [true, false] {
        let world = applied();
        for (person, with) in [("carl.x", "carl.x"), ("carl.x-y", "carl.x"), ("carl.x-y", "mallory")] {
            prove(&world, person, with);
        }
        land_carl(&world, "carl", Some(&carl("carl.x")), &["mei.tanaka"]);
        if !at_once {
            land_carl(&world, "away", None, &["mei.tanaka"]);
            world.timed(&["apply"]).exits(0);
        }
        for (name, with) in [("same", "carl.x"), ("other", "mallory")] {
            branch(&world, name, |world| {
                if at_once {
                    world.git(&["rm", "-q", CARL]);
                }
                world.write(RENAMED, &renamed(with));
            });
            world.approve(name, "mei.tanaka").exits(0);
        }
        // who is called otherwise and has the same key is no other
        world.timed(&["verify", "--head", "same"]).exits(0);
        for format in ["text", "markdown"] {
            let plan = world.timed(&["plan", "--head", "other", "--format", format]).exits(0).stdout;
            assert!(plan.replace('`', "").replace("\n    ", " ").contains(told), "{plan}");
        }
        let refused = world.timed(&["verify", "--head", "other"]).exits(1).says("refused[quorum-not-met]");
        refused.says("`carl.x-y` comes with accounts or e-mails of `carl.x`, who had other keys");
        world.approve("other", "lena.vogt").exits(0);
        merge(&world, "other");
        world.timed(&["verify"]).exits(0);
        // the log says the same of it later
        world.timed(&["apply"]).exits(0);
        world.timed(&["verify"]).exits(0);
    }
}

#[test]
fn a_key_is_not_shown_to_be_of_somebody_misspelt() {
    let world = World::new();
    let file = key("priya.shah");
    let prove = ["approve", "--prove-key", "--as", "priya.sha", "--key", file.to_str().unwrap(), "--yes"];
    world.timed(&prove).exits(2).says("did you mean `priya.shah`?");
}
