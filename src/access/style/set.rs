//! One field of a file gets another value; everything else, comments too, stays as it is.

use serde_json::Value;

use super::{StyleError, format};
use crate::access::reading::{self, FileKind, Source, Step};

/// The same file where a field holds another scalar, written as YAML. Only a field of the whole file can be new: it comes last, or
/// where its kind has it in a file that is in canonical style.
///
/// # Errors
/// `Unreadable` where the strict loader refuses the text; `Meaning` where the result would say anything else besides.
pub fn set(kind: FileKind, text: &str, path: &[&str], written: &str) -> Result<String, StyleError> {
    let mut wanted = reading::value(text).ok_or(StyleError::Unreadable)?;
    let value =
        reading::value(&format!("value: {written}\n")).and_then(|mut whole| Some(whole.get_mut("value")?.take()));
    let value = value.ok_or(StyleError::Unreadable)?;
    let steps: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
    let source = Source::text(text);
    let edited = match (source.bytes_of(&steps), path) {
        (Some(range), _) => {
            let (before, after) = (text.get(..range.start), text.get(range.end..));
            format!("{}{written}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (None, [key]) => {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            format!("{text}{end}{key}: {written}\n")
        }
        (None, _) => return Err(StyleError::Meaning),
    };
    put(&mut wanted, path, value).ok_or(StyleError::Meaning)?;
    if reading::value(&edited) != Some(wanted) {
        return Err(StyleError::Meaning);
    }
    // a file in canonical style stays in it
    let canonical = format(kind, text).is_ok_and(|canonical| canonical == text);
    Ok(if canonical { format(kind, &edited).unwrap_or(edited) } else { edited })
}

fn put(whole: &mut Value, path: &[&str], value: Value) -> Option<()> {
    let (last, above) = path.split_last()?;
    let mut at = whole;
    for key in above {
        at = at.get_mut(key)?;
    }
    at.as_object_mut()?.insert((*last).to_owned(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_changes_and_nothing_else() {
        let grant = "# why\nto: [a]   # her\nrole: r\ndomain: d\nuntil: 2026-12-31   # soon\nreason: x\n";
        let longer = set(FileKind::Grant, grant, &["until"], "2027-01-31").unwrap();
        assert_eq!(longer, grant.replace("2026-12-31", "2027-01-31"));
        let person = "name: A\ntype: contractor\nengagement: { from: 2026-01-01, until: 2026-12-31 }   # terms\n";
        let longer = set(FileKind::Person, person, &["engagement", "until"], "2027-01-31").unwrap();
        assert_eq!(longer, person.replace("2026-12-31", "2027-01-31"));
        let ended = set(FileKind::Person, person, &["ended"], "2026-12-01").unwrap();
        assert!(ended.contains("# terms\n") && ended.contains("\nended: 2026-12-01\n"), "{ended}");
        // without an end of the last line, and with a value of several lines
        let open = set(FileKind::Grant, "to: [a]\nreason: x", &["until"], "2027-01-31").unwrap();
        assert_eq!(open, "to: [a]\nreason: x\nuntil: 2027-01-31\n");
        for (text, path) in
            [("{ to: [a] }\n", &["until"][..]), ("to: [a]\n", &["engagement", "until"]), ("a: 1\na: 2\n", &["a"])]
        {
            assert!(set(FileKind::Grant, text, path, "2027-01-31").is_err(), "{text}");
        }
    }
}
