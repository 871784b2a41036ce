//! Which file says what: the folder is the kind, the stem is the id.

use foldhash::{HashMap, HashMapExt as _};

use super::hidden::{quote, quote_all};
use crate::access::id;
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::repository::Oid;

/// A file that nothing reads.
pub const UNEXPECTED_FILE: Rule = Rule {
    code: Code {
        id: "unexpected-file",
        title: "a file stands where it is not read, or twice under one id",
        why: "What nobody reads looks as if it were in force: a grant saved as `x.yml` grants nothing, and an \
              ended one saved as `.yaml~` ends nothing. So every file in a folder of access files must be one.",
        example: "grants/alice-refunds.yml",
        instead: "End the name in `.yaml`, or move the file out of the folder. Subfolders only tidy: an id stands \
                  once in its folder, whatever the subfolder.",
    },
    severity: Severity::Error,
    dated: false,
};

/// A name that is no id.
pub const INVALID_ID: Rule = Rule {
    code: Code {
        id: "invalid-id",
        title: "a name is not a valid id",
        why: "Ids become file names, git refs and lines of the log. Only lower-case letters, digits, `.`, `_` and \
              `-` are the same everywhere and cannot be mistaken for one another.",
        example: "people/Alice Nguyen.yaml",
        instead: "Start with a letter or digit and use lower case: `people/alice.nguyen.yaml`.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Something that this version does not enforce yet.
pub const NOT_SUPPORTED: Rule = Rule {
    code: Code {
        id: "not-supported",
        title: "something is written that this version does not enforce",
        why: "A limit that is written but not enforced is worse than none: everybody relies on it.",
        example: "audit: { ref: refs/dualkey/other, key: … }   # the genesis has refs/dualkey/audit",
        instead: "Delete it until a version enforces it, and limit the access by other means.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What a file of an access repository is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    Config,
    Vendor,
    Person,
    Group,
    Domain,
    Role,
    Grant,
    Bridge,
    Policy,
    /// Expectations of policies and access.
    Cases,
    /// The word of reviewers that a refused landing may stand.
    Ratification,
    /// Custom rules, written in Rego.
    Rego,
}

/// What a path is to dualkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// A file of a kind, with its id.
    File(FileKind, &'a str),
    /// `.gitkeep`, which keeps an empty folder and must be empty itself.
    Placeholder,
    /// A file that stands outside of what dualkey reads.
    NotOurs,
    /// A file that must not be where it is.
    Refused { rule: &'static Rule, message: String, help: String },
}

/// Where the settings stand.
pub const CONFIG_PATH: &str = "dualkey.yaml";

/// A file of a kind, by its path.
#[derive(Clone, Copy, Debug)]
pub struct NamedFile<'a> {
    pub path: &'a str,
    pub kind: FileKind,
    pub id: &'a str,
}

impl<'a> NamedFile<'a> {
    /// None where a path is of no kind.
    pub fn of_path(path: &'a str) -> Option<Self> {
        match FileKind::of_path(path) {
            Claim::File(kind, id) => Some(NamedFile { path, kind, id }),
            Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
        }
    }

    /// The landing that the file ratifies, where it is of that kind.
    pub fn ratifies(self) -> Option<Oid> {
        if self.kind == FileKind::Ratification { self.id.parse().ok() } else { None }
    }
}

impl FileKind {
    /// Every kind that is written as YAML, and so has a schema.
    pub const ALL: [FileKind; 11] = [
        FileKind::Config,
        FileKind::Vendor,
        FileKind::Person,
        FileKind::Group,
        FileKind::Domain,
        FileKind::Role,
        FileKind::Grant,
        FileKind::Bridge,
        FileKind::Policy,
        FileKind::Cases,
        FileKind::Ratification,
    ];

    /// The kind in one word.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Config => "config",
            FileKind::Vendor => "vendor",
            FileKind::Person => "person",
            FileKind::Group => "group",
            FileKind::Domain => "domain",
            FileKind::Role => "role",
            FileKind::Grant => "grant",
            FileKind::Bridge => "bridge",
            FileKind::Policy => "policy",
            FileKind::Cases => "cases",
            FileKind::Ratification => "ratification",
            FileKind::Rego => "rego",
        }
    }

    /// The folder whose files are of the kind; none for `dualkey.yaml`.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            FileKind::Config => None,
            FileKind::Vendor => Some("vendors"),
            FileKind::Person => Some("people"),
            FileKind::Group => Some("groups"),
            FileKind::Domain => Some("domains"),
            FileKind::Role => Some("roles"),
            FileKind::Grant => Some("grants"),
            FileKind::Bridge => Some("bridges"),
            FileKind::Policy | FileKind::Cases | FileKind::Ratification | FileKind::Rego => Some("policies"),
        }
    }

    /// The kind as the subject of a sentence.
    pub(super) fn noun(self) -> &'static str {
        match self {
            FileKind::Config => "`dualkey.yaml`",
            FileKind::Vendor => "a vendor",
            FileKind::Person => "a person",
            FileKind::Group => "a group",
            FileKind::Domain => "a domain",
            FileKind::Role => "a role",
            FileKind::Grant => "a grant",
            FileKind::Bridge => "a bridge",
            FileKind::Policy => "a policy file",
            FileKind::Cases => "a file of cases",
            FileKind::Ratification => "a ratification",
            FileKind::Rego => "a file of custom rules",
        }
    }

    /// Says what a path, relative to the repository and with `/`, is.
    pub fn of_path(path: &str) -> Claim<'_> {
        if path == CONFIG_PATH {
            return Claim::File(FileKind::Config, "dualkey");
        }
        let Some((folder, rest)) = path.split_once('/') else {
            return of_root_file(path);
        };
        match FileKind::ALL.into_iter().find(|kind| kind.folder() == Some(folder)) {
            Some(kind) => of_kind_file(kind, rest),
            None => of_other_folder(folder, rest),
        }
    }
}

fn refused<'a>(rule: &'static Rule, message: String, help: impl Into<String>) -> Claim<'a> {
    Claim::Refused { rule, message, help: help.into() }
}

fn of_root_file(name: &str) -> Claim<'_> {
    if strsim::osa_distance(&name.to_lowercase(), CONFIG_PATH) <= 1 {
        let message = format!("{} is not read", quote(name));
        return refused(&UNEXPECTED_FILE, message, "did you mean `dualkey.yaml`? otherwise rename it");
    }
    Claim::NotOurs
}

fn is_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}

fn of_other_folder<'a>(folder: &str, rest: &str) -> Claim<'a> {
    if !is_ending(rest, "yaml") && !is_ending(rest, "yml") {
        return Claim::NotOurs;
    }
    // a slip of the hand in a folder's name must not hide what is in it
    let close = |name: &&str| strsim::osa_distance(name, &folder.to_lowercase()) <= 1;
    match FileKind::ALL.into_iter().filter_map(FileKind::folder).find(close) {
        Some(meant) => refused(
            &UNEXPECTED_FILE,
            format!("nothing is read from the folder {}", quote(folder)),
            format!("did you mean `{meant}`? otherwise rename the folder"),
        ),
        None => Claim::NotOurs,
    }
}

fn of_kind_file(kind: FileKind, rest: &str) -> Claim<'_> {
    let name = rest.rsplit_once('/').map_or(rest, |(_, name)| name);
    if name == ".gitkeep" {
        return Claim::Placeholder;
    }
    if kind == FileKind::Policy
        && let Some(stem) = name.strip_suffix(".rego")
    {
        return of_rego_file(name, stem);
    }
    let Some(stem) = name.strip_suffix(".yaml") else {
        return unread(name);
    };
    if kind == FileKind::Policy {
        if let Some(below) = rest.strip_prefix("ratified/") {
            return of_ratification(below);
        }
        if let Some(stem) = stem.strip_suffix(".cases") {
            return named(FileKind::Cases, name, stem, "cases.yaml");
        }
    }
    named(kind, name, stem, "yaml")
}

/// Where the ratification of a landing stands.
pub fn ratification_path(landing: Oid) -> String {
    format!("policies/ratified/{landing}.yaml")
}

/// A file in `policies/ratified/`: it is named by the commit that it speaks of, and by nothing shorter.
fn of_ratification(below: &str) -> Claim<'_> {
    match below.strip_suffix(".yaml").filter(|stem| stem.parse::<Oid>().is_ok()) {
        Some(stem) => Claim::File(FileKind::Ratification, stem),
        None => refused(
            &INVALID_ID,
            format!("{} is not named by the full id of a landing", quote(&format!("policies/ratified/{below}"))),
            "name it `policies/ratified/ID.yaml`, where ID are the 40 digits that `git rev-parse REV` prints",
        ),
    }
}

/// What nobody judges must not look as if it were in force.
fn of_rego_file<'a>(name: &'a str, stem: &'a str) -> Claim<'a> {
    if cfg!(feature = "rego") {
        return named(FileKind::Rego, name, stem, "rego");
    }
    let message = format!("this program was built without custom rules, and {} is one", quote(name));
    refused(&NOT_SUPPORTED, message, "use a dualkey that was built with the feature `rego`, as it is by default")
}

fn named<'a>(kind: FileKind, name: &'a str, stem: &'a str, ending: &str) -> Claim<'a> {
    match id::check(stem) {
        Ok(()) => Claim::File(kind, stem),
        Err(why) => refused(
            &INVALID_ID,
            format!("the file name {} is not an id: {why}", quote(name)),
            format!("rename the file, for example to {}", quote(&format!("{}.{ending}", suggest(stem)))),
        ),
    }
}

/// An id made of what was written.
fn suggest(stem: &str) -> String {
    let lower = stem.to_lowercase();
    let kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words: Vec<&str> = lower.split(|c: char| !kept(c)).filter(|word| !word.is_empty()).collect();
    let id = words.join("-");
    if id.is_empty() { "some-id".to_owned() } else { id.chars().take(60).collect() }
}

fn unread<'a>(name: &str) -> Claim<'a> {
    let message = format!("{} is not read: files of this folder end in `.yaml`", quote(name));
    let help = if is_ending(name, "yml") || is_ending(name, "yaml") || is_ending(name, "json") {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        format!("rename it to {}", quote(&format!("{stem}.yaml")))
    } else if name.ends_with(['~', '#']) || [".bak", ".orig", ".rej", ".swp", ".tmp"].iter().any(|e| name.ends_with(e))
    {
        "an editor or git left it behind: delete it".to_owned()
    } else if name == ".DS_Store" {
        "delete it and add `.DS_Store` to `.gitignore`".to_owned()
    } else {
        let mut folders: Vec<&str> = FileKind::ALL.into_iter().filter_map(FileKind::folder).collect();
        folders.dedup();
        format!("move it out of the folders {}", quote_all(folders))
    };
    refused(&UNEXPECTED_FILE, message, help)
}

/// Finds ids that stand at two paths of one kind. Wants all files of a kind, sorted by path.
pub fn repeated_ids(files: &[NamedFile<'_>]) -> Vec<Finding> {
    let mut first: HashMap<(FileKind, &str), &str> = HashMap::with_capacity(files.len());
    let mut findings = Vec::new();
    for NamedFile { path, kind, id } in files.iter().copied() {
        if let Some(earlier) = first.get(&(kind, id)) {
            findings.push(
                Finding::new(
                    &UNEXPECTED_FILE,
                    Place::whole_file(path),
                    format!("the {} {} has two files", kind.name(), quote(id)),
                    format!("delete or rename this file or {}", quote(earlier)),
                )
                .related(Place::whole_file(*earlier), "the other file"),
            );
        } else {
            first.insert((kind, id), path);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str) -> &'static str {
        match FileKind::of_path(path) {
            Claim::File(..) => "file",
            Claim::Placeholder => "placeholder",
            Claim::NotOurs => "not ours",
            Claim::Refused { rule, message, help } => {
                assert!(!message.is_empty() && !help.is_empty());
                rule.code.id
            }
        }
    }

    #[test]
    fn the_folder_says_the_kind_and_the_stem_the_id() {
        assert_eq!(FileKind::of_path("grants/a/b/x-1.yaml"), Claim::File(FileKind::Grant, "x-1"));
        assert_eq!(FileKind::of_path("people/alice.nguyen.yaml"), Claim::File(FileKind::Person, "alice.nguyen"));
        assert_eq!(FileKind::of_path("dualkey.yaml"), Claim::File(FileKind::Config, "dualkey"));
        for path in ["README.md", "CODEOWNERS", ".github/workflows/plan.yaml", "docs/grants/x.yaml", ".gitattributes"] {
            assert_eq!(rule(path), "not ours", "{path}");
        }
        assert_eq!(FileKind::of_path("policies/pay.cases.yaml"), Claim::File(FileKind::Cases, "pay"));
        assert_eq!(rule("grants/.gitkeep"), "placeholder");
        for path in [
            "grants/x.yml",
            "grants/x.yaml~",
            "grants/.DS_Store",
            "roles/README.md",
            "roles/x.YAML",
            "dualkey.yml",
            "Dualkey.yaml",
            "Grants/x.yaml",
            "grant/x.yaml",
            "grants/x",
            "grants/x.json",
        ] {
            assert_eq!(rule(path), "unexpected-file", "{path}");
        }
        for path in ["people/Alice.yaml", "people/.yaml", "people/a..b.yaml", "people/\u{430}lice.yaml"] {
            assert_eq!(rule(path), "invalid-id", "{path}");
        }
        let custom = if cfg!(feature = "rego") { "file" } else { "not-supported" };
        for path in ["policies/a.rego", "policies/x/a_test.rego"] {
            assert_eq!(rule(path), custom, "{path}");
        }
        for path in ["policies/a.REGO", "grants/a.rego"] {
            assert_eq!(rule(path), "unexpected-file", "{path}");
        }
        let landing = "9c1f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b";
        let path = format!("policies/ratified/{landing}.yaml");
        assert_eq!(FileKind::of_path(&path), Claim::File(FileKind::Ratification, landing));
        assert_eq!(ratification_path(landing.parse().unwrap()), path);
        for name in [&landing[..10], &landing.to_uppercase(), &format!("x/{landing}"), &format!("{landing}.cases")] {
            assert_eq!(rule(&format!("policies/ratified/{name}.yaml")), "invalid-id", "{name}");
        }
    }

    #[test]
    fn paths_in_messages_cannot_reach_a_terminal() {
        let Claim::Refused { message, help, .. } = FileKind::of_path("grants/a\u{202e}\u{1b}[2J\u{9}.yml") else {
            panic!("refused");
        };
        assert!(!format!("{message}{help}").chars().any(|c| super::super::is_hidden(c) || c == '\t'));
        assert!(message.contains("\\u{202e}\\u{1b}[2J\\u{9}"), "{message}");
    }

    #[test]
    fn an_id_stands_once_a_kind() {
        let paths = ["grants/a/x.yaml", "grants/b/x.yaml", "grants/x.yml", "roles/x.yaml"];
        let files: Vec<NamedFile<'_>> = paths.into_iter().filter_map(NamedFile::of_path).collect();
        let found = repeated_ids(&files);
        assert_eq!(found.len(), 1);
        let finding = &found[0];
        assert_eq!(
            (finding.place.file.as_str(), finding.related[0].place.file.as_str()),
            ("grants/b/x.yaml", "grants/a/x.yaml")
        );
        assert_eq!(finding.message, "the grant `x` has two files");
    }
}
