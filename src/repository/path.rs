//! Paths of the access repository: which are safe, and which dualkey manages.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::Managed;

/// Folders at the root of which every file is managed, in the order they are read.
pub const MANAGED_FOLDERS: [&str; 9] =
    [".github", "bridges", "domains", "grants", "groups", "people", "policies", "roles", "vendors"];

/// Files at the root that are managed.
pub const MANAGED_FILES: [&str; 3] = [".gitattributes", "CODEOWNERS", CONFIG];

pub(super) const CONFIG: &str = "dualkey.yaml";

const MAX_COMPONENT_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 4096;

/// Why a text is not a path that every system reads alike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("`{path}` is not a safe path: {why}")]
#[diagnostic(help("use plain names separated by `/`"))]
pub struct InvalidPath {
    pub path: String,
    pub why: &'static str,
}

/// A path inside the repository, separated by `/`, that means the same file on every system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// Parses a path relative to the root of the repository; the error says what is unsafe about it.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        let checked = if text.len() > MAX_PATH_BYTES {
            Err("it is longer than 4096 bytes")
        } else {
            text.split('/').try_for_each(check_component)
        };
        match checked {
            Ok(()) => Ok(RepoPath(Arc::from(text))),
            Err(why) => Err(InvalidPath { path: text.to_owned(), why }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as it can be kept.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// True for a path that is managed whatever the settings name.
pub fn is_managed(path: &str) -> bool {
    Managed::default().covers(path)
}

/// The managed name at the root that `name` would be on a file system that ignores case, where it is spelled differently.
pub(super) fn misspelled_root(name: &str) -> Option<&'static str> {
    let folded = fold_case(name);
    MANAGED_FOLDERS.into_iter().chain(MANAGED_FILES).find(|root| name != *root && fold_case(root) == folded)
}

/// The managed name that a slip of the hand made of: one letter more, less, other or swapped. What stands there is
/// read, to be refused, so that nothing hides behind a letter.
pub(super) fn near_root(name: &str) -> Option<&'static str> {
    let folded = fold_case(name);
    let read = MANAGED_FOLDERS.into_iter().chain([CONFIG]).filter(|name| !name.starts_with('.'));
    read.into_iter().find(|name| strsim::osa_distance(name, &folded) == 1)
}

/// One spelling for all names that a file system may take for the same.
pub(super) fn fold_case(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(name)
    } else {
        // through upper case, as some letters (`ſ`, `ß`) meet others only there
        Cow::Owned(name.to_uppercase().to_lowercase())
    }
}

/// Checks one component of a path.
pub(super) fn check_component(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it has an empty component");
    }
    if name == "." || name == ".." {
        return Err("it has a component `.` or `..`");
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("it holds a control or invisible character");
    }
    if name.contains(['\\', '/']) {
        return Err("it holds a backslash or a slash inside a name");
    }
    if name.ends_with(['.', ' ']) {
        return Err("a component ends in a dot or a space");
    }
    // `git~1` is what Windows calls `.git` in short
    if name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1") {
        return Err("it names git's own folder");
    }
    if name.len() > MAX_COMPONENT_BYTES {
        return Err("a component is longer than 255 bytes");
    }
    Ok(())
}

/// Characters that some file systems drop and no terminal shows, so that two names look alike.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A path within a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A name as text that no other name shares.
pub(super) fn escape(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || matches!(c, '\\' | '/') {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safe_path_is_the_same_file_everywhere() {
        for good in ["dualkey.yaml", "people/alice.yaml", "grants/a b/ü.yaml", ".github/workflows/x.yml", "a/.gitx"] {
            assert_eq!(RepoPath::parse(good).unwrap().as_str(), good);
        }
        let long = format!("people/{}", "a".repeat(256));
        let deep = "a/".repeat(3000) + "a";
        for bad in [
            "",
            "/a",
            "a/",
            "a//b",
            "./a",
            "a/../b",
            "..",
            ".git",
            "a/.GiT/config",
            "a\\b",
            "a\0b",
            "a\nb",
            "a.",
            "a /b",
            "GIT~1",
            "a\u{200d}b",
            "a\u{202e}b",
            &long,
            &deep,
        ] {
            assert!(RepoPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn other_spellings_of_a_managed_name_are_seen() {
        assert_eq!(misspelled_root("People"), Some("people"));
        assert_eq!(misspelled_root("codeowners"), Some("CODEOWNERS"));
        assert_eq!(misspelled_root("vendorſ"), Some("vendors"));
        assert_eq!(misspelled_root("people"), None);
        assert_eq!(misspelled_root("Docs"), None);
        assert_eq!(misspelled_root("CODEOWNERS"), None);
    }
}
