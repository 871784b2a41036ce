//! Refs of this clone that a power cut or a bad disk left unreadable, at which git stops whatever it was asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::refetch::MEMORY;
use super::{Oid, Repository};

/// Where in the git directory they are kept.
const ASIDE: &str = "dualkey-damaged";

const PACKED: &str = "packed-refs";

impl Repository {
    /// The names of those files of refs that can be read and name no object, sorted. What dualkey noted itself is not
    /// among them.
    pub fn damaged_refs(&self) -> Vec<String> {
        let mut damaged = Vec::new();
        damaged_in(&self.git_dir().join("refs"), "refs", &mut damaged);
        if std::fs::read(self.git_dir().join(PACKED)).is_ok_and(|bytes| bytes.len() != whole_lines(&bytes).len()) {
            damaged.push(PACKED.to_owned());
        }
        damaged.sort();
        damaged
    }

    /// Moves them to a folder of their own, so that git works again, and keeps of the packed ones those that are whole.
    /// Returns the names of what was moved, sorted.
    pub fn set_aside_damaged_refs(&self) -> Vec<String> {
        let mut moved = self.damaged_refs();
        moved.retain(|name| self.set_aside(name).is_ok());
        moved
    }

    fn set_aside(&self, name: &str) -> std::io::Result<()> {
        let (from, to) = (self.git_dir().join(name), self.git_dir().join(ASIDE).join(name));
        to.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        if name != PACKED {
            return std::fs::rename(from, to);
        }
        let bytes = std::fs::read(&from)?;
        std::fs::copy(&from, to)?;
        let mut repaired = tempfile::NamedTempFile::new_in(self.git_dir())?;
        repaired.write_all(&whole_lines(&bytes))?;
        repaired.persist(from)?;
        Ok(())
    }
}

fn damaged_in(folder: &Path, name: &str, damaged: &mut Vec<String>) {
    if MEMORY.contains(&name) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name): (PathBuf, String) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            damaged_in(&path, &name, damaged);
        } else if entry.file_type().is_ok_and(|kind| kind.is_file())
            && path.extension().is_none_or(|extension| extension != "lock")
            && std::fs::read(&path).is_ok_and(|bytes| !names_something(&bytes))
        {
            damaged.push(name);
        }
    }
}

/// True for the content of a ref: the name of an object, or of another ref.
fn names_something(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.starts_with("ref:") || text.split_whitespace().next().is_some_and(|first| first.parse::<Oid>().is_ok())
}

/// Those lines that tell of packed refs what such a line tells.
fn whole_lines(bytes: &[u8]) -> Vec<u8> {
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| {
        let Some(line) = line.strip_suffix(b"\n") else { return false };
        let Ok(text) = std::str::from_utf8(line) else { return false };
        match (text.strip_prefix('^'), text.split_once(' ')) {
            (Some(peeled), _) => peeled.parse::<Oid>().is_ok(),
            (None, Some((oid, name))) => text.starts_with('#') || (oid.parse::<Oid>().is_ok() && !name.is_empty()),
            (None, None) => text.starts_with('#'),
        }
    });
    whole.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sandbox;
    use super::*;

    #[test]
    fn what_names_nothing_is_set_aside_and_all_else_stays() {
        let sandbox = Sandbox::new();
        let commit = sandbox.commit(&[("a", "1")]);
        sandbox.git(&["branch", "packed"]);
        sandbox.git(&["branch", "cut"]);
        sandbox.git(&["pack-refs", "--all"]);
        sandbox.git(&["branch", "loose"]);
        sandbox.git(&["symbolic-ref", "refs/heads/other", "refs/heads/loose"]);
        assert!(sandbox.open().damaged_refs().is_empty());
        let git = sandbox.dir().join(".git");
        let packed = std::fs::read(git.join(PACKED)).unwrap();
        for (number, text) in [&b""[..], &[0; 41], b"1234\n"].into_iter().enumerate() {
            std::fs::write(git.join(format!("refs/heads/broken-{number}")), text).unwrap();
        }
        std::fs::write(git.join(PACKED), &packed[..packed.len() - 3]).unwrap();
        let repository = sandbox.open();
        let damaged = ["packed-refs", "refs/heads/broken-0", "refs/heads/broken-1", "refs/heads/broken-2"];
        assert_eq!(repository.damaged_refs(), damaged);
        assert_eq!(repository.set_aside_damaged_refs(), damaged);
        assert!(repository.damaged_refs().is_empty());
        let names = sandbox.git(&["for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"]);
        // the last packed line was the one that was cut
        assert_eq!(names, ["cut", "loose", "main", "other"].map(|name| format!("{name} {commit}")).join("\n"));
        assert_eq!(std::fs::read(git.join(ASIDE).join("refs/heads/broken-2")).unwrap(), b"1234\n");
        assert_eq!(std::fs::read(git.join(ASIDE).join(PACKED)).unwrap(), &packed[..packed.len() - 3]);
    }
}
