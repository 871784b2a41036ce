//! Approval and genesis statements and the SSH signatures over them. A line `--` parts statement and signature.

#![no_main]

use dualkey::approval::statement::{ApprovalStatement, GenesisStatement, canonical, verify};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|text: &str| {
    let (statement, signature) = text.split_once("--\n").unwrap_or((text, text));
    canonical_again::<ApprovalStatement>(statement);
    canonical_again::<GenesisStatement>(statement);
    assert!(!verify([], "dualkey-approval", statement.as_bytes(), signature), "nobody signed this");
});

fn canonical_again<T: DeserializeOwned + Serialize>(text: &str) {
    if let Ok(read) = serde_json::from_str::<T>(text) {
        let written = canonical(&read);
        let again: T = serde_json::from_slice(&written).expect("what is written reads back");
        assert_eq!(canonical(&again), written);
    }
}
