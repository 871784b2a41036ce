//! A proof holds for its entry and for nothing else.

use super::*;

/// Three short entries, and one whose record is a blob.
fn four(key: &LogKey) -> Log {
    log_with([records_with_a_blob(), vec![drift("push")]].concat(), key)
}

#[test]
fn every_entry_of_a_log_can_be_proven_with_nothing_but_the_key() {
    let key = key();
    for log in [Log::new(genesis(&key), &key).unwrap(), four(&key), long_log(&key)] {
        for (index, entry) in (0..).zip(log.entries()) {
            let proof = log.prove(index).unwrap();
            let proven = Proven::open(proof.as_bytes(), key.verifier()).unwrap();
            assert_eq!((proven.index, &proven.entry), (index, entry));
            assert_eq!((proven.checkpoint.size(), proven.checkpoint.root()), (log.size(), log.root()));
        }
        assert_eq!(log.prove(log.size()), None);
        assert_eq!(log.prove(u64::MAX), None);
    }
}

#[test]
fn a_proof_is_spelt_as_the_format_says() {
    let key = key();
    let log = four(&key);
    let proof = log.prove(2).unwrap();
    let lines: Vec<&str> = proof.lines().collect();
    assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
    assert!(lines[1].starts_with("extra "));
    assert_eq!(lines[2], "index 2");
    // four leaves make a tree of two levels
    assert_eq!((lines[3].len(), lines[4].len(), lines[5]), (44, 44, ""));
    assert_eq!(lines[6..9], ["example.com/access-log", "4", &log.root().to_string()]);
    assert!(proof.ends_with(std::str::from_utf8(log.checkpoint()).unwrap()));
}

#[test]
fn one_flipped_bit_anywhere_in_a_proof_is_noticed() {
    let key = key();
    let log = log_with(vec![drift("pull"), drift("push")], &key);
    for index in 0..log.size() {
        let proof = log.prove(index).unwrap().into_bytes();
        for (at, bit) in (0..proof.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut spoilt = proof.clone();
            spoilt[at] ^= 1 << bit;
            let refused = Proven::open(&spoilt, key.verifier()).unwrap_err().refusal().code.id;
            let known = ["log-proof-invalid", "log-checkpoint-invalid", "log-key-unknown"];
            assert!(known.contains(&refused), "{at}: {refused}");
        }
    }
}

#[test]
fn a_proof_of_something_else_does_not_pass() {
    let (ours, other) = (key(), key());
    let log = four(&ours);
    let proof = log.prove(2).unwrap();
    let refused = |text: &str| Proven::open(text.as_bytes(), ours.verifier()).unwrap_err().to_string();
    // another entry's words, another place, a path too short or too long
    let line = |proof: &str, at: usize| proof.lines().nth(at).unwrap().to_owned();
    let swapped = proof.replace(&line(&proof, 1), &line(&log.prove(3).unwrap(), 1));
    let arrives = "the proof is invalid: its entry and its path don't lead to the root that its checkpoint signs";
    assert_eq!(refused(&swapped), arrives);
    assert_eq!(refused(&proof.replace("index 2", "index 3")), arrives);
    assert_eq!(refused(&proof.replace("index 2", "index 4")), arrives);
    assert_eq!(refused(&proof.replacen(&format!("{}\n", line(&proof, 3)), "", 1)), arrives);
    let doubled = format!("{0}\n{0}\n", line(&proof, 3));
    assert_eq!(refused(&proof.replacen(&format!("{}\n", line(&proof, 3)), &doubled, 1)), arrives);
    let many = format!("{}\n", line(&proof, 3)).repeat(1000);
    assert!(refused(&proof.replacen(&format!("{}\n", line(&proof, 3)), &many, 1)).contains("is not spelt as"));
    // the same log under another key
    let theirs = Log::new(genesis(&other), &other).unwrap().prove(0).unwrap();
    assert!(Proven::open(theirs.as_bytes(), ours.verifier()).unwrap_err().to_string().contains("is not signed by"));
    for text in ["", "\n\n", "hello", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nextra \nindex 0\n"] {
        assert!(Proven::open(text.as_bytes(), ours.verifier()).is_err(), "{text}");
    }
}
