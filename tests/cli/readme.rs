//! The README's tables of targets are those of the program's own list. `DUALKEY_BLESS=1` writes them.

use std::sync::Mutex;

use dualkey::access::{Need, Permissions, TargetSpec};
use dualkey::targets::KINDS;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A row for each kind.
fn kinds() -> String {
    let row = |spec: &&'static TargetSpec| -> String {
        let any = spec.examples.iter().find(|one| matches!(one.kind.permissions, Permissions::Open(_)));
        let rows = spec.kinds.iter().map(|kind| {
            let own = spec.examples.iter().find(|one| one.kind == *kind).or(any);
            let permissions = match kind.permissions {
                Permissions::Ordered(words) => quoted(words.iter().copied()),
                Permissions::Open(_) => format!("such as {}", quoted(own.map(|one| one.permissions[0]))),
            };
            format!("| `{}` | {} | `{}` | {permissions} |\n", kind.name, spec.title, kind.shape)
        });
        rows.collect()
    };
    KINDS.0.iter().map(row).collect()
}

/// A row for each type.
fn types() -> String {
    let row = |spec: &&'static TargetSpec| {
        let settings = spec.settings.iter().map(|setting| match setting.need {
            Need::Pins => format!("**`{}`**", setting.name),
            Need::Required | Need::Optional => format!("`{}`", setting.name),
        });
        let account = match &spec.account {
            Some(account) => format!("`{}: {}`", spec.name, account.example),
            None => "that of the type it stands in for".to_owned(),
        };
        format!("| `{}` | {} | {account} |\n", spec.name, settings.collect::<Vec<_>>().join(" "))
    };
    KINDS.0.iter().map(row).collect()
}

/// The rows below a header stand as they should.
#[track_caller]
fn holds(header: &str, rows: &str) {
    static FILE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = FILE.lock().unwrap();
    let mut text = std::fs::read_to_string(README).unwrap();
    let start = text.find(header).unwrap_or_else(|| panic!("`{header}` is not in the README")) + header.len();
    let end = start
        + text[start..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum::<usize>();
    if std::env::var_os("DUALKEY_BLESS").is_some() {
        text.replace_range(start..end, rows);
        std::fs::write(README, text).unwrap();
    } else {
        assert_eq!(&text[start..end], rows, "the README is stale: run this with DUALKEY_BLESS=1");
    }
}

#[test]
fn the_readme_lists_every_kind() {
    holds("| Kind of resource | Of | Written as | Permissions |\n|---|---|---|---|\n", &kinds());
}

#[test]
fn the_readme_lists_every_type_with_its_settings() {
    holds("| Type | Settings (those that pin it in bold) | A person's account |\n|---|---|---|\n", &types());
}
