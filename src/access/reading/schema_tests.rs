use serde_json::json;

use super::*;
use crate::access::{AccountForm, SettingForm, raw};
use crate::targets::KINDS;

/// Brings a generated schema to what the loader can deliver: no nulls, and whole numbers in their bounds.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
                branches.retain(|b| *b != json!({ "type": "null" }));
                if let [Value::Object(only)] = branches.as_slice() {
                    let only = only.clone();
                    map.shift_remove("anyOf");
                    map.extend(only);
                }
            }
            match map.shift_remove("format") {
                Some(format) if format == "uint32" => {
                    map.insert("maximum".to_owned(), json!(u32::MAX));
                }
                Some(format) if format == "uint64" => {}
                Some(format) => panic!("the format {format} is not thought of"),
                None => {}
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The settings of all types together: which of them a target has is said by its type, where it is resolved.
fn target() -> Value {
    let types: Vec<&str> = KINDS.0.iter().map(|spec| spec.name.as_str()).collect();
    let real: Vec<&str> = KINDS.real().map(|spec| spec.name.as_str()).collect();
    let about = "The target's type, by default its name; `sandbox` is the embedded one.";
    let mut properties = serde_json::Map::new();
    properties.insert("type".to_owned(), json!({ "type": "string", "enum": types, "description": about }));
    for (spec, setting) in KINDS.0.iter().flat_map(|spec| spec.settings.iter().map(move |setting| (spec, setting))) {
        let shape = match setting.form {
            SettingForm::Text(_) => json!({ "type": "string" }),
            SettingForm::Number { least, most: u64::MAX } => json!({ "type": "integer", "minimum": least }),
            SettingForm::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            SettingForm::Type => json!({ "type": "string", "enum": real }),
        };
        let about = format!("{}: {}.", spec.name, setting.about);
        match properties.get_mut(setting.name) {
            Some(known) => {
                let told = format!("{} {about}", known["description"].as_str().unwrap());
                known["description"] = json!(told);
                let mut other = shape;
                other["description"] = json!(told);
                assert_eq!(*known, other, "`{}` takes two sorts of value", setting.name);
            }
            None => {
                let mut shape = shape;
                shape["description"] = json!(about);
                properties.insert(setting.name.to_owned(), shape);
            }
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties,
        "description": "A target's settings. Which of them it needs depends on its type." })
}

fn accounts() -> Value {
    let mut properties = serde_json::Map::new();
    for (spec, account) in KINDS.0.iter().filter_map(|spec| Some((spec, spec.account.as_ref()?))) {
        let about = format!("{}.", account.about);
        let shape = match account.form {
            AccountForm::Named { .. } => json!({ "type": "string", "description": about }),
            AccountForm::Numbered { .. } => json!({ "type": "object", "additionalProperties": false,
                "properties": {
                    "login": { "type": "string", "description": "The login, for people." },
                    "id": { "type": "integer", "minimum": 0, "description": "The number, which is the identity." },
                },
                "required": ["login", "id"], "description": about }),
        };
        properties.insert(spec.name.to_string(), shape);
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties,
        "description": "A person's accounts, by type of target." })
}

fn generate(kind: FileKind) -> String {
    let schema = match kind {
        FileKind::Config => schemars::schema_for!(raw::Config),
        FileKind::Vendor => schemars::schema_for!(raw::Vendor),
        FileKind::Person => schemars::schema_for!(raw::Person),
        FileKind::Group => schemars::schema_for!(raw::Group),
        FileKind::Domain => schemars::schema_for!(raw::Domain),
        FileKind::Role => schemars::schema_for!(raw::Role),
        FileKind::Grant => schemars::schema_for!(raw::Grant),
        FileKind::Bridge => schemars::schema_for!(raw::Bridge),
        FileKind::Policy => schemars::schema_for!(raw::Policy),
        FileKind::Cases => schemars::schema_for!(raw::Cases),
        FileKind::Ratification => schemars::schema_for!(raw::Ratification),
        FileKind::Rego => unreachable!("not written as YAML"),
    };
    let mut value = schema.to_value();
    tidy(&mut value);
    match kind {
        FileKind::Config => {
            value["properties"]["targets"]["additionalProperties"] = json!({ "$ref": "#/$defs/Target" });
            value["$defs"]["Target"] = target();
        }
        FileKind::Person => {
            let about = value["properties"]["accounts"]["description"].clone();
            value["properties"]["accounts"] = json!({ "$ref": "#/$defs/Accounts", "description": about });
            value["$defs"]["Accounts"] = accounts();
        }
        FileKind::Vendor
        | FileKind::Group
        | FileKind::Domain
        | FileKind::Role
        | FileKind::Grant
        | FileKind::Bridge
        | FileKind::Policy
        | FileKind::Cases
        | FileKind::Ratification
        | FileKind::Rego => {}
    }
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

#[test]
fn the_schemas_are_the_types() {
    let bless = std::env::var_os("DUALKEY_BLESS").is_some();
    for kind in FileKind::ALL {
        let name = kind.name();
        let fresh = generate(kind);
        if bless {
            let path = format!("{}/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, fresh).unwrap();
        } else {
            let hint = "is stale: run the tests with DUALKEY_BLESS=1";
            assert!(fresh == schema_text(kind), "schema/{name}.json {hint}");
        }
    }
}

#[test]
fn every_schema_compiles() {
    for (index, kind) in FileKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
        assert!(compiled(kind).is_some(), "{kind:?}");
    }
}

#[test]
fn suggestions_are_close() {
    let fields = ["to", "role", "until", "from", "max_duration"];
    assert_eq!(closest("untill", &fields), Some("until"));
    assert_eq!(closest("Max-Duration", &fields), Some("max_duration"));
    assert_eq!(closest("colour", &fields), None);
    assert_eq!(closest(&"u".repeat(1_000_000), &fields), None);
}
