//! What somebody pushes into the ref of the log: it is known by its signature, whatever it unfolds to.

use dualkey::audit::Hash;

use super::bombs::git_with;
use super::odd::with_targets;
use super::{ends_by, origin};
use crate::only_ends::over;
use crate::support::World;

const LOG: &str = "refs/dualkey/audit";

/// The entries of the log, as its only bundle holds them.
fn leaves(world: &World) -> Vec<Vec<u8>> {
    let path = world.git_in(&origin(world), &["ls-tree", "-r", "--name-only", LOG, "tile/entries/"]);
    let name = format!("{LOG}:{}", path.trim());
    let bytes = crate::support::scrubbed("git", world.root.path())
        .current_dir(origin(world))
        .args(["cat-file", "blob", &name])
        .output()
        .unwrap()
        .stdout;
    let mut rest = bytes.as_slice();
    let mut leaves = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (leaf, after) = after.split_at(u16::from_be_bytes(*length).into());
        leaves.push(leaf.to_vec());
        rest = after;
    }
    leaves
}

/// Entries as a bundle and their hashes as a tile, both written into the remote.
fn written(world: &World, leaves: &[&[u8]]) -> [String; 2] {
    let bundle: Vec<u8> =
        leaves.iter().flat_map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes()[..], leaf].concat()).collect();
    let hashes: Vec<u8> = leaves.iter().flat_map(|leaf| Hash::of_leaf(leaf).0).collect();
    [bundle, hashes].map(|bytes| git_with(world, &["hash-object", "-w", "--stdin"], &bytes))
}

/// A folder of a thousand thousand tiles, of which the first is `first` and all others are one.
fn unfolding(world: &World, first: &str, other: &str) -> String {
    let thousand = |first: &str, more: &str| {
        let files = (1..1000).map(|number| format!("100644 blob {other}\t{number:03}\n")).collect::<String>();
        git_with(world, &["mktree"], format!("100644 blob {first}\t000\n{files}{more}").as_bytes())
    };
    let inner = thousand(other, "");
    let folders: String = (1..1000).map(|number| format!("040000 tree {inner}\tx{number:03}\n")).collect();
    thousand(first, &folders)
}

/// Pushes a log of 256 million entries under a checkpoint that somebody made up.
fn push_millions(world: &World) {
    let leaves = leaves(world);
    // one that says the same wherever it stands
    let is_landing = |leaf: &&Vec<u8>| String::from_utf8_lossy(leaf).contains("\"type\":\"landing\"");
    let (genesis, other) = (&leaves[0], leaves.iter().find(is_landing).unwrap());
    let others = vec![other.as_slice(); 256];
    let mut first = others.clone();
    first[0] = genesis;
    let [first, other] = [written(world, &first), written(world, &others)];
    let entries = unfolding(world, &first[0], &other[0]);
    let hashes = unfolding(world, &first[1], &other[1]);
    let tiles = format!("040000 tree {hashes}\t0\n040000 tree {entries}\tentries\n");
    let tiles = git_with(world, &["mktree"], tiles.as_bytes());
    let known = world.git_in(&origin(world), &["show", &format!("{LOG}:checkpoint")]);
    let lines: Vec<&str> = known.lines().collect();
    let (name, root) = (lines[0], lines[2]);
    // another key's number, and a signature of nothing
    let signature = "AAAAAA".to_owned() + &"A".repeat(85) + "=";
    let made_up = format!("{name}\n256000000\n{root}\n\n\u{2014} {name} {signature}\n");
    let checkpoint = git_with(world, &["hash-object", "-w", "--stdin"], made_up.as_bytes());
    let root = format!("100644 blob {checkpoint}\tcheckpoint\n040000 tree {tiles}\ttile\n");
    let tree = git_with(world, &["mktree"], root.as_bytes());
    let commit = git_with(world, &["commit-tree", "-p", LOG, "-m", "x", &tree], b"");
    world.git_in(&origin(world), &["update-ref", LOG, &commit]);
}

#[test]
fn a_small_commit_that_unfolds_to_hundreds_of_millions_of_entries() {
    let world = over();
    push_millions(&world);
    ends_by(&world, "the copy of the log that this clone keeps").says("log-key-unknown");
    // whoever read all of that would not come back
    world.timed(&["apply"]).exits(3).says("log-key-unknown");
    world.timed(&["verify"]).exits(1).says("log-key-unknown");
    world.timed(&["drift"]).exits(3).says("log-key-unknown");
    world.dualkey(&["audit", "verify"]).exits(1).says("log-key-unknown");
}

/// A machine that has seen nothing, with what is held at the targets.
fn fresh(world: &World) -> std::path::PathBuf {
    world.git_in(world.root.path(), &["clone", "-q", origin(world).to_str().unwrap(), "fresh"]);
    with_targets(world, world.path("fresh"))
}

/// Commits on top of the log that hold none.
fn cover(world: &World, commits: usize) {
    let blob = git_with(world, &["hash-object", "-w", "--stdin"], b"x");
    let tree = git_with(world, &["mktree"], format!("100644 blob {blob}\tx\n").as_bytes());
    for _ in 0..commits {
        let commit = git_with(world, &["commit-tree", "-p", LOG, "-m", "x", &tree], b"");
        world.git_in(&origin(world), &["update-ref", LOG, &commit]);
    }
}

#[test]
fn what_lies_below_a_commit_that_holds_no_log_still_ends_what_is_over() {
    let mut world = World::told();
    world.now = "2027-02-01T09:00:00Z".to_owned();
    let kept = world.git_in(&origin(&world), &["show", &format!("{LOG}:checkpoint")]);
    let before = world.git_in(&origin(&world), &["rev-parse", LOG]);
    for commits in [1, 3] {
        cover(&world, commits);
        let clone = fresh(&world);
        let live = || std::fs::read_to_string(clone.join(".git/dualkey/github.json")).unwrap();
        assert!(live().contains("583231"));
        // what the genesis didn't declare yet ends all the same
        let ran = world.timed_in(&clone, &["apply", "--only-ends"]).exits(4).says("log-covered").says("alice.nguyen");
        ran.says(before.trim());
        assert!(!live().contains("583231"), "Alice still has access");
        world.timed_in(&clone, &["apply"]).exits(3).says("log-incomplete");
        std::fs::remove_dir_all(clone).unwrap();
        world.git_in(&origin(&world), &["update-ref", LOG, before.trim()]);
    }
    // a log that holds less than a checkpoint that is kept is not gone back to
    let first = world.git_in(&origin(&world), &["rev-list", "--first-parent", LOG]);
    let first = first.lines().last().unwrap().to_owned();
    world.git_in(&origin(&world), &["update-ref", LOG, &first]);
    cover(&world, 1);
    std::fs::write(world.path("kept.txt"), kept).unwrap();
    let clone = fresh(&world);
    let ran = world.timed_in(&clone, &["apply", "--only-ends", "--checkpoint", "../kept.txt"]).exits(4);
    ran.says("log-incomplete").says("by the genesis that the anchor names");
}
