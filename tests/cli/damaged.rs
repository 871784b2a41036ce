//! A clone that a power cut or a bad disk left damaged: told as such, and never a program that fails or doesn't come back.

use std::fs;
use std::path::PathBuf;

use crate::support::World;

const COMMANDS: [&[&str]; 3] =
    [&["lint", "--rev", "main"], &["plan", "--base", "main", "--head", "alice"], &["verify"]];

/// Where the object of a revision lies loose.
fn loose(world: &World, rev: &str) -> PathBuf {
    let oid = world.rev(rev);
    world.repo().join(".git/objects").join(&oid[..2]).join(&oid[2..])
}

/// Every command ends as one that could not judge, and says what to run.
fn is_told(world: &World, commands: &[&[&str]]) {
    for command in commands {
        let ran = world.timed(command);
        assert!(matches!(ran.code, 1 | 3 | 5), "{command:?} ended with {}: {}", ran.code, ran.stderr);
        ran.says("git fsck");
    }
}

#[test]
fn a_loose_object_that_is_cut_short_is_told() {
    let world = World::new();
    world.let_alice_in("alice");
    for rev in ["main", "main^{tree}", "main:dualkey.yaml", "main:people"] {
        let path = loose(&world, rev);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for length in [whole.len() - 1, whole.len() / 2, 0] {
            fs::write(&path, &whole[..length]).unwrap();
            is_told(&world, &COMMANDS);
            fs::remove_file(&path).unwrap();
        }
        fs::write(&path, &whole).unwrap();
    }
    world.timed(&["verify"]).exits(0);
}

#[test]
fn an_index_of_a_pack_that_leads_astray_is_told() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["gc", "-q", "--prune=now"]);
    let packs = fs::read_dir(world.repo().join(".git/objects/pack")).unwrap();
    let path =
        packs.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "idx")).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let count = u32::from_be_bytes(whole[8 + 255 * 4..8 + 256 * 4].try_into().unwrap()) as usize;
    let offsets = 8 + 1024 + count * 24;
    // every object is looked for at one place: at the start, within another, behind the end
    for place in [0_u32, 12, 13, 14, 15, 20, 33, 100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let mut bytes = whole.clone();
        for at in 0..count {
            bytes[offsets + at * 4..offsets + at * 4 + 4].copy_from_slice(&place.to_be_bytes());
        }
        fs::write(&path, bytes).unwrap();
        for command in COMMANDS {
            let ran = world.timed(command);
            assert!(matches!(ran.code, 1 | 2 | 3 | 5), "{place}: {command:?}: {} {}", ran.code, ran.stderr);
            assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        }
        fs::remove_file(&path).unwrap();
    }
    for length in [0, 7, 100, 1032, offsets, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        for command in COMMANDS {
            let ran = world.timed(command);
            assert!(matches!(ran.code, 1 | 2 | 3 | 5), "{length}: {command:?}: {} {}", ran.code, ran.stderr);
        }
        fs::remove_file(&path).unwrap();
    }
    fs::write(&path, whole).unwrap();
    world.timed(&["verify"]).exits(0);
}
