//! Keys, checkpoints, tiles and entries of the log. The first byte chooses what is replaced by the rest.

#![no_main]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use dualkey::audit::record::{At, Drift, Genesis, VERSION};
use dualkey::audit::{Checkpoint, Log, LogKey, Record, VerifierKey};
use dualkey::targets::KINDS;
use libfuzzer_sys::fuzz_target;

/// Made for this alone: nothing else is signed by it.
const PRIVATE: &str = "PRIVATE+KEY+log+b775d2c5+AfMTMcOiEjdHTQzOuTiFJF1XSqYW9p7bVoXl4pWhHlRt";

type Files = BTreeMap<String, Vec<u8>>;

fn log() -> &'static (LogKey, u64, Files) {
    static LOG: OnceLock<(LogKey, u64, Files)> = OnceLock::new();
    LOG.get_or_init(|| {
        let key = LogKey::parse(PRIVATE).expect("a key");
        let genesis = Genesis {
            version: VERSION,
            organization: "northwind".to_owned(),
            genesis: "0".repeat(40),
            tree: "1".repeat(40),
            log_key: key.verifier().to_string(),
            single: true,
            statements: Vec::new(),
            continues: Vec::new(),
            at: At("2026-11-23T09:00:00Z".parse().expect("an instant")),
        };
        let (mut log, begun) = Log::new(genesis, &key, KINDS).expect("a log");
        let mut files = Files::new();
        begun.apply(&mut files);
        let drift = Drift { at: log.genesis().at, operations: Vec::new(), operations_of: Vec::new() };
        log.append(&files, vec![Record::Drift(drift)], &key).expect("an entry").apply(&mut files);
        (key, log.size(), files)
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let (key, size, whole) = log();
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(parsed) = VerifierKey::parse(text) {
            assert_eq!(parsed.to_string(), text);
        }
        if let Ok(parsed) = LogKey::parse(text) {
            assert_eq!(parsed.to_private_text(), text.trim());
        }
    }
    if let Ok(checkpoint) = Checkpoint::open(bytes, key.verifier()) {
        assert!(checkpoint.size() <= *size, "nobody but the key's holder can sign");
    }
    let mut files = whole.clone();
    let count = files.len();
    if let Some(file) = files.values_mut().nth(usize::from(*choice) % count) {
        *file = bytes.to_vec();
    }
    match Log::read(&files, key.verifier(), KINDS) {
        Ok(_) => assert_eq!(files, *whole, "another log under the same key"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
