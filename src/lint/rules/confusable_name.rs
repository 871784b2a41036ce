use std::collections::BTreeMap;

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
              within people, vendors, domains and roles, and against their ids. Two people may share one name.",
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
    let ids: BTreeMap<String, &str> = names.iter().map(|named| (seen(named.id), named.id)).collect();
    let mut first: BTreeMap<String, &Named<'_>> = BTreeMap::new();
    // plain names first, so that it's the odd one that is told of
    let (plain, odd): (Vec<_>, Vec<_>) = names.iter().partition(|named| named.name.is_ascii());
    for named in plain.into_iter().chain(odd) {
        let shape = seen(named.name);
        let whose = |id: &str| format!("`{}` of `{}` looks like", shown(named.name), id);
        if let Some(word) = named.name.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_single_script()) {
            let message = format!("`{}` of `{}` mixes letters of two scripts", shown(word), named.id);
            findings.push(Finding::new(&RULE, named.place(), message, help(word)));
        } else if let Some(other) = first.get(&shape).filter(|other| other.name != named.name) {
            let message = format!("{} `{}` of `{}`", whose(named.id), shown(other.name), other.id);
            let finding = Finding::new(&RULE, named.place(), message, help(named.name));
            findings.push(finding.related(other.place(), "the other name"));
        } else if let Some(other) = ids.get(&shape).filter(|_| !named.name.is_ascii()) {
            let message = format!("{} the id `{other}`", whose(named.id));
            findings.push(Finding::new(&RULE, named.place(), message, help(named.name)));
        }
        first.entry(shape).or_insert(named);
    }
}

/// What a reader sees of a name: letters that look alike are one, and so are all blanks.
fn seen(name: &str) -> String {
    let shape: String = skeleton(name).collect();
    shape.split_whitespace().collect::<Vec<_>>().join(" ")
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
