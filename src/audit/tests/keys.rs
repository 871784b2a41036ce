//! One key follows another only where that one says so, and never comes back.

use super::*;

const COMMIT: &str = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

/// Three keys, and a log that each of them signed in turn: entries 0 to 1, 2 to 3, and 4.
fn rotated() -> ([LogKey; 3], Log) {
    let keys = [key(), key(), key()];
    let mut log = log_with(vec![drift("pull")], &keys[0]);
    log.rotate(COMMIT.to_owned(), &keys[0], &keys[1], at(NOON)).unwrap();
    log.append(vec![drift("push")], &keys[1]).unwrap();
    log.rotate(COMMIT.to_owned(), &keys[1], &keys[2], at(NOON)).unwrap();
    (keys, log)
}

/// A log with these entries, whose hashes all fit, signed by somebody.
fn forged(leaves: &[&[u8]], signer: &LogKey) -> FileMap {
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| Hash::of_leaf(leaf)).collect();
    let root = hashes.iter().copied().collect::<Tree>().root();
    let size = leaves.len();
    let bundled = leaves.iter().flat_map(|leaf| [&(leaf.len() as u16).to_be_bytes(), *leaf].concat());
    BTreeMap::from([
        ("checkpoint".to_owned(), Checkpoint::sign(size as u64, root, signer)),
        (format!("tile/0/000.p/{size}"), hashes.iter().flat_map(|hash| hash.0).collect()),
        (format!("tile/entries/000.p/{size}"), bundled.collect()),
    ])
}

fn leaves(log: &Log) -> Vec<&[u8]> {
    log.entries().iter().map(Entry::leaf).collect()
}

fn change_of(log: &Log, index: usize) -> KeyChange {
    let Record::KeyChange(change) = log.entries()[index].record() else { panic!("entry {index}") };
    change.clone()
}

fn leaf(record: Record) -> Vec<u8> {
    Entry::write(record).unwrap().leaf().to_vec()
}

#[test]
fn whoever_trusts_a_key_of_the_log_can_follow_to_the_last() {
    let (keys, log) = rotated();
    assert_eq!(log.key(), keys[2].verifier());
    assert_eq!(log.keys().all().collect::<Vec<_>>(), keys.each_ref().map(LogKey::verifier));
    for trusted in &keys {
        assert_eq!(Log::from_files(&log.files(), trusted.verifier()).unwrap(), log);
    }
    let stranger = key();
    let unknown = LogError::KeyUnknown { key: stranger.verifier().to_string() };
    assert_eq!(Log::from_files(&log.files(), stranger.verifier()).unwrap_err(), unknown);
}

#[test]
fn a_change_of_key_is_written_as_documented() {
    let (keys, log) = rotated();
    let change = change_of(&log, 2);
    let (old, new) = (keys[0].verifier(), keys[1].verifier());
    let root = log.tree().root_at(2).unwrap();
    let signed = format!(
        r#"{{"at":"{NOON}","commit":"{COMMIT}","new_key":"{new}","old_key":"{old}","root":"{root}","size":2,"type":"dualkey/log-key/1"}}"#
    );
    let signature = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, keys[0].sign(signed.as_bytes()));
    assert_eq!(change.signature, signature);
    let written = format!(
        r#"{{"at":"{NOON}","commit":"{COMMIT}","new_key":"{new}","old_key":"{old}","root":"{root}","signature":"{signature}","size":2,"type":"key-change"}}"#
    );
    assert_eq!(log.entries()[2].json(), written.as_bytes());
}

#[test]
fn a_replaced_key_signs_nothing_more() {
    let (keys, log) = rotated();
    let mut more = log.clone();
    for old in &keys[..2] {
        assert!(matches!(more.append(vec![drift("admin")], old), Err(LogError::KeyWrong { .. })));
        assert!(matches!(more.rotate(COMMIT.to_owned(), old, &key(), at(NOON)), Err(LogError::KeyWrong { .. })));
        // what its thief writes by other means
        let (all, admin) = (leaves(&log), leaf(drift("admin")));
        for entries in [all.clone(), [all.as_slice(), &[admin.as_slice()]].concat()] {
            for trusted in &keys {
                let refused = Log::from_files(&forged(&entries, old), trusted.verifier()).unwrap_err();
                assert_eq!(refused, LogError::KeyUnknown { key: keys[2].verifier().to_string() });
            }
        }
        // it doesn't come back, either
        let again = more.rotate(COMMIT.to_owned(), &keys[2], old, at(NOON)).unwrap_err();
        assert_eq!(again, LogError::KeyReused { key: old.verifier().to_string() });
    }
    assert!(matches!(more.rotate(COMMIT.to_owned(), &keys[2], &keys[2], at(NOON)), Err(LogError::KeyReused { .. })));
    assert_eq!(more, log);
}

#[test]
fn a_change_of_key_that_does_not_hold_is_refused_though_the_new_key_signs() {
    let (old, thief) = (key(), key());
    let log = log_with(vec![drift("pull")], &old);
    let at = at(NOON);
    let good = KeyChange::sign(COMMIT.to_owned(), log.edge(), &old, thief.verifier(), at).unwrap();
    let refused = |change: KeyChange| {
        let change = leaf(Record::KeyChange(change));
        let entries = [leaves(&log), vec![change.as_slice()]].concat();
        Log::from_files(&forged(&entries, &thief), old.verifier()).err().map(|error| error.to_string())
    };
    assert_eq!(refused(good.clone()), None);
    let by_thief = KeyChange::sign(COMMIT.to_owned(), log.edge(), &thief, thief.verifier(), at).unwrap();
    let earlier = log_with(Vec::new(), &old);
    let cases = [
        ("didn't sign it", KeyChange { signature: by_thief.signature.clone(), ..good.clone() }),
        ("didn't sign it", KeyChange { commit: "c2".repeat(20), ..good.clone() }),
        ("didn't sign it", KeyChange { new_key: key().verifier().to_string(), ..good.clone() }),
        ("is not base64", KeyChange { signature: format!("{}\n", good.signature), ..good.clone() }),
        ("is not base64", KeyChange { signature: "?".to_owned(), ..good.clone() }),
        ("the log is signed by", by_thief),
        ("speaks of another log", KeyChange { size: 1, ..good.clone() }),
        ("speaks of another log", KeyChange { root: earlier.root().to_string(), ..good.clone() }),
        (
            "speaks of another log",
            KeyChange::sign(COMMIT.to_owned(), earlier.edge(), &old, thief.verifier(), at).unwrap(),
        ),
        ("signed this log before", KeyChange::sign(COMMIT.to_owned(), log.edge(), &old, old.verifier(), at).unwrap()),
        ("main", KeyChange::sign("main".to_owned(), log.edge(), &old, thief.verifier(), at).unwrap()),
    ];
    for (says, change) in cases {
        let refused = refused(change.clone()).unwrap_or_else(|| panic!("{says}: {change:?} is believed"));
        assert!(refused.contains(says), "{says}: {refused}");
        assert!(refused.starts_with("entry `2` is not a record"), "{refused}");
    }
    // nor does it come in by another door
    let mut log = log;
    assert!(matches!(log.append(vec![Record::KeyChange(good)], &old), Err(LogError::Unwritable { index: 2, .. })));
    let second = log.append(vec![Record::Genesis(genesis(&old))], &old);
    assert!(matches!(second, Err(LogError::Unwritable { index: 2, .. })));
}

#[test]
fn kept_checkpoints_hold_under_the_key_that_signed_then_and_no_other() {
    let (keys, log) = rotated();
    let kept = |size: u64, signer: &LogKey| Checkpoint::sign(size, log.tree().root_at(size).unwrap(), signer);
    for (size, signer) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)] {
        for (number, key) in keys.iter().enumerate() {
            let consistent = log.verify_consistency(&kept(size, key));
            let expected = if number == signer { Ok(()) } else { Err(LogError::Fork { kept: size }) };
            assert_eq!(consistent, expected, "{size} by {number}");
        }
    }
    assert!(matches!(log.verify_consistency(&kept(2, &key())), Err(LogError::KeyUnknown { .. })));
    let longer = Checkpoint::sign(9, log.root(), &keys[2]);
    assert_eq!(log.verify_consistency(&longer).unwrap_err(), LogError::Rollback { kept: 9, size: 5 });
}

#[test]
fn one_flipped_bit_anywhere_in_a_log_of_several_keys_is_noticed() {
    let (keys, log) = rotated();
    let files = log.files();
    for trusted in [&keys[0], &keys[2]] {
        for (path, bytes) in &files {
            for at in 0..bytes.len() {
                let error = Log::from_files(&flipped(&files, path, at, at / 3), trusted.verifier()).unwrap_err();
                let about = matches!(error, LogError::LeafMismatch { .. });
                assert_eq!(about, path.starts_with("tile/"), "{path} {at}: {error}");
            }
        }
    }
}

#[test]
fn a_proof_leads_from_any_key_of_the_log_to_the_last() {
    let (keys, log) = rotated();
    for index in 0..log.size() {
        let proof = log.prove(index).unwrap();
        for trusted in &keys {
            let proven = Proven::open(proof.as_bytes(), trusted.verifier()).unwrap();
            assert_eq!((proven.index, &proven.entry), (index, &log.entries()[index as usize]));
        }
        let stranger = Proven::open(proof.as_bytes(), key().verifier()).unwrap_err();
        assert!(matches!(stranger, LogError::KeyUnknown { .. }), "{stranger}");
        for at in 0..proof.len() {
            let mut spoilt = proof.clone().into_bytes();
            spoilt[at] ^= 1 << (at % 8);
            assert!(Proven::open(&spoilt, keys[0].verifier()).is_err(), "{at}");
        }
    }
}

#[test]
fn a_proof_made_with_a_replaced_key_shows_nothing() {
    let (keys, log) = rotated();
    let thief = &keys[0];
    let admin = drift("admin");
    let mut fork = log_with(vec![drift("pull"), drift("push"), drift("pull")], thief);
    fork.append(vec![admin.clone()], thief).unwrap();
    let proof = fork.prove(4).unwrap();
    // who pins the newer key isn't fooled, even when the changes are put in front
    assert!(Proven::open(proof.as_bytes(), keys[1].verifier()).is_err());
    let changes: Vec<Vec<u8>> = [2, 4].map(|index| log.entries()[index].json().to_vec()).to_vec();
    let extra = [changes.as_slice(), &[leaf(admin)]].concat().join(&b'\n');
    let extra = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, extra);
    let line = proof.lines().nth(1).unwrap();
    let padded = proof.replace(line, &format!("extra {extra}"));
    assert!(matches!(Proven::open(padded.as_bytes(), thief.verifier()), Err(LogError::KeyUnknown { .. })));
    // a checkpoint from before the key signed
    let early = log.tree().prove_inclusion(1, 2).unwrap();
    let note = String::from_utf8(Checkpoint::sign(2, log.tree().root_at(2).unwrap(), &keys[2])).unwrap();
    let path: String = early.iter().map(|hash| format!("{hash}\n")).collect();
    let extra = [changes.as_slice(), &[log.entries()[1].json().to_vec()]].concat().join(&b'\n');
    let extra = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, extra);
    let early = format!("c2sp.org/tlog-proof@v1\nextra {extra}\nindex 1\n{path}\n{note}");
    let refused = Proven::open(early.as_bytes(), keys[0].verifier()).unwrap_err().to_string();
    assert!(refused.contains("older than the key"), "{refused}");
}

#[test]
fn an_anchor_fits_the_beginning_and_that_with_each_later_key() {
    let (keys, log) = rotated();
    let first = format!("{}:{}", "c0".repeat(20), keys[0].verifier().id());
    let with = |key: &LogKey| format!("{first},{COMMIT}:{}", key.verifier().id());
    assert_eq!(log.anchors(), [first.clone(), with(&keys[1]), with(&keys[2])]);
    assert_eq!(beginning(&with(&keys[2])), first);
    assert_eq!(from_anchor(&with(&keys[2])).unwrap().anchor, recorded(&log).unwrap().anchor);
    let landings: Vec<String> = log.keys().later().map(|later| format!("{} {}", later.commit, later.key)).collect();
    assert_eq!(landings, keys[1..].iter().map(|key| format!("{COMMIT} {}", key.verifier())).collect::<Vec<_>>());
}

#[test]
fn a_log_names_its_keys_so_that_nothing_is_read_before_its_signer_is_known() {
    let (keys, log) = rotated();
    let files = log.files();
    assert!(!log_with(Vec::new(), &keys[0]).files().contains_key("keys"), "one key needs no such file");
    let named: Vec<KeyChange> = serde_json::from_slice(&files["keys"]).unwrap();
    assert_eq!(named, [change_of(&log, 2), change_of(&log, 4)]);
    // a log that was written without it is read all the same, and gets it with what is written next
    let without = |files: &FileMap| {
        let mut files = files.clone();
        files.remove("keys");
        files
    };
    let mut earlier = Log::from_files(&without(&files), keys[0].verifier()).unwrap();
    earlier.append(vec![drift("admin")], &keys[2]).unwrap();
    assert_eq!(earlier.files()["keys"], files["keys"]);
    // another one is not: a key that was left out, one that nobody named, and the same in other words
    let with = |bytes: Vec<u8>| {
        let mut files = files.clone();
        files.insert("keys".to_owned(), bytes);
        files
    };
    let canonical = |changes: &[KeyChange]| serde_json_canonicalizer::to_vec(&changes).unwrap();
    let thief = key();
    let stolen = KeyChange::sign(COMMIT.to_owned(), log.edge(), &keys[2], thief.verifier(), at(NOON)).unwrap();
    let longer = [named.as_slice(), &[stolen]].concat();
    for bytes in [canonical(&named[..1]), canonical(&named[1..]), canonical(&longer), files["keys"][1..].to_vec()] {
        assert!(Log::from_files(&with(bytes), keys[0].verifier()).is_err());
    }
    let spaced = [b" ".as_slice(), &files["keys"]].concat();
    assert!(Log::from_files(&with(spaced), keys[0].verifier()).is_err());
}
