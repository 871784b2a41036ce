//! The log as events is what the published schema of the framework says, name by name.

use std::io::Write;
use std::process::Stdio;

use crate::packages::python;
use crate::support::{World, scrubbed};

/// The package that carries the schema as models. The newest it knows is 1.7; the two classes are the same in 1.8.
const PACKAGE: &str = "pydantic-ocsf==3.0.0";

/// Reads events line by line; says how many there were, or what is wrong with one.
const CHECK: &str = r"
import json, sys
from pydantic import BaseModel
from ocsf.v1_7_0.events import EntityManagement, UserAccess

CLASSES = {3004: EntityManagement, 3005: UserAccess}

def unknown(value, at):
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f'{at}.{name}'
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name), f'{at}.{name}')
    elif isinstance(value, list):
        for one in value:
            yield from unknown(one, f'{at}[]')

count = 0
for line in sys.stdin:
    event = json.loads(line)
    model = CLASSES[event['class_uid']].model_validate(event)
    strange = sorted(set(unknown(model, 'event')))
    if strange:
        sys.exit(f'not in the schema: {strange}: {line}')
    count += 1
print(count)
";

/// What the check says of some lines: how many events, or what is wrong.
fn checked(lines: &str) -> Result<String, String> {
    let home = tempfile::tempdir().unwrap();
    let mut command = scrubbed(python(&[PACKAGE]).join("python"), home.path());
    command.args(["-c", CHECK]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn every_event_is_what_the_schema_says() {
    let world = World::told();
    // a refusal and drift have events of their own
    world.write("README.md", "hello\n");
    world.write("grants/payments/more.yaml", &crate::support::ALICE_GRANT.replace("payments-api", "payments-web"));
    world.commit("Unapproved");
    world.git(&["push", "-q", "origin", "main"]);
    std::fs::write(
        world.repo().join(".git/dualkey/github.json"),
        "{\"version\":1,\"as\":\"github\",\"entitlements\":[]}",
    )
    .unwrap();
    world.timed(&["apply"]);
    let lines = world.dualkey(&["audit", "export", "--format", "ocsf"]).exits(0).stdout;
    for sort in ["landing verified", "the log begins", "no-approval", "drift: "] {
        assert!(lines.contains(sort), "no event of `{sort}` in:\n{lines}");
    }
    assert_eq!(checked(&lines), Ok(lines.lines().count().to_string()));
    // the check can fail
    let first = lines.lines().next().unwrap();
    assert!(checked(&first.replace("\"severity_id\"", "\"severe\"")).is_err());
    assert!(checked(&first.replace("\"entity\":{", "\"entity\":{\"colour\":\"red\",")).unwrap_err().contains("colour"));
}
