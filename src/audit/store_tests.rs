use std::path::PathBuf;

use rand_core::OsRng;

use super::super::record::{At, Drift, Genesis, Record, VERSION};
use super::super::testing::Memory;
use super::*;
use crate::repository::testing::Sandbox;
use crate::targets::KINDS;

const REFERENCE: &str = "refs/dualkey/audit";

fn key() -> LogKey {
    LogKey::generate("example.com/log", &mut OsRng).ok().unwrap()
}

fn genesis(key: &LogKey) -> Genesis {
    Genesis {
        version: VERSION,
        organization: "northwind".to_owned(),
        genesis: "4be1f27".repeat(6)[..40].to_owned(),
        tree: "0".repeat(40),
        log_key: key.verifier().to_string(),
        single: false,
        continues: Vec::new(),
        statements: Vec::new(),
        at: At(Timestamp::UNIX_EPOCH),
    }
}

fn drift() -> Vec<Record> {
    vec![Record::Drift(Drift { at: At(Timestamp::UNIX_EPOCH), operations: Vec::new(), operations_of: Vec::new() })]
}

/// Two clones of one bare remote.
fn clones() -> (Sandbox, PathBuf, [Repository; 2]) {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("a", "1")]);
    let bare = sandbox.beside("remote.git");
    sandbox.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    let url = format!("file://{}", bare.display());
    sandbox.git(&["push", "--quiet", &url, "main"]);
    let clones = ["one", "two"].map(|name| {
        let path = sandbox.beside(name);
        sandbox.git(&["clone", "--quiet", &url, path.to_str().unwrap()]);
        Repository::open(&path).unwrap()
    });
    (sandbox, bare, clones)
}

fn fresh<'r>(repository: &'r Repository) -> StateRefs<'r> {
    let refs = StateRefs::open(repository, None, "main").unwrap();
    refs.refresh(&[REFERENCE]).unwrap();
    refs
}

fn code(error: &StoreError) -> &'static str {
    error.refusal().code.id
}

#[test]
fn a_log_is_begun_once_grows_by_commits_and_is_seen_by_all() {
    let (sandbox, bare, [one, two]) = clones();
    let key = key();
    let refs = fresh(&one);
    assert!(Store::new(&one, &refs, REFERENCE, KINDS).load(key.verifier()).unwrap().is_none());
    let first = Store::new(&one, &refs, REFERENCE, KINDS).create(genesis(&key), &key).unwrap();
    let store = Store::new(&one, &refs, REFERENCE, KINDS);
    let second = store.append(&first, drift(), &key, "drift", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(one.commit(second.commit).unwrap().parents, [first.commit]);
    let others = fresh(&two);
    let there = Store::new(&two, &others, REFERENCE, KINDS).load(key.verifier()).unwrap().unwrap();
    assert_eq!((there.commit, &there.log), (second.commit, &second.log));
    for repository in [&one, &two] {
        let refs = fresh(repository);
        let error = Store::new(repository, &refs, REFERENCE, KINDS).create(genesis(&key), &key).unwrap_err();
        assert_eq!((code(&error), error.failure()), ("log-exists", Failure::Refused));
    }
    let stale = store.append(&first, drift(), &key, "another", Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!((code(&stale), stale.failure()), ("lease-lost", Failure::Refused));
    std::fs::write(bare.join("hooks/pre-receive"), "#!/bin/sh\nexit 1\n").unwrap();
    sandbox.git_in(&bare, &["config", "core.hooksPath", "hooks"], b"");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(bare.join("hooks/pre-receive"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = store.append(&second, drift(), &key, "drift", Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!((code(&refused), refused.failure()), ("log-unavailable", Failure::Refused));
}

#[test]
fn what_this_clone_saw_is_not_forgotten() {
    let (sandbox, bare, [one, two]) = clones();
    let key = key();
    let refs = fresh(&one);
    let first = Store::new(&one, &refs, REFERENCE, KINDS).create(genesis(&key), &key).unwrap();
    let store = Store::new(&one, &refs, REFERENCE, KINDS);
    let second = store.append(&first, drift(), &key, "drift", Timestamp::UNIX_EPOCH).unwrap();
    let set = |commit: Option<Oid>| match commit {
        Some(commit) => sandbox.git_in(&bare, &["update-ref", REFERENCE, &commit.to_string()], b""),
        None => sandbox.git_in(&bare, &["update-ref", "-d", REFERENCE], b""),
    };
    let read = |repository: &Repository| {
        let refs = fresh(repository);
        refs.refresh(&[REFERENCE]).unwrap();
        Store::new(repository, &refs, REFERENCE, KINDS).load(key.verifier())
    };
    set(Some(first.commit));
    assert_eq!(code(&read(&one).unwrap_err()), "log-rollback");
    // somebody who never saw more can't know
    assert!(read(&two).unwrap().is_some());
    set(None);
    assert_eq!(code(&read(&one).unwrap_err()), "log-rollback");
    set(Some(second.commit));
    read(&one).unwrap();
    let mut fork = Memory::new(genesis(&key), &key).unwrap();
    fork.append([drift(), drift(), drift()].concat(), &key).unwrap();
    let mut rewritten = Memory::new(Genesis { single: true, ..genesis(&key) }, &key).unwrap();
    rewritten.append([drift(), drift()].concat(), &key).unwrap();
    let commit = one.write_commit(&rewritten.files(), &[], "fork", 0).unwrap();
    sandbox.git_in(one.work_dir(), &["push", "--quiet", "--force", "origin", &format!("{commit}:{REFERENCE}")], b"");
    assert_eq!(code(&read(&one).unwrap_err()), "log-fork");
    let commit = one.write_commit(&fork.files(), &[], "longer", 0).unwrap();
    sandbox.git_in(one.work_dir(), &["push", "--quiet", "--force", "origin", &format!("{commit}:{REFERENCE}")], b"");
    assert_eq!(read(&one).unwrap().unwrap().log.size(), 4);
}

#[test]
fn a_log_goes_on_under_another_key_in_one_step_and_nobody_who_saw_that_can_be_led_back() {
    let (sandbox, bare, [one, two]) = clones();
    let (old, new) = (key(), key());
    let refs = fresh(&one);
    let store = Store::new(&one, &refs, REFERENCE, KINDS);
    let first = store.create(genesis(&old), &old).unwrap();
    let landing = first.commit;
    let second = store.append(&first, drift(), &old, "drift", Timestamp::UNIX_EPOCH).unwrap();
    let late = store.rotate(&first, landing, (&old, &new), Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!((code(&late), late.failure()), ("lease-lost", Failure::Refused));
    let rotated = store.rotate(&second, landing, (&old, &new), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        one.commit(rotated.commit).unwrap().parents,
        [second.commit, landing],
        "what it rests on is kept with it"
    );
    let read = |repository: &Repository, trusted: &LogKey| {
        let refs = fresh(repository);
        Store::new(repository, &refs, REFERENCE, KINDS).load(trusted.verifier())
    };
    for trusted in [&old, &new] {
        assert_eq!(read(&two, trusted).unwrap().unwrap().log, rotated.log);
    }
    let stale = store.append(&second, drift(), &old, "drift", Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(code(&stale), "lease-lost");
    // whoever has the old key alone, and may push
    let mut forged = Memory::new(genesis(&old), &old).unwrap();
    forged.append([drift(), drift(), drift()].concat(), &old).unwrap();
    let forged = one.write_commit(&forged.files(), &[], "forged", 0).unwrap();
    sandbox.git_in(one.work_dir(), &["push", "--quiet", "--force", "origin", &format!("{forged}:{REFERENCE}")], b"");
    for (trusted, refused) in [(&old, "log-fork"), (&new, "log-key-unknown")] {
        assert_eq!(code(&read(&two, trusted).unwrap_err()), refused);
    }
    sandbox.git_in(&bare, &["update-ref", "-d", REFERENCE], b"");
    for trusted in [&old, &new] {
        assert_eq!(code(&read(&two, trusted).unwrap_err()), "log-rollback");
    }
}

/// Who can push to the log's ref can also make new hashes of git for what was changed; the signature is what holds.
#[test]
fn one_flipped_bit_in_any_byte_is_noticed_after_the_ref_was_committed_anew() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("a", "1")]);
    let repository = sandbox.open();
    let key = key();
    let mut log = Memory::new(genesis(&key), &key).unwrap();
    log.append(drift(), &key).unwrap();
    let refs = StateRefs::local(&repository, "main");
    let files = log.files();
    let mut held = None;
    let mut noticed = 0;
    for (path, at) in files.iter().flat_map(|(path, bytes)| (0..bytes.len()).map(move |at| (path, at))) {
        let mut spoilt = files.clone();
        if let Some(byte) = spoilt.get_mut(path).and_then(|bytes| bytes.get_mut(at)) {
            *byte ^= 1 << (at % 8);
        }
        let commit = repository.write_commit(&spoilt, &[], "Run 1: what came of it", 0).unwrap();
        refs.compare_and_swap(REFERENCE, held, Some(commit)).unwrap();
        held = Some(commit);
        let error = Store::new(&repository, &refs, REFERENCE, KINDS).load(key.verifier()).unwrap_err();
        assert!(matches!(error, StoreError::Log(_)), "{path} {at}: {error}");
        noticed += 1;
    }
    assert_eq!(noticed, files.values().map(Vec::len).sum::<usize>());
    let commit = repository.write_commit(&files, &[], "as it was", 0).unwrap();
    refs.compare_and_swap(REFERENCE, held, Some(commit)).unwrap();
    assert_eq!(Store::new(&repository, &refs, REFERENCE, KINDS).load(key.verifier()).unwrap().unwrap().log, *log);
}
