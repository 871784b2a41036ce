//! Findings as SARIF 2.1.0, as far as code scanning and other viewers read it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::escape::{self, terminal};
use super::findings::{heaviest, is_whole_file};
use super::style::{capitalised, count};
use crate::finding::{Finding, Place, Related, Rule, Severity, State};

/// Code scanning keeps so many results of one upload, and refuses one of five times as many.
const RESULTS: usize = 5_000;

/// Code scanning shows so many locations of one result.
const RELATED: usize = 100;

/// Characters of a paragraph: an upload may have 10 MB, compressed.
const MESSAGE: usize = 2_000;

/// The results of `dualkey lint`. `rules` are all that can be found, so that the same program always lists the same.
pub fn lint(findings: &[Finding], rules: &[&'static Rule]) -> String {
    let mut by_id: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.code.id, *rule)).collect();
    by_id.extend(findings.iter().map(|finding| (finding.rule.code.id, finding.rule)));
    let ids: BTreeMap<&str, usize> = by_id.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let shown = heaviest(findings, RESULTS);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut results = Vec::with_capacity(shown.len());
    for (at, finding) in findings.iter().enumerate() {
        let print = fingerprint(finding);
        // two findings that say the same in one file are told apart by their order
        let nth = seen.entry(print.clone()).and_modify(|nth| *nth += 1).or_insert(1);
        if shown.contains(&at) {
            results.push(result(finding, ids.get(finding.rule.code.id), &format!("{print}:{nth}")));
        }
    }
    let mut invocation = json!({ "executionSuccessful": true });
    if results.len() < findings.len() {
        let told = format!("{} of {} shown, errors first", results.len(), count(findings.len(), "finding"));
        let note = json!({ "level": "warning", "message": { "text": told } });
        insert(&mut invocation, "toolExecutionNotifications", json!([note]));
    }
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dualkey",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": by_id.values().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "automationDetails": { "id": "dualkey/lint/" },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    escape::json(&text)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// What the program says of a rule: the text of `dualkey explain`.
fn descriptor(rule: &Rule) -> Value {
    let code = &rule.code;
    let (why, instead, title) = (code.why, code.instead, format!("{}.", capitalised(code.title)));
    let mut text = format!("{why}\n\nInstead: {instead}");
    let mut markdown = format!("{why}\n\n**Instead:** {instead}");
    if !code.example.is_empty() {
        text.push_str(&format!("\n\nExample:\n\n{}", code.example));
        let fence = escape::markdown_fence(code.example.lines());
        markdown.push_str(&format!("\n\n**Example:**\n\n{fence}yaml\n{}\n{fence}", code.example));
    }
    let mut tags = vec!["access-control"];
    if rule.dated {
        tags.push("dated");
    }
    json!({
        "id": code.id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": tags, "precision": "very-high", "problem.severity": level(rule.severity) },
    })
}

fn result(finding: &Finding, index: Option<&usize>, fingerprint: &str) -> Value {
    let mut result = json!({
        "ruleId": finding.rule.code.id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": message(&[&finding.message, &format!("Help: {}", finding.help)]) },
        "locations": [{ "physicalLocation": location(&finding.place) }],
        // the second is the only one that code scanning compares
        "partialFingerprints": { "dualkeyIdentity/v1": fingerprint, "primaryLocationLineHash": fingerprint },
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().take(RELATED).enumerate();
        insert(&mut result, "relatedLocations", related.map(|(at, related)| near(at + 1, related)).collect());
    }
    match finding.state {
        State::New => insert(&mut result, "baselineState", "new".into()),
        State::Standing => insert(&mut result, "baselineState", "unchanged".into()),
        State::Waived => {
            let suppression = json!({
                "kind": "external",
                "status": "accepted",
                "justification": "a waiver in the policies accepts it for now",
            });
            insert(&mut result, "suppressions", json!([suppression]));
        }
    }
    result
}

fn insert(to: &mut Value, key: &str, value: Value) {
    if let Some(map) = to.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn near(id: usize, related: &Related) -> Value {
    json!({ "id": id, "physicalLocation": location(&related.place), "message": { "text": message(&[&related.message]) } })
}

fn location(place: &Place) -> Value {
    let region = if is_whole_file(place) {
        json!({ "startLine": 1 })
    } else {
        json!({
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        })
    };
    json!({ "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "%SRCROOT%" }, "region": region })
}

/// A path as a relative reference: what isn't a plain letter of one is written as `%1B`.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Paragraphs of data: nothing hides, nothing links, nothing is endless.
fn message(paragraphs: &[&str]) -> String {
    let paragraphs: Vec<String> = paragraphs.iter().map(|text| clipped(&terminal(text))).collect();
    // in a message `[text](target)` is a link
    paragraphs.join("\n\n").replace("](", "] (")
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Stays the same when lines move.
fn fingerprint(finding: &Finding) -> String {
    let (rule, file, message) = finding.identity();
    let digest = Sha256::digest(format!("{rule}\0{file}\0{message}"));
    crate::hex::encode(digest.get(..16).unwrap_or_default())
}
