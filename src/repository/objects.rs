//! Trees and commits read from their raw bytes.
//!
//! libgit2 hands out the bytes and proves that they hash to their name. Their meaning is read here, since its own
//! readers follow grafts, settle duplicate headers silently and hide modes.

use super::Oid;

/// Who is named in a commit. Both texts are claims of whoever made the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

/// The signature of a commit and what it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The armored text, PGP or SSH, as the header holds it.
    pub armored: String,
    /// The bytes of the commit without its signature headers.
    pub payload: Vec<u8>,
}

/// A commit as it is written, not as grafts or replacements show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub oid: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub author: Identity,
    pub committer: Identity,
    /// Everything after the headers; bytes that are not UTF-8 are replaced.
    pub message: String,
    /// True where the commit says that its words are in another encoding, in which tools read something else.
    pub is_recoded: bool,
    /// None where there is no signature, or more than one so that it is not certain which counts.
    pub signature: Option<Signature>,
}

/// One entry of a tree: what a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The mode as the tree holds it, for example `0o100644`, `0o120000` for a symbolic link.
    pub mode: u32,
    pub oid: Oid,
}

pub(super) const MODE_TREE: u32 = 0o040_000;
pub(super) const MODE_LINK: u32 = 0o120_000;
pub(super) const MODE_SUBMODULE: u32 = 0o160_000;
/// The bits of a mode that say what kind of entry it is.
pub(super) const MODE_KIND: u32 = 0o170_000;
pub(super) const MODE_FILE: u32 = 0o100_000;

impl Entry {
    pub(super) fn is_tree(self) -> bool {
        self.mode & MODE_KIND == MODE_TREE
    }
}

/// An entry with its name, which may be any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub name: Vec<u8>,
    pub entry: Entry,
}

/// Reads a tree object; the error says what is wrong with it.
pub(super) fn parse_tree(mut bytes: &[u8]) -> Result<Vec<Named>, &'static str> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (mode, rest) = split_at_byte(bytes, b' ').ok_or("an entry has no mode")?;
        let (name, rest) = split_at_byte(rest, 0).ok_or("an entry has no name")?;
        let (oid, rest) = rest.split_first_chunk::<20>().ok_or("an entry has no id")?;
        let mode = std::str::from_utf8(mode).ok().and_then(|text| u32::from_str_radix(text, 8).ok());
        let mode = mode.ok_or("an entry has a mode that is not a number")?;
        entries.push(Named { name: name.to_vec(), entry: Entry { mode, oid: Oid::from_bytes(*oid) } });
        bytes = rest;
    }
    Ok(entries)
}

fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == separator)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Where a commit stands: its tree and its parents.
pub(super) struct Links {
    pub tree: Oid,
    pub parents: Vec<Oid>,
}

/// Reads only the links of a commit object, which is what walking history needs.
pub(super) fn parse_links(bytes: &[u8]) -> Result<Links, &'static str> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let tree = lines.next().and_then(|line| oid_after(line, b"tree ")).ok_or("it names no tree")?;
    let mut parents = Vec::new();
    for line in lines.take_while(|line| line.starts_with(b"parent ")) {
        parents.push(oid_after(line, b"parent ").ok_or("it names a parent that is not an id")?);
    }
    Ok(Links { tree, parents })
}

fn oid_after(line: &[u8], key: &[u8]) -> Option<Oid> {
    std::str::from_utf8(line.strip_prefix(key)?).ok()?.parse().ok()
}

/// What commits call the encoding in which they are read here.
const UTF_8: [&str; 2] = ["UTF-8", "UTF8"];

/// Reads a whole commit object.
pub(super) fn parse_commit(oid: Oid, bytes: &[u8]) -> Result<Commit, &'static str> {
    let Links { tree, parents } = parse_links(bytes)?;
    let (headers, message) = split_headers(bytes);
    if headers.contains(&0) {
        return Err("its headers hold a zero byte");
    }
    let mut authors = Vec::new();
    let mut committers = Vec::new();
    let mut signatures = Vec::new();
    let (mut links, mut is_recoded) = (0, false);
    let mut payload = Vec::with_capacity(bytes.len());
    for header in unfold(headers) {
        if let Some(value) = header.strip_prefix(b"gpgsig ") {
            signatures.push(String::from_utf8_lossy(value).replace("\n ", "\n") + "\n");
            continue;
        }
        // the twin for repositories with SHA-256; git leaves it out of what is signed, too
        if header.starts_with(b"gpgsig-sha256 ") {
            continue;
        }
        payload.extend_from_slice(header);
        payload.push(b'\n');
        if let Some(value) = header.strip_prefix(b"author ") {
            authors.push(identity(value));
        } else if let Some(value) = header.strip_prefix(b"committer ") {
            committers.push(identity(value));
        } else if let Some(value) = header.strip_prefix(b"encoding ") {
            is_recoded |= !UTF_8.iter().any(|name| value.eq_ignore_ascii_case(name.as_bytes()));
        } else if header.starts_with(b"tree ") || header.starts_with(b"parent ") {
            links += 1;
        }
    }
    // git and libgit2 each believe another one of two, so none can be believed
    if links != parents.len() + 1 {
        return Err("it names trees or parents out of order");
    }
    let (Some(author), Some(committer), None, None) =
        (authors.pop(), committers.pop(), authors.pop(), committers.pop())
    else {
        return Err("it must name one author and one committer");
    };
    payload.extend_from_slice(bytes.get(headers.len()..).unwrap_or_default());
    let signature = match (signatures.pop(), signatures.pop()) {
        (Some(armored), None) => Some(Signature { armored, payload }),
        (None, _) | (Some(_), Some(_)) => None,
    };
    Ok(Commit {
        oid,
        tree,
        parents,
        author,
        committer,
        message: String::from_utf8_lossy(message).into_owned(),
        is_recoded,
        signature,
    })
}

/// The headers with the line end of the last one, and the message after the empty line.
fn split_headers(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (bytes.get(..=at).unwrap_or(bytes), bytes.get(at + 2..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

/// Headers without their final line end, each with its continuation lines.
fn unfold(headers: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, byte) in headers.iter().enumerate() {
        if *byte == b'\n' && headers.get(at + 1) != Some(&b' ') {
            found.extend(headers.get(start..at));
            start = at + 1;
        }
    }
    found.extend(headers.get(start..).filter(|rest| !rest.is_empty()));
    found
}

/// `Name <email> seconds zone`, read as git does: the first pair of brackets counts.
fn identity(value: &[u8]) -> Identity {
    let text = String::from_utf8_lossy(value);
    let (name, rest) = text.split_once('<').unwrap_or((&text, ""));
    let email = rest.split_once('>').map_or("", |(email, _)| email);
    Identity { name: name.trim().to_owned(), email: email.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const OTHER: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    fn parse(text: &str) -> Result<Commit, &'static str> {
        parse_commit(TREE.parse().unwrap(), text.as_bytes())
    }

    #[test]
    fn a_signature_is_split_from_what_it_signs() {
        let plain = format!("tree {TREE}\nparent {OTHER}\nauthor A B <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n");
        let commit =
            parse(&format!("{plain}gpgsig one\n two\n \n three\nextra x\n gpgsig no\n\nhello\n\nbye\n")).unwrap();
        let signature = commit.signature.unwrap();
        assert_eq!(signature.armored, "one\ntwo\n\nthree\n");
        assert_eq!(signature.payload, format!("{plain}extra x\n gpgsig no\n\nhello\n\nbye\n").into_bytes());
        assert_eq!(commit.message, "hello\n\nbye\n");
        assert_eq!(commit.author, Identity { name: "A B".into(), email: "a@x".into() });
        assert_eq!(commit.parents, [OTHER.parse().unwrap()]);
        assert!(parse(&format!("{plain}gpgsig one\ngpgsig two\n\nhello\n")).unwrap().signature.is_none());
    }

    #[test]
    fn words_in_another_encoding_are_told() {
        let plain = format!("tree {TREE}\nauthor A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n");
        let is_recoded = |header: &str| parse(&format!("{plain}{header}\nhello\n")).unwrap().is_recoded;
        for (header, expected) in [
            ("", false),
            ("encoding UTF-8\n", false),
            ("encoding utf8\n", false),
            ("encoding UTF-7\n", true),
            ("encoding UTF-8\nencoding UTF-16\n", true),
            ("encoding ISO-8859-1\n", true),
            ("encoding \n", true),
        ] {
            assert_eq!(is_recoded(header), expected, "{header}");
        }
    }

    #[test]
    fn what_two_readers_take_differently_is_no_commit() {
        let people = "author A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n";
        assert!(parse(&format!("tree {TREE}\n{people}\n")).is_ok());
        assert!(parse(&format!("tree {TREE}\n{people}\0\n")).is_err());
        for bad in [
            "".to_owned(),
            "tree 12\n\n".to_owned(),
            format!("tree {TREE}\nauthor B <b@x> 1 +0000\n{people}\n"),
            format!("tree {TREE}\n{people}parent {OTHER}\n\n"),
            format!("tree {TREE}\ntree {OTHER}\n{people}\n"),
            format!("tree {TREE}\nparent 12\n{people}\n"),
            format!("tree {TREE}\nauthor A <a@x> 1 +0000\n\ncommitter C <c@x> 2 +0000\n"),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_broken_tree_is_refused() {
        for bad in [&b"100644"[..], b"100644 a", b"100644 a\0short", b"9 a\0aaaaaaaaaaaaaaaaaaaa"] {
            assert!(parse_tree(bad).is_err());
        }
        assert!(parse_tree(b"").unwrap().is_empty());
    }
}
