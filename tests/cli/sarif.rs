//! SARIF is what its published schema says, and what code scanning asks beyond it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{ALICE, ALICE_GRANT, World, finish, scrubbed};

/// The package that carries the schema, and what the schema must be.
const PACKAGE: &str = "@microsoft/jest-sarif@1.0.0-beta.0";
const ARCHIVE: &str = "microsoft-jest-sarif-1.0.0-beta.0.tgz";
const SCHEMA: &str = "package/lib/schemas/sarif-2.1.0-rtm.5.json";
const SHA256: &str = "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8";

/// The published schema of SARIF 2.1.0, brought below `target/` where it isn't there yet.
fn schema() -> &'static Value {
    static SCHEMA_VALUE: OnceLock<Value> = OnceLock::new();
    SCHEMA_VALUE.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sarif");
        let path = folder.join(SCHEMA);
        if !path.exists() {
            fetch(&folder, PACKAGE, ARCHIVE, SCHEMA);
        }
        let bytes = std::fs::read(&path).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, SHA256, "{} is not the schema that was published", path.display());
        let mut schema: Value = serde_json::from_slice(&bytes).unwrap();
        // an expression that isn't valid in every engine, about fields that are not written
        for owner in ["run", "toolComponent"] {
            let language = schema.pointer_mut(&format!("/definitions/{owner}/properties/language")).unwrap();
            assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
        }
        schema
    })
}

/// Brings one file of a package into a folder.
pub fn fetch(folder: &Path, package: &str, archive: &str, file: &str) {
    // made beside and renamed, so that a run that was stopped leaves nothing half
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let making = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
    // npm's own settings say where packages come from
    let home = std::env::var_os("HOME").map_or_else(|| making.path().to_owned(), PathBuf::from);
    let mut pack = scrubbed("npm", &home);
    for (name, value) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("NPM_CONFIG_") || upper.ends_with("_PROXY") || upper == "NODE_EXTRA_CA_CERTS" {
            pack.env(name, value);
        }
    }
    pack.current_dir(making.path()).args(["pack", "--silent", "--ignore-scripts", package]);
    finish(pack).exits(0);
    let mut unpack = scrubbed("tar", making.path());
    unpack.current_dir(making.path()).args(["xzf", archive, file]);
    finish(unpack).exits(0);
    let _ = std::fs::remove_dir_all(folder);
    std::fs::rename(making.keep(), folder).unwrap();
}

#[track_caller]
fn conforms(document: &Value) {
    let validator = jsonschema::validator_for(schema()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn it_is_what_the_standard_says() {
    let world = World::new();
    let sarif = |world: &World, code| {
        let document = world.timed(&["lint", "--format", "sarif"]).exits(code).json();
        conforms(&document);
        document
    };
    let clean = sarif(&world, 0);
    assert_eq!(clean["runs"][0]["results"], serde_json::json!([]));
    // a finding with related places, one of a whole file, one in a name that no address may hold, one of reading
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2027-02-03"));
    world.write("people/odd name #1%.yaml", "name: x\ntype: employee\n");
    world.write("people/x.yaml", "name: x\ntype: alien\n");
    let wrong = sarif(&world, 1);
    let run = &wrong["runs"][0];
    assert_eq!(run["tool"], clean["runs"][0]["tool"], "rules depend on what was found");
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 3);
    assert!(results.iter().any(|result| result.get("relatedLocations").is_some()), "{results:#?}");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    // a broken settings file ends the lint early, and is told in the same format
    world.write("dualkey.yaml", &world.read("dualkey.yaml").replace("timezone:", "timezon:"));
    let early = sarif(&world, 1);
    assert_eq!(early["runs"][0]["results"][0]["ruleId"], "unknown-field");
}

/// What code scanning requires though the standard doesn't, and how much of it it takes.
#[test]
fn it_is_what_code_scanning_takes() {
    let world = World::new();
    let document = world.timed(&["lint", "--format", "sarif"]).exits(0).json();
    let run = &document["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "dualkey/lint/");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() > 40);
    let text = |rule: &Value, at: &str| rule.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    for rule in rules {
        for required in ["/id", "/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            let text = text(rule, required);
            assert!(!text.is_empty() && text.chars().count() <= 1024, "{required} of {}", rule["id"]);
        }
        assert!(["error", "warning"].contains(&&*text(rule, "/defaultConfiguration/level")));
        assert!((1..=10).contains(&rule["properties"]["tags"].as_array().unwrap().len()));
        world.dualkey(&["explain", rule["id"].as_str().unwrap()]).exits(0);
    }
}

#[test]
fn it_tells_what_is_new_what_stood_and_what_is_waived() {
    let world = World::new();
    let grant = "grants/payments/bob-checkout.yaml";
    world.write(grant, &world.read(grant).replace("role: developer", "role: deployer"));
    world.commit("A mistake that stands");
    world.write("people/x.yaml", "name: x\ntype: alien\n");
    let before = world.timed(&["lint", "--base", "HEAD", "--format", "sarif"]).exits(1).json();
    conforms(&before);
    let of = |document: &Value, rule: &str| {
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        results.into_iter().find(|result| result["ruleId"] == rule).unwrap()
    };
    assert_eq!(of(&before, "schema")["baselineState"], "new");
    let standing = of(&before, "role-denied-to-contractors");
    assert_eq!(standing["baselineState"], "unchanged");
    // lines that move are the same finding
    world.write(grant, &format!("# moved\n\n{}", world.read(grant)));
    let moved = world.timed(&["lint", "--base", "HEAD", "--format", "sarif"]).exits(1).json();
    let moved = of(&moved, "role-denied-to-contractors");
    assert_eq!(moved["partialFingerprints"], standing["partialFingerprints"]);
    assert_ne!(moved["locations"], standing["locations"]);
}
