//! Keys, checkpoints, tiles and entries of the log. The first byte chooses what is replaced by the rest.

#![no_main]

use std::sync::OnceLock;

use dualkey::audit::record::{At, Genesis, VERSION};
use dualkey::audit::{Checkpoint, Log, LogKey, Record, VerifierKey};
use libfuzzer_sys::fuzz_target;

/// Made for this alone: nothing else is signed by it.
const PRIVATE: &str = "PRIVATE+KEY+log+b775d2c5+AfMTMcOiEjdHTQzOuTiFJF1XSqYW9p7bVoXl4pWhHlRt";

fn log() -> &'static (LogKey, Log) {
    static LOG: OnceLock<(LogKey, Log)> = OnceLock::new();
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
        let mut log = Log::new(genesis.clone(), &key).expect("a log");
        log.append(vec![Record::Genesis(genesis)], &key).expect("an entry");
        (key, log)
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let (key, log) = log();
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(parsed) = VerifierKey::parse(text) {
            assert_eq!(parsed.to_string(), text);
        }
        if let Ok(parsed) = LogKey::parse(text) {
            assert_eq!(parsed.to_private_text(), text.trim());
        }
    }
    if let Ok(checkpoint) = Checkpoint::open(bytes, key.verifier()) {
        assert!(checkpoint.size() <= log.size(), "nobody but the key's holder can sign");
    }
    let mut files = log.files();
    let whole = files.clone();
    let count = files.len();
    if let Some(file) = files.values_mut().nth(usize::from(*choice) % count) {
        *file = bytes.to_vec();
    }
    match Log::from_files(&files, key.verifier()) {
        Ok(read) => assert_eq!(read.files(), whole, "another log under the same key"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
