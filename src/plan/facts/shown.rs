//! How much of a value a reader is shown.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::value::Value;
use super::weights::Section;
use crate::targets::KINDS;

/// Longer lists are told by what differs in them.
const LISTED: usize = 8;

/// Characters of one text; what is longer is cut in the middle.
const SHOWN: usize = 240;

/// Both sides of a field. Of long lists only what differs, of long texts only the part that does.
pub(super) fn sides(section: Section, label: &str, sides: [Option<&Value>; 2]) -> [Option<String>; 2] {
    match sides {
        [Some(Value::Many(before)), Some(Value::Many(after))] if before.len().max(after.len()) > LISTED => {
            let stay = format!("{} that stay", before.intersection(after).count());
            let only = |own: &BTreeSet<String>, other: &BTreeSet<String>| {
                let mut rest = in_order(label, own.difference(other));
                rest.push(&stay);
                Some(list(section, &rest))
            };
            [only(before, after), only(after, before)]
        }
        [Some(Value::One(was)), Some(Value::One(is))] => {
            let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count();
            [was, is].map(|text| Some(cut_around(text, same)))
        }
        sides => sides.map(|side| side.map(|value| one(section, label, value))),
    }
}

/// A value of which there is no other side.
pub(super) fn one(section: Section, label: &str, value: &Value) -> String {
    match value {
        Value::Many(texts) if !texts.is_empty() => list(section, &in_order(label, texts.iter())),
        value @ (Value::One(_) | Value::Many(_)) => cut(&value.text()),
    }
}

/// INVARIANT: nothing of a list that decides over anything is left out, however long it is. Of whoever is in a group that
/// approves nothing, lines of access tell what they gain.
fn list(section: Section, texts: &[&str]) -> String {
    let text = texts.join(", ");
    if section == Section::Group { cut(&text) } else { text }
}

/// Permissions that are dangerous stand first.
fn in_order<'a>(label: &str, texts: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let kind = label.strip_prefix("entitlements.").and_then(|name| KINDS.get(name));
    let mut texts: Vec<&str> = texts.map(String::as_str).collect();
    texts.sort_by_key(|text| Reverse(kind.is_some_and(|kind| (kind.dangerous)("", text))));
    texts
}

/// A long text from shortly before the place at which it differs from the other.
fn cut_around(text: &str, place: usize) -> String {
    if place < SHOWN / 2 || text.chars().count() <= SHOWN {
        return cut(text);
    }
    format!("… {}", cut(&text.chars().skip(place - SHOWN / 8).collect::<String>()))
}

pub(super) fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN * 2 / 3).collect();
    let end: String = text.chars().skip(length - SHOWN / 4).collect();
    format!("{start} … {end} ({length} characters)")
}
