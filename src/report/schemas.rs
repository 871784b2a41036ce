//! The JSON Schemas of the documents that commands print with `--format json`.

/// Command and schema, sorted by command.
pub const DOCUMENTS: &[(&str, &str)] = &[
    ("access", include_str!("../../schema/output/access.json")),
    ("apply", include_str!("../../schema/output/apply.json")),
    ("doctor", include_str!("../../schema/output/doctor.json")),
    ("drift", include_str!("../../schema/output/drift.json")),
    ("lint", include_str!("../../schema/output/lint.json")),
    ("next", include_str!("../../schema/output/next.json")),
    ("plan", include_str!("../../schema/output/plan.json")),
    ("report", include_str!("../../schema/output/report.json")),
    ("targets", include_str!("../../schema/output/targets.json")),
    ("test", include_str!("../../schema/output/test.json")),
    ("verify", include_str!("../../schema/output/verify.json")),
];

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::report::{access, controls, doctor, json, next, targets, trial};

    fn generate<T: schemars::JsonSchema>(command: &str) -> (String, String) {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.insert("title".to_owned(), format!("What `dualkey {command} --format json` prints").into());
        let mut text = serde_json::to_string_pretty(&schema).unwrap();
        text.push('\n');
        (command.to_owned(), text)
    }

    #[test]
    fn schemas_of_documents_are_fresh() {
        let fresh = [
            generate::<access::Document<'static>>("access"),
            generate::<json::Apply<'static>>("apply"),
            generate::<doctor::Document<'static>>("doctor"),
            generate::<json::Drift<'static>>("drift"),
            generate::<json::Lint<'static>>("lint"),
            generate::<next::Document<'static>>("next"),
            generate::<json::Plan<'static>>("plan"),
            generate::<controls::Document<'static>>("report"),
            generate::<targets::Document<'static>>("targets"),
            generate::<trial::Test<'static>>("test"),
            generate::<json::Verify<'static>>("verify"),
        ];
        let bless = std::env::var_os("DUALKEY_BLESS").is_some();
        for ((command, text), (known, stored)) in fresh.iter().zip(DOCUMENTS) {
            assert_eq!(command, known);
            if bless {
                let path = format!("{}/schema/output/{command}.json", env!("CARGO_MANIFEST_DIR"));
                std::fs::write(path, text).unwrap();
            } else {
                assert!(text == stored, "schema/output/{command}.json is stale: run the tests with DUALKEY_BLESS=1");
            }
        }
    }
}
