//! Which paths are managed: a closed list, and what the settings of the trees that are looked at name beside it.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use super::path::{MANAGED_FILES, MANAGED_FOLDERS, escape, fold_case, join, misspelled_root, near_root};

/// What the usual forges and runners read, a pattern a line.
const PIPELINES: &str = include_str!("pipelines.txt");

const MAX_PATTERN_BYTES: usize = 200;
const MAX_PARTS: usize = 16;

static BUILT_IN: LazyLock<Vec<PathPattern>> = LazyLock::new(|| patterns(PIPELINES.lines()));
static ROOTS: LazyLock<Vec<PathPattern>> =
    LazyLock::new(|| patterns(MANAGED_FOLDERS.into_iter().chain(MANAGED_FILES).chain(["docs/.gitattributes"])));

fn patterns<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<PathPattern> {
    let lines = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| PathPattern::parse(line).ok()).collect()
}

/// A pattern over paths from the root of the repository: `*` stands for any text within a name, `?` for one letter, and a
/// whole name `**` for any number of names, none included. What it matches is managed with all that lies in it. Case is
/// ignored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Any number of names.
    Any,
    /// One name, in the spelling that ignores case.
    Name(Vec<char>),
}

/// What a pattern says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    No,
    /// It may match something below.
    Leads,
    Matches,
}

impl PathPattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err("it is longer than 200 bytes");
        }
        if text.starts_with('/') || text.ends_with('/') {
            return Err(
                "it starts or ends in a slash; patterns start at the root, and one of a folder has all that is in it",
            );
        }
        let odd = |c: char| c.is_control() || matches!(c, '\\' | '[' | ']' | '{' | '}' | '!' | '"' | '#' | ':');
        if text.chars().any(odd) {
            return Err("it holds a character that has no meaning here; only `*`, `**` and `?` stand for something");
        }
        let names: Vec<&str> = text.split('/').collect();
        if names.len() > MAX_PARTS {
            return Err("it has more than 16 names");
        }
        let mut parts = Vec::new();
        for name in names {
            match name {
                "" => return Err("it has an empty name"),
                "." | ".." => return Err("it has a name `.` or `..`"),
                "**" if parts.last() == Some(&Part::Any) => {}
                "**" => parts.push(Part::Any),
                name if name.contains("**") => return Err("`**` stands alone between slashes"),
                name => parts.push(Part::Name(fold_case(name).chars().collect())),
            }
        }
        Ok(PathPattern { text: text.to_owned(), parts })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True where the pattern matches the path or a folder that it lies in.
    pub fn covers(&self, path: &str) -> bool {
        self.reach(path.split('/')) == Reach::Matches
    }

    fn reach<'a>(&self, names: impl Iterator<Item = &'a str>) -> Reach {
        let done = 1_u32 << self.parts.len();
        let mut at = self.skipped(1);
        for name in names {
            if at & done != 0 {
                return Reach::Matches;
            }
            let name: Vec<char> = fold_case(name).chars().collect();
            let mut next = 0;
            for (place, part) in self.parts.iter().enumerate().filter(|(place, _)| at >> place & 1 == 1) {
                next |= match part {
                    Part::Any => 1 << place,
                    Part::Name(pattern) if name_matches(pattern, &name) => 2 << place,
                    Part::Name(_) => 0,
                };
            }
            at = self.skipped(next);
            if at == 0 {
                return Reach::No;
            }
        }
        if at & done != 0 { Reach::Matches } else { Reach::Leads }
    }

    /// The places that are reached where any number of names may be none.
    fn skipped(&self, mut at: u32) -> u32 {
        for (place, _) in self.parts.iter().enumerate().filter(|(_, part)| **part == Part::Any) {
            at |= (at >> place & 1) << (place + 1);
        }
        at
    }

    /// A pattern as tools write them that know more: what has no meaning here stands for any text within a name.
    pub fn lenient(text: &str) -> Self {
        let name = |name: &str| match name {
            "**" => Part::Any,
            name => {
                let odd = name.find(['[', '\\']);
                let known = odd.map_or(name, |at| name.get(..at).unwrap_or_default());
                let any = odd.map(|_| '*');
                Part::Name(fold_case(known).chars().chain(any).collect())
            }
        };
        PathPattern {
            text: text.to_owned(),
            parts: text.split('/').filter(|name| !name.is_empty()).map(name).collect(),
        }
    }

    /// True where some path is matched by both, or lies in a folder that the one or the other matches.
    fn meets(&self, other: &PathPattern) -> bool {
        meet(&self.parts, &other.parts)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// True where two rows of parts can stand for one path, or the one for a folder that the other goes on in.
fn meet(a: &[Part], b: &[Part]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(0, 0)];
    while let Some((i, j)) = open.pop() {
        if !seen.insert((i, j)) {
            continue;
        }
        match (a.get(i), b.get(j)) {
            (None, _) | (_, None) => return true,
            (Some(Part::Any), Some(_)) | (Some(_), Some(Part::Any)) => open.extend([(i + 1, j), (i, j + 1)]),
            (Some(Part::Name(ours)), Some(Part::Name(theirs))) if names_meet(ours, theirs) => {
                open.push((i + 1, j + 1));
            }
            (Some(Part::Name(_)), Some(Part::Name(_))) => {}
        }
    }
    false
}

/// True where some name is matched by both. Row by row it is kept which beginnings of `b` may share a text with the
/// beginning of `a`.
fn names_meet(a: &[char], b: &[char]) -> bool {
    let mut row = vec![true];
    row.extend(b.iter().scan(true, |stars, c| {
        *stars &= *c == '*';
        Some(*stars)
    }));
    for x in a {
        let of = |row: &[bool], place: usize| row.get(place) == Some(&true);
        let mut next = vec![*x == '*' && of(&row, 0)];
        for (place, y) in b.iter().enumerate() {
            next.push(if *x == '*' || *y == '*' {
                of(&row, place + 1) || of(&next, place)
            } else {
                of(&row, place) && (x == y || *x == '?' || *y == '?')
            });
        }
        row = next;
        if !row.contains(&true) {
            return false;
        }
    }
    row.last() == Some(&true)
}

/// Matches one name in time that grows with the product of the two lengths at most.
fn name_matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Which paths of a tree are managed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    named: Vec<PathPattern>,
}

impl Default for Managed {
    fn default() -> Self {
        Managed::naming(Vec::new())
    }
}

impl Managed {
    /// What is always managed, and further patterns.
    pub fn naming(mut named: Vec<PathPattern>) -> Self {
        named.sort();
        named.dedup();
        Managed { named }
    }

    /// What either of the two says.
    #[must_use]
    pub fn and(mut self, other: &Managed) -> Self {
        self.named.extend(other.named.iter().cloned());
        self.named.sort();
        self.named.dedup();
        self
    }

    /// True where a path that the pattern matches is managed whatever settings name.
    pub fn may_cover(pattern: &PathPattern) -> bool {
        ROOTS.iter().chain(&*BUILT_IN).any(|managed| managed.meets(pattern))
    }

    /// True where settings name a path that the pattern matches.
    pub fn may_name(&self, pattern: &PathPattern) -> bool {
        self.named.iter().any(|named| named.meets(pattern))
    }

    /// The patterns that settings name.
    pub fn named(&self) -> &[PathPattern] {
        &self.named
    }

    /// True for a path whose content is read or protected: the approval rules cover exactly these.
    pub fn covers(&self, path: &str) -> bool {
        let mut level = Level::Root;
        let mut folder = String::new();
        for name in path.split('/') {
            match level.enter(self, &folder, name.as_bytes()) {
                Some(Level::Managed) => return true,
                Some(below) => level = below,
                None => return false,
            }
            folder = join(&folder, name);
        }
        false
    }

    fn reach(&self, folder: &str, name: &str) -> Reach {
        let names = || folder.split('/').filter(|name| !name.is_empty()).chain([name]);
        let all = BUILT_IN.iter().chain(&self.named);
        all.map(|pattern| pattern.reach(names())).max().unwrap_or(Reach::No)
    }
}

/// Reads from the bytes of `dualkey.yaml` what it names as managed. What can't be read names nothing.
pub type ReadsManaged = fn(&[u8]) -> Managed;

/// Which part of the tree a folder is, as far as it decides what in it is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Root,
    /// Something below may be managed.
    Leads,
    Managed,
}

impl Level {
    /// The level of what lies in the entry `name` of `folder`, or None where nothing in there is managed.
    pub(super) fn enter(self, managed: &Managed, folder: &str, name: &[u8]) -> Option<Level> {
        let is = |known: &str| name == known.as_bytes();
        match self {
            Level::Managed => return Some(Level::Managed),
            Level::Root if MANAGED_FOLDERS.into_iter().chain(MANAGED_FILES).any(is) => return Some(Level::Managed),
            // what stands beside the way to a managed path can hide it from reviewers
            Level::Leads if is(".gitattributes") => return Some(Level::Managed),
            Level::Root | Level::Leads => {}
        }
        let text = escape(name);
        match managed.reach(folder, &text) {
            Reach::Matches => return Some(Level::Managed),
            Reach::Leads => return Some(Level::Leads),
            Reach::No => {}
        }
        // no snapshot is read with such a name, so nobody may bring one without being judged
        let near = |name| misspelled_root(name).or_else(|| near_root(name));
        (self == Level::Root).then(|| std::str::from_utf8(name).ok().and_then(near)).flatten().map(|_| Level::Managed)
    }
}

#[cfg(test)]
#[path = "managed_tests.rs"]
mod tests;
