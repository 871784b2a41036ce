//! The log as a whole: what was written is read again, and nothing can be changed unnoticed.

use std::collections::BTreeMap;

use rand_core::OsRng;
use serde_json::json;

use super::merkle::Tree;
use super::record::*;
use super::testing::Memory as Log;
use super::*;
use crate::access::Conditions;

mod copies;
mod keys;
mod large;
mod proof;
mod search;
mod time;

type FileMap = BTreeMap<String, Vec<u8>>;

fn key() -> LogKey {
    LogKey::generate("example.com/access-log", &mut OsRng).ok().unwrap()
}

fn at(text: &str) -> At {
    At(text.parse().unwrap())
}

const NOON: &str = "2026-11-24T12:00:00Z";

fn genesis(key: &LogKey) -> Genesis {
    Genesis {
        version: VERSION,
        organization: "example".into(),
        genesis: "c0".repeat(20),
        tree: "7e".repeat(20),
        log_key: key.verifier().to_string(),
        single: false,
        continues: Vec::new(),
        statements: vec![Statement { person: "ada".into(), statement: "{}".into(), signature: "----".into() }],
        at: at(NOON),
    }
}

fn operation(permission: &str) -> Operation {
    Operation {
        target: "github".into(),
        verb: Verb::Revoke,
        kind: "github/repository".into(),
        resource: "example/payments".into(),
        permission: permission.into(),
        previous: None,
        principal: "1001".into(),
        conditions: Conditions::NONE,
        person: Some("alice.nguyen".into()),
        until: None,
        because: record::Because::Sentence("the grant `payments/alice-refunds` is over".into()),
    }
}

fn landing(evidence: serde_json::Value) -> Record {
    let noon = Some(at(NOON));
    Record::Landing(Landing {
        base: "b0".repeat(20),
        commit: "c1".repeat(20),
        head: Some("a1".repeat(20)),
        verdict: Verdict::Approved,
        approvals: vec![Approval { person: "bo".into(), at: at("2026-11-24T11:59:59.5Z") }],
        authors: vec!["ada".into(), "unknown".into()],
        evidence,
        digest: None,
        statements: Vec::new(),
        changes: vec![Change {
            person: "alice.nguyen".into(),
            target: "github".into(),
            kind: "github/repository".into(),
            resource: "example/payments".into(),
            permission: "push".into(),
            principal: "1001".into(),
            conditions: Conditions::NONE,
            before: vec![],
            after: vec![(None, noon), (noon, None)],
            grants: vec!["payments/alice-refunds".into()],
        }],
        run: "run-1".into(),
        at: at(NOON),
    })
}

fn drift(permission: &str) -> Record {
    Record::Drift(Drift { at: at(NOON), operations: vec![operation(permission)], operations_of: vec![] })
}

fn each_kind() -> Vec<Record> {
    vec![
        landing(json!({"source": "github", "pull": 7, "reviews": [{"id": 9_007_199_254_740_991_u64, "ok": true}]})),
        Record::Intent(Intent {
            run: "run-1".into(),
            commit: "c1".repeat(20),
            at: at(NOON),
            at_given: true,
            clocks: Vec::new(),
            mode: Mode::OnlyEnds,
            numbers: Vec::new(),
            operations: vec![operation("push")],
            operations_of: vec![],
        }),
        Record::Result(Outcome {
            run: "run-1".into(),
            commit: "c1".repeat(20),
            at: at(NOON),
            done: vec![],
            done_of: vec![],
            failed_of: vec![],
            not_started_of: vec![],
            failed: vec![Failed { operation: operation("push"), message: "no answer".into() }],
            not_started: vec![operation("pull")],
            waiting: vec![Waiting { landing: "c2".repeat(20), code: "approval-missing".into() }],
            refusals: vec![Reason { code: "approval-missing".into(), message: "nobody approved".into() }],
            left: Vec::new(),
            unread: Vec::new(),
            settled: Vec::new(),
            interrupted: false,
        }),
        Record::Refusal(Refusal {
            landing: "c2".repeat(20),
            code: "approval-missing".into(),
            message: "nobody approved".into(),
            at: at(NOON),
        }),
        drift("admin"),
    ]
}

fn log_with(records: Vec<Record>, key: &LogKey) -> Log {
    let mut log = Log::new(genesis(key), key).unwrap();
    log.append(records, key).unwrap();
    log
}

/// A log of one full tile and a partial one.
fn long_log(key: &LogKey) -> Log {
    log_with((1..260).map(|i| drift(&format!("permission-{i}"))).collect(), key)
}

/// Two records: one whose evidence does not fit into an entry, and a short one.
fn records_with_a_blob() -> Vec<Record> {
    vec![landing(json!({ "text": "x".repeat(70_000) })), drift("pull")]
}

fn flipped(files: &FileMap, path: &str, at: usize, bit: usize) -> FileMap {
    let mut files = files.clone();
    files.get_mut(path).unwrap()[at] ^= 1 << (bit % 8);
    files
}

/// Which entry of a bundle each of its bytes belongs to.
fn entry_of_each_byte(log: &Log, from: usize) -> Vec<u64> {
    let bundled = log.entries().iter().enumerate().skip(from).take(256);
    bundled.flat_map(|(i, entry)| vec![i as u64; entry.leaf().len() + 2]).collect()
}

#[test]
fn a_log_is_read_as_it_was_written() {
    let key = key();
    // long enough for several processors
    let longer = log_with((1..1_100).map(|i| drift(&format!("permission-{i}"))).collect(), &key);
    for log in [Log::new(genesis(&key), &key).unwrap(), log_with(each_kind(), &key), long_log(&key), longer] {
        let read = Log::from_files(&log.files(), key.verifier()).unwrap();
        assert_eq!(read, log);
        assert_eq!(read.files(), log.files());
    }
}

#[test]
fn records_are_written_as_documented() {
    let key = key();
    let log = log_with(each_kind(), &key);
    let json = |index: usize| String::from_utf8(log.entries()[index].json().to_vec()).unwrap();
    let operation = |permission: &str| {
        format!(
            r#"{{"because":"the grant `payments/alice-refunds` is over","kind":"github/repository","permission":"{permission}","person":"alice.nguyen","principal":"1001","resource":"example/payments","target":"github","verb":"revoke"}}"#
        )
    };
    let (b, c1, c2, head) = ("b0".repeat(20), "c1".repeat(20), "c2".repeat(20), "a1".repeat(20));
    let (push, pull, admin) = (operation("push"), operation("pull"), operation("admin"));
    assert_eq!(
        json(1),
        format!(
            r#"{{"approvals":[{{"at":"2026-11-24T11:59:59.5Z","person":"bo"}}],"at":"{NOON}","authors":["ada","unknown"],"base":"{b}","changes":[{{"after":[[null,"{NOON}"],["{NOON}",null]],"before":[],"grants":["payments/alice-refunds"],"kind":"github/repository","permission":"push","person":"alice.nguyen","principal":"1001","resource":"example/payments","target":"github"}}],"commit":"{c1}","evidence":{{"pull":7,"reviews":[{{"id":9007199254740991,"ok":true}}],"source":"github"}},"head":"{head}","run":"run-1","type":"landing","verdict":"approved"}}"#
        )
    );
    assert_eq!(
        json(2),
        format!(
            r#"{{"at":"{NOON}","at_given":true,"commit":"{c1}","mode":"only-ends","operations":[{push}],"run":"run-1","type":"intent"}}"#
        )
    );
    let refused = r#""code":"approval-missing","message":"nobody approved""#;
    assert_eq!(
        json(3),
        format!(
            r#"{{"at":"{NOON}","commit":"{c1}","done":[],"failed":[{{"message":"no answer","operation":{push}}}],"interrupted":false,"not_started":[{pull}],"refusals":[{{{refused}}}],"run":"run-1","type":"result","waiting":[{{"code":"approval-missing","landing":"{c2}"}}]}}"#
        )
    );
    assert_eq!(
        json(4),
        format!(
            r#"{{"at":"{NOON}","code":"approval-missing","landing":"{c2}","message":"nobody approved","type":"refusal"}}"#
        )
    );
    assert_eq!(json(5), format!(r#"{{"at":"{NOON}","operations":[{admin}],"type":"drift"}}"#));
}

#[test]
fn the_files_are_those_of_the_layout() {
    let key = key();
    let paths = |log: &Log| log.files().into_keys().collect::<Vec<_>>();
    assert_eq!(paths(&log_with(each_kind(), &key)), ["checkpoint", "tile/0/000.p/6", "tile/entries/000.p/6"]);
    let long = ["tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/4"];
    assert_eq!(paths(&long_log(&key))[1..], long);
    let full = log_with(vec![drift("pull"); 255], &key);
    assert_eq!(paths(&full)[1..], ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);

    let large = log_with(records_with_a_blob(), &key);
    let blob = paths(&large).remove(0);
    assert_eq!(large.files()[&blob], large.entries()[1].json());
    let digest = blob.strip_prefix("blob/").unwrap();
    let size = large.entries()[1].json().len();
    let leaf = format!(r#"{{"sha256":"{digest}","size":{size},"type":"large"}}"#);
    assert_eq!(large.entries()[1].leaf(), leaf.as_bytes());
    assert_eq!(Log::from_files(&large.files(), key.verifier()).unwrap(), large);
}

#[test]
fn one_flipped_bit_anywhere_is_noticed_and_its_entry_named() {
    let key = key();
    let log = log_with(vec![each_kind().remove(3), drift("pull"), drift("push")], &key);
    let files = log.files();
    let owners = entry_of_each_byte(&log, 0);
    for (path, bytes) in &files {
        for (i, bit) in (0..bytes.len()).flat_map(|i| (0..8).map(move |b| (i, b))) {
            let error = Log::from_files(&flipped(&files, path, i, bit), key.verifier()).unwrap_err();
            let index = match path.as_str() {
                "tile/0/000.p/4" => i as u64 / 32,
                "tile/entries/000.p/4" => owners[i],
                _ => {
                    let id = error.refusal().code.id;
                    assert!(matches!(id, "log-key-unknown" | "log-checkpoint-invalid"), "{path} {i}: {error}");
                    continue;
                }
            };
            assert_eq!(error, LogError::LeafMismatch { index, file: "tile/0/000.p/4".into() }, "{path} {i}");
        }
    }
}

#[test]
fn a_flipped_bit_in_a_long_log_is_noticed_and_its_entry_named() {
    let key = key();
    let log = long_log(&key);
    let files = log.files();
    for (path, bytes) in &files {
        let from = if path.contains("001") { 256 } else { 0 };
        let owners = entry_of_each_byte(&log, from);
        for i in (0..bytes.len()).step_by(bytes.len().div_ceil(40)).chain([bytes.len() - 1]) {
            let error = Log::from_files(&flipped(&files, path, i, i / 3), key.verifier()).unwrap_err();
            if let LogError::TileMismatch { file, index } = &error {
                assert_eq!((file, *index), (path, 0));
            } else if let LogError::LeafMismatch { index, .. } = error {
                let owner = if path.starts_with("tile/entries") { owners[i] } else { (from + i / 32) as u64 };
                assert_eq!(index, owner, "{path} {i}");
            } else {
                assert_eq!(path, "checkpoint", "{error}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_blob_names_its_entry() {
    let key = key();
    let files = log_with(records_with_a_blob(), &key).files();
    let blob = files.keys().next().unwrap();
    for i in [0, 1, 30_000, files[blob].len() - 1] {
        let error = Log::from_files(&flipped(&files, blob, i, 5), key.verifier()).unwrap_err();
        assert_eq!(error, LogError::LeafMismatch { index: 1, file: blob.clone() });
    }
}

#[test]
fn each_file_must_be_there_whole_and_no_other() {
    let key = key();
    for log in [log_with(records_with_a_blob(), &key), long_log(&key)] {
        let files = log.files();
        for path in files.keys() {
            let mut without = files.clone();
            let bytes = without.remove(path).unwrap();
            let error = Log::from_files(&without, key.verifier()).unwrap_err();
            assert_eq!(error, LogError::Incomplete { file: path.clone(), what: "is missing" });

            let mut moved = without.clone();
            moved.insert(format!("{path}.old"), bytes.clone());
            assert_eq!(Log::from_files(&moved, key.verifier()).unwrap_err(), error);

            for changed in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), b"\n"].concat(), b""] {
                without.insert(path.clone(), changed.to_vec());
                assert!(Log::from_files(&without, key.verifier()).is_err(), "{path}");
            }
        }
        for extra in ["README", "checkpoint.old", "blob/00", "tile/2/000.p/1", "tile/entries/000.p/1"] {
            let mut with = files.clone();
            with.insert(extra.into(), Vec::new());
            let error = Log::from_files(&with, key.verifier()).unwrap_err();
            assert_eq!(error, LogError::Incomplete { file: extra.into(), what: "does not belong to the log" });
        }
    }
    assert!(matches!(Log::from_files(&FileMap::new(), key.verifier()), Err(LogError::Incomplete { .. })));
}

#[test]
fn entries_rewritten_together_with_their_hashes_do_not_fit_the_checkpoint() {
    let key = key();
    let (log, mut other) = (log_with(each_kind(), &key), log_with(vec![drift("pull"); 5], &key).files());
    other.insert("checkpoint".into(), log.checkpoint().to_vec());
    assert_eq!(Log::from_files(&other, key.verifier()).unwrap_err(), LogError::RootMismatch);
}

#[test]
fn another_key_neither_reads_nor_writes_the_log() {
    let (key, other) = (key(), key());
    let mut log = log_with(each_kind(), &key);
    let before = log.clone();
    let unknown = LogError::KeyUnknown { key: other.verifier().to_string() };
    assert_eq!(Log::from_files(&log.files(), other.verifier()).unwrap_err(), unknown);
    let given = other.verifier().to_string();
    let wrong = LogError::KeyWrong { given, expected: key.verifier().to_string() };
    assert_eq!(log.append(vec![drift("pull")], &other).unwrap_err(), wrong);
    assert_eq!(log, before);
    assert_eq!(Log::new(genesis(&key), &other).unwrap_err(), wrong);
}

#[test]
fn what_would_not_read_back_is_not_written() {
    let key = key();
    let mut log = log_with(vec![], &key);
    let before = log.clone();
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    for evidence in [json!(1.0), json!(u64::MAX), json!(9_007_199_254_740_993_u64), deep] {
        let error = log.append(vec![drift("pull"), landing(evidence.clone())], &key).unwrap_err();
        assert!(matches!(error, LogError::Unwritable { index: 2, .. }), "{evidence}: {error}");
        assert_eq!(log, before);
    }
}

#[test]
fn a_log_of_an_unknown_version_is_not_begun() {
    let key = key();
    let error = Log::new(Genesis { version: 2, ..genesis(&key) }, &key).unwrap_err();
    assert_eq!(error, LogError::Unwritable { index: 0, why: "version `2` of the log is not known".into() });
}

/// A log with the good key whose entry 1 has these bytes.
fn signed_with(leaf: &[u8], key: &LogKey) -> FileMap {
    let first = Log::new(genesis(key), key).unwrap();
    let leaves = [first.entries()[0].leaf(), leaf];
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| Hash::of_leaf(leaf)).collect();
    let root = hashes.iter().copied().collect::<Tree>().root();
    let bundle = leaves.map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes(), leaf].concat()).concat();
    BTreeMap::from([
        ("checkpoint".to_owned(), Checkpoint::sign(2, root, key)),
        ("tile/0/000.p/2".to_owned(), hashes.iter().flat_map(|hash| hash.0).collect()),
        ("tile/entries/000.p/2".to_owned(), bundle),
    ])
}

#[test]
fn only_canonical_records_are_read_even_when_they_are_signed() {
    let key = key();
    let good = format!(r#"{{"at":"{NOON}","operations":[],"type":"drift"}}"#);
    assert!(Log::from_files(&signed_with(good.as_bytes(), &key), key.verifier()).is_ok());
    let blob = "00".repeat(32);
    for bad in [
        "",
        "{}",
        "null",
        r#"{"type":"tea"}"#,
        &good.replace(",\"type\"", ", \"type\""),
        &good.replace("\"type\"", "\"colour\":1,\"type\""),
        &good.replace("\"operations\"", "\"at\":\"2026-11-24T12:00:00Z\",\"operations\""),
        &good.replace("12:00:00Z", "12:00:00+00:00"),
        &good.replace("12:00:00Z", "13:00:00+01:00"),
        &good.replace("12:00:00Z", "12:00:00.0Z"),
        &good.replace(NOON, "noon"),
        &format!("{good}\n"),
        &format!(r#"{{"sha256":"{blob}","size":0,"type": "large"}}"#),
        &format!(r#"{{"sha256":"{blob}","size":-1,"type":"large"}}"#),
    ] {
        let error = Log::from_files(&signed_with(bad.as_bytes(), &key), key.verifier()).unwrap_err();
        assert!(matches!(error, LogError::EntryInvalid { index: 1, .. }), "{bad}: {error}");
    }
}

#[test]
fn a_short_record_or_another_blob_does_not_hide_behind_a_hash() {
    let key = key();
    let source = log_with(vec![drift("pull"), landing(json!({ "text": "x".repeat(70_000) }))], &key);
    let (short, long) = (source.entries()[1].json(), source.entries()[2].json());
    let digest = |bytes: &[u8]| {
        use sha2::Digest;
        format!("{:x}", sha2::Sha256::digest(bytes))
    };
    let error = |sha256: &str, size: usize, blob: &[u8]| {
        let leaf = format!(r#"{{"sha256":"{sha256}","size":{size},"type":"large"}}"#);
        let mut files = signed_with(leaf.as_bytes(), &key);
        files.insert(format!("blob/{sha256}"), blob.to_vec());
        Log::from_files(&files, key.verifier()).err().map(|error| error.refusal().code.id)
    };
    assert_eq!(error(&digest(long), long.len(), long), None);
    assert_eq!(error(&digest(long).to_uppercase(), long.len(), long), Some("log-leaf-mismatch"));
    assert_eq!(error(&digest(long), long.len() - 1, long), Some("log-leaf-mismatch"));
    assert_eq!(error(&digest(short), short.len(), short), Some("log-entry-invalid"));
    let text = [b' '; 70_000];
    assert_eq!(error(&digest(&text), text.len(), &text), Some("log-entry-invalid"));
}

#[test]
fn a_log_begins_with_its_genesis() {
    let key = key();
    let (mut log, good) = (Tree::default(), log_with(vec![drift("pull")], &key));
    let leaf = good.entries()[1].leaf();
    log.push(Hash::of_leaf(leaf));
    let length = u16::try_from(leaf.len()).unwrap().to_be_bytes();
    let files = BTreeMap::from([
        ("checkpoint".to_owned(), Checkpoint::sign(1, log.root(), &key)),
        ("tile/0/000.p/1".to_owned(), log.root().0.to_vec()),
        ("tile/entries/000.p/1".to_owned(), [&length, leaf].concat()),
    ]);
    assert!(matches!(Log::from_files(&files, key.verifier()), Err(LogError::EntryInvalid { index: 0, .. })));
    for size in [0, u64::MAX] {
        let checkpoint = Checkpoint::sign(size, Tree::default().root(), &key);
        let files = BTreeMap::from([("checkpoint".to_owned(), checkpoint)]);
        assert!(Log::from_files(&files, key.verifier()).is_err());
    }
}

#[test]
fn a_kept_checkpoint_shows_rollback_and_fork() {
    let key = key();
    let mut log = log_with(each_kind(), &key);
    let kept = log.checkpoint().to_vec();
    let short = log.clone();
    log.append(vec![drift("pull"), drift("push")], &key).unwrap();
    for later in [&short, &log] {
        later.verify_consistency(&kept).unwrap();
    }
    let rollback = short.verify_consistency(log.checkpoint()).unwrap_err();
    assert_eq!(rollback, LogError::Rollback { kept: 8, size: 6 });
    for records in [vec![drift("pull"); 5], vec![drift("pull"); 9]] {
        let fork = log_with(records, &key).verify_consistency(&kept).unwrap_err();
        assert_eq!(fork, LogError::Fork { kept: 6 });
    }
    assert!(log.verify_consistency(&kept[..kept.len() - 1]).is_err());
    let other = super::tests::key();
    let theirs = Log::new(genesis(&other), &other).unwrap();
    assert!(matches!(log.verify_consistency(theirs.checkpoint()), Err(LogError::KeyUnknown { .. })));
}

#[test]
fn appending_in_any_portions_gives_the_same_log() {
    let key = key();
    let at_once = long_log(&key);
    let mut bit_by_bit = Log::new(genesis(&key), &key).unwrap();
    let records: Vec<Record> = at_once.entries()[1..].iter().map(|entry| entry.record().clone()).collect();
    for portion in records.chunks(7) {
        bit_by_bit.append(portion.to_vec(), &key).unwrap();
    }
    assert_eq!(bit_by_bit, at_once);
}

#[test]
fn every_code_is_explained_and_every_error_has_a_next_step() {
    let ids: Vec<_> = codes::CODES.iter().map(|code| code.id).collect();
    assert!(ids.is_sorted());
    for code in codes::CODES {
        assert!(code.id.starts_with("log-") || code.id == "checkpoint-missing");
        for text in [code.title, code.why, code.instead] {
            assert!(text.ends_with('.'), "{}", code.id);
        }
    }
    let refusal = LogError::LeafMismatch { index: 3, file: "tile/0/000.p/5".into() }.refusal();
    assert_eq!(refusal.to_string(), "log-leaf-mismatch: entry `3` does not match `tile/0/000.p/5`");
    assert!(!refusal.help.is_empty());
}
