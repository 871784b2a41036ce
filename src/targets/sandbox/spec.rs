//! What `dualkey.yaml` says of an embedded target.

use super::TYPE;
use crate::access::{Need, SettingForm, SettingSpec, Settings, TargetId, TargetSpec};

/// The setting that names the type it stands in for.
const STANDS_FOR: &str = "as";

/// The setting that names its file.
pub(super) const FILE: &str = "file";

pub static SPEC: TargetSpec = TargetSpec {
    name: TYPE,
    title: "the embedded target",
    kinds: &[],
    examples: &[],
    account: None,
    settings: &[
        SettingSpec {
            name: STANDS_FOR,
            about: "the type that it stands in for",
            need: Need::Required,
            form: SettingForm::Type,
        },
        SettingSpec {
            name: FILE,
            about: "its file in the repository, where it isn't one in the git directory",
            need: Need::Optional,
            form: SettingForm::Text(check_file),
        },
    ],
    pin: |id, _| format!("{TYPE}:{id}"),
    system: Some(system),
    stands_for: Some(STANDS_FOR),
};

/// The file, whose name some systems read without regard to case.
fn system(id: &TargetId, settings: &Settings) -> String {
    let file = settings.get(FILE).map_or_else(|| format!(".git/dualkey/{id}.json"), str::to_owned);
    let names: Vec<&str> = file.split('/').filter(|name| *name != ".").collect();
    format!("{TYPE} file {}", names.join("/").to_lowercase())
}

fn check_file(file: &str) -> Result<(), &'static str> {
    if file.starts_with('/') || file.split('/').any(|part| part == ".." || part.is_empty()) {
        return Err("the sandbox's file must lie inside the repository, at a relative path without `..`");
    }
    Ok(())
}
