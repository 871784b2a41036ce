//! The models in `data/` are cut from what AWS publishes in botocore, and this test keeps them so.
//!
//! It installs botocore, cuts its models by the list in `data/operations.txt`, and compares. With
//! `AWS_STANDIN_BLESS=1` it writes the cuts instead.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[path = "support/python.rs"]
mod python;

const BOTOCORE: &str = "1.44.8";
const LICENCE: &str = "Apache-2.0";

/// Prints the models of the services that it is told, with the version and the licence of the package.
const MODELS: &str = "
import importlib.metadata, json, sys
import botocore.loaders
loader = botocore.loaders.Loader(include_default_search_paths=True)
about = importlib.metadata.metadata('botocore')
models = {name: loader.load_service_model(name, 'service-2') for name in sys.argv[1:]}
print(json.dumps({'version': about['Version'], 'licence': about['License'], 'models': models}))
";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The listed operations by service.
fn listed(list: &str) -> BTreeMap<&str, Vec<&str>> {
    list.split("\n[")
        .skip(1)
        .map(|part| part.split_once("]\n").unwrap())
        .map(|(service, operations)| (service, operations.lines().filter(|line| !line.is_empty()).collect()))
        .collect()
}

/// Without what only people read; keys are sorted.
fn bare(value: &Value) -> Value {
    const PROSE: [&str; 4] = ["documentation", "documentationUrl", "deprecatedMessage", "deprecatedSince"];
    match value {
        Value::Object(map) => {
            // a member may be called so too, and then it is no text
            let kept = map.iter().filter(|(key, value)| !(PROSE.contains(&key.as_str()) && value.is_string()));
            let sorted: BTreeMap<&String, Value> = kept.map(|(key, value)| (key, bare(value))).collect();
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        other => other.clone(),
    }
}

/// The names of shapes that something refers to.
fn reached(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("shape").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| reached(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| reached(item, found)),
        _ => {}
    }
}

fn cut(service: &str, model: &Value, operations: &[&str]) -> String {
    let (mut kept, mut shapes, mut open) = (Map::new(), BTreeMap::new(), Vec::new());
    for name in operations {
        let operation = &model["operations"][name];
        assert!(operation.is_object(), "{service} has no operation `{name}`");
        kept.insert((*name).to_owned(), bare(operation));
        reached(&kept[*name], &mut open);
    }
    while let Some(name) = open.pop() {
        if let std::collections::btree_map::Entry::Vacant(place) = shapes.entry(name) {
            let shape = bare(&model["shapes"][place.key()]);
            reached(&shape, &mut open);
            place.insert(shape);
        }
    }
    // one line for each operation and shape, so that a difference can be read
    let lines = |of: Vec<(&String, &Value)>| {
        let lines: Vec<String> = of.into_iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        lines.join(",\n")
    };
    let origin = format!("cut from {service} of botocore {BOTOCORE} ({LICENCE}) by the list in operations.txt");
    format!(
        "{{\"origin\":{},\n\"metadata\":{},\n\"operations\":{{\n{}\n}},\n\"shapes\":{{\n{}\n}}}}\n",
        json!(origin),
        bare(&model["metadata"]),
        lines(kept.iter().collect()),
        lines(shapes.iter().collect())
    )
}

#[test]
fn the_models_are_cut_from_botocore() {
    let list = std::fs::read_to_string(data("operations.txt")).unwrap();
    let listed = listed(&list);
    let python = python::interpreter("cuts");
    let services: Vec<&str> = listed.keys().copied().collect();
    let printed = python::run(&python, &[&["-c", MODELS][..], &services].concat());
    let package: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(package["version"], BOTOCORE);
    assert_eq!(package["licence"], LICENCE, "the licence changed");
    for (service, operations) in listed {
        assert!(operations.is_sorted(), "{service} is not sorted");
        let cut = cut(service, &package["models"][service], &operations);
        let path = data(&format!("{service}.json"));
        if std::env::var_os("AWS_STANDIN_BLESS").is_some() {
            std::fs::write(path, cut).unwrap();
            continue;
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let differs = kept.lines().zip(cut.lines()).position(|(kept, cut)| kept != cut);
        let line = differs.unwrap_or(kept.lines().count().min(cut.lines().count())) + 1;
        assert!(kept == cut, "data/{service}.json is stale from line {line}: bless it");
    }
}
