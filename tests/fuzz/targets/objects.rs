//! Trees and commits from raw bytes, and the paths that they name.

#![no_main]
#![allow(dead_code, reason = "the module is the program's own, of which only the readers are called")]

use dualkey::access::reading::{FileKind, parse, read};
use dualkey::repository::{Oid, RepoPath, is_managed};
use libfuzzer_sys::fuzz_target;

#[path = "../../../src/repository/objects.rs"]
mod objects;

fuzz_target!(|data: &[u8]| {
    if let Ok(entries) = objects::parse_tree(data) {
        let size: usize = entries.iter().map(|entry| entry.name.len() + 22).sum();
        assert!(size <= data.len());
        for entry in entries {
            if let Ok(name) = String::from_utf8(entry.name) {
                path(&name);
                path(&format!("grants/{name}"));
            }
        }
    }
    let oid = Oid::from_bytes([7; 20]);
    let links = objects::parse_links(data);
    if let Ok(commit) = objects::parse_commit(oid, data) {
        let links = links.expect("what is a commit has links");
        assert_eq!((commit.tree, &commit.parents), (links.tree, &links.parents));
        if let Some(signature) = commit.signature {
            assert!(signature.payload.len() < data.len());
            let unsigned = objects::parse_commit(oid, &signature.payload).expect("what is signed is a commit");
            assert!(unsigned.signature.is_none());
            assert_eq!((unsigned.tree, unsigned.parents, unsigned.author), (commit.tree, commit.parents, commit.author));
        }
    }
});

fn path(text: &str) {
    if let Ok(path) = RepoPath::parse(text) {
        assert_eq!(path.as_str(), text);
        let _ = is_managed(text);
        let _ = FileKind::of_path(text);
        let _ = read(text, b"to: []".as_slice(), 6);
        let _ = parse(FileKind::Grant, "grant.yaml", text.as_bytes(), text.len() as u64);
    }
}
