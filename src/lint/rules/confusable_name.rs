use std::sync::OnceLock;

use foldhash::{HashMap, HashMapExt as _};
use unicode_security::{MixedScript, skeleton};

use crate::access::Access;
use crate::access::reading::{Source, Step};
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "confusable-name",
        title: "a name looks like another, or mixes letters of two scripts",
        why: "A reviewer reads names, not code points. A Cyrillic `а` in a name that is otherwise Latin makes a second \
              person, vendor or role of what looks like the first. Lookalikes are told as Unicode's UTS #39 does, \
              within people, vendors, domains and roles, and against their ids. Two people may share one name. Blanks that \
              a reader can't tell apart make one name look like several columns.",
        example: "# people/alice.n.yaml\nname: Аlice Nguyen     # the first letter is U+0410, a Cyrillic A",
        instead: "Write the name in the letters of one script, and differently enough to be told apart.",
    },
    severity: Severity::Error,
    dated: false,
};

/// A name that people read: whose it is, and where it stands.
struct Named<'a> {
    id: &'a str,
    name: &'a str,
    source: &'a Source,
    field: &'static str,
}

impl Named<'_> {
    fn place(&self) -> Place {
        self.source.place(&[Step::Key(self.field)])
    }
}

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for names in by_kind(survey.access) {
        lookalikes(&names, findings);
    }
}

fn by_kind(access: &Access) -> [Vec<Named<'_>>; 4] {
    macro_rules! named {
        ($files:ident, $field:ident) => {
            (access.$files.values())
                .map(|file| Named {
                    id: file.id.as_str(),
                    name: &file.$field,
                    source: &file.source,
                    field: stringify!($field),
                })
                .collect()
        };
    }
    [named!(people, name), named!(vendors, name), named!(domains, title), named!(roles, title)]
}

fn lookalikes(names: &[Named<'_>], findings: &mut Vec<Finding>) {
    let mut first: HashMap<String, &Named<'_>> = HashMap::with_capacity(names.len());
    // plain names first, so that it's the odd one that is told of
    let (plain, odd): (Vec<_>, Vec<_>) = names.iter().partition(|named| named.name.is_ascii());
    let ids: HashMap<String, &str> = match odd.as_slice() {
        [] => HashMap::new(),
        [..] => names.iter().map(|named| (seen(named.id), named.id)).collect(),
    };
    for named in plain.into_iter().chain(odd) {
        let shape = seen(named.name);
        let whose = |id: &str| format!("`{}` of `{}` looks like", shown(named.name), id);
        if let Some(word) = of_two_scripts(named.name) {
            let message = format!("`{}` of `{}` mixes letters of two scripts", shown(word), named.id);
            findings.push(Finding::new(&RULE, named.place(), message, help(word)));
        } else if let Some(other) = first.get(&shape).filter(|other| other.name != named.name) {
            let message = format!("{} `{}` of `{}`", whose(named.id), shown(other.name), other.id);
            let finding = Finding::new(&RULE, named.place(), message, help(named.name));
            findings.push(finding.related(other.place(), "the other name"));
        } else if let Some(other) = ids.get(&shape).filter(|_| !named.name.is_ascii()) {
            let message = format!("{} the id `{other}`", whose(named.id));
            findings.push(Finding::new(&RULE, named.place(), message, help(named.name)));
        } else if has_odd_blanks(named.name) {
            let message =
                format!("`{}` of `{}` holds blanks that a reader can't tell from others", shown(named.name), named.id);
            findings.push(Finding::new(&RULE, named.place(), message, "write one plain blank between two words"));
        }
        first.entry(shape).or_insert(named);
    }
}

/// True where blanks are more than one between two words, or of a sort that looks like others: by them a name can look like
/// columns, or like more words than it is made of. East Asian names have a wide one.
fn has_odd_blanks(name: &str) -> bool {
    let blanks = |name: &str| name.split(|c: char| !c.is_whitespace()).map(|run| run.chars().count()).max();
    let odd = |c: char| c.is_whitespace() && !matches!(c, ' ' | '\u{3000}');
    name.chars().any(odd) || blanks(name) > Some(1) || name.trim() != name
}

/// The first word that mixes scripts.
fn of_two_scripts(name: &str) -> Option<&str> {
    let mut words = name.split(|c: char| !c.is_alphabetic());
    if name.is_ascii() { None } else { words.find(|word| !word.is_single_script()) }
}

/// What a reader sees of a name: letters that look alike are one, and so are all blanks.
fn seen(name: &str) -> String {
    let shape: String = if name.is_ascii() {
        name.bytes().filter_map(|byte| plain_skeletons().get(usize::from(byte))).map(String::as_str).collect()
    } else {
        skeleton(name).collect()
    };
    if shape.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace)) {
        return shape;
    }
    shape.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The skeleton of each ASCII character. None of them combines with its neighbours.
fn plain_skeletons() -> &'static [String] {
    static SKELETONS: OnceLock<Vec<String>> = OnceLock::new();
    SKELETONS.get_or_init(|| {
        (0..=0x7f).map(|byte: u8| skeleton(char::from(byte).encode_utf8(&mut [0; 4])).collect()).collect()
    })
}

fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}

fn help(name: &str) -> String {
    let odd: Vec<String> = name.chars().filter(|c| !c.is_ascii()).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    if odd.is_empty() {
        "write it so that the two can be told apart".to_owned()
    } else {
        format!("write it in the letters of one script; it holds {}", odd.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_letters_look_the_same_alone_and_together() {
        let plain: Vec<char> = (0..=0x7f_u8).map(char::from).collect();
        for pair in plain.iter().flat_map(|a| plain.iter().map(move |b| String::from_iter([a, b]))) {
            let shape: String = skeleton(&pair).collect();
            assert_eq!(seen(&pair), shape.split_whitespace().collect::<Vec<_>>().join(" "), "{pair:?}");
        }
        assert_eq!(seen("\u{a0}Alice  Nguyen"), seen("Alice Nguyen "));
    }
}
