//! The names and the shapes of a log's files: the C2SP tlog-tiles layout, with the blobs of long records beside it.

use std::collections::BTreeSet;

use super::error::LogError;
use super::files::Files;
use super::merkle::{Hash, ROWS, WIDTH};

pub(super) const CHECKPOINT: &str = "checkpoint";

/// Where a log whose key changed names its keys.
pub(super) const KEYS: &str = "keys";

/// What that has room in: a thousand keys.
pub(super) const MAX_KEYS_BYTES: usize = 1 << 20;

/// What a checkpoint has room in.
pub(super) const MAX_CHECKPOINT_BYTES: usize = 1 << 16;

/// The longest bundle: as many entries as it holds, each as long as it can be.
const MAX_BUNDLE_BYTES: usize = WIDTH as usize * (2 + u16::MAX as usize);

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Entries,
    /// The hashes of a level; on level 0 those of the entries.
    Hashes(u32),
}

/// A tile of a log of some size; only the last one of a part may be partial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub part: Part,
    pub number: u64,
    pub width: u64,
}

impl Tile {
    /// The tiles that hold `count` hashes or entries.
    fn all(part: Part, count: u64) -> impl Iterator<Item = Tile> {
        (0..count.div_ceil(WIDTH)).map(move |number| Tile::of(part, number, count))
    }

    /// The tile of this number, where all of them hold `count` hashes or entries.
    pub(super) fn of(part: Part, number: u64, count: u64) -> Self {
        Tile { part, number, width: WIDTH.min(count.saturating_sub(number * WIDTH)) }
    }

    /// The last tile of a part that holds `count`, where it is partial.
    pub(super) fn partial(part: Part, count: u64) -> Option<Self> {
        (!count.is_multiple_of(WIDTH)).then(|| Tile::of(part, count / WIDTH, count))
    }

    /// The index, in its part, of the first thing the tile holds.
    pub(super) fn start(&self) -> u64 {
        self.number * WIDTH
    }

    /// For example `tile/0/x001/x234/067`, or `tile/entries/000.p/5` where the tile holds only 5 entries.
    pub(super) fn path(&self) -> String {
        let mut path = format!("{:03}", self.number % 1000);
        let mut rest = self.number / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        let part = match self.part {
            Part::Entries => "entries".to_owned(),
            Part::Hashes(level) => level.to_string(),
        };
        let partial = if self.width < WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{part}/{path}{partial}")
    }

    /// The hashes of a tile of hashes.
    pub(super) fn hashes(&self, files: &dyn Files) -> Result<Vec<Hash>, LogError> {
        let path = self.path();
        let bytes = files.read(&path, MAX_BUNDLE_BYTES)?;
        let bytes = bytes.ok_or_else(|| LogError::Incomplete { file: path.clone(), what: "is missing" })?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() as u64 != self.width || !rest.is_empty() {
            return Err(LogError::Incomplete { file: path, what: "has the wrong length" });
        }
        Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
    }

    /// The entries of a bundle, each of which has its hash among `hashes`.
    pub(super) fn entries(&self, files: &dyn Files, hashes: &[Hash]) -> Result<Vec<Vec<u8>>, LogError> {
        let path = self.path();
        let bytes = files.read(&path, MAX_BUNDLE_BYTES)?;
        let bytes = bytes.ok_or_else(|| LogError::Incomplete { file: path.clone(), what: "is missing" })?;
        let mut bundle = bytes.as_slice();
        let mut leaves = Vec::with_capacity(hashes.len());
        for (index, hash) in (self.start()..).zip(hashes) {
            let leaf = unbundle(&mut bundle).filter(|leaf| Hash::of_leaf(leaf) == *hash);
            let file = || Tile { part: Part::Hashes(0), ..*self }.path();
            leaves.push(leaf.ok_or_else(|| LogError::LeafMismatch { index, file: file() })?.to_vec());
        }
        if hashes.len() as u64 == self.width && !bundle.is_empty() {
            return Err(LogError::Incomplete { file: path, what: "goes on after its last entry" });
        }
        Ok(leaves)
    }
}

/// The levels of hash tiles in a log of this size, each with how many hashes it holds.
pub(super) fn levels(size: u64) -> impl Iterator<Item = (u32, u64)> {
    (0..).map(move |level| (level, size.checked_shr(level * ROWS).unwrap_or(0))).take_while(|(_, count)| *count > 0)
}

/// The files of a log of some size that change when it grows.
pub(super) fn partial_paths(size: u64) -> impl Iterator<Item = String> {
    let hashes = levels(size).filter_map(|(level, count)| Tile::partial(Part::Hashes(level), count));
    let tiles = Tile::partial(Part::Entries, size).into_iter().chain(hashes).map(|tile| tile.path());
    tiles.chain([CHECKPOINT, KEYS].map(str::to_owned))
}

/// Where the bytes of a long record are, by their SHA-256 in hex.
pub(super) fn blob_path(digest: &str) -> String {
    format!("blob/{digest}")
}

/// The bytes of a long record. A blob whose name is none of a digest is not looked for.
pub(super) fn blob(files: &dyn Files, digest: &str) -> Result<Option<Vec<u8>>, LogError> {
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    files.read(&blob_path(digest), super::entry::MAX_RECORD_BYTES)
}

/// Entries in a bundle: the length of each in two bytes, then itself.
pub(super) fn bundled<'a>(leaves: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    // an entry is never longer than its length can say
    let one = |leaf: &'a Vec<u8>| (leaf.len() as u16).to_be_bytes().into_iter().chain(leaf.iter().copied());
    leaves.into_iter().flat_map(one).collect()
}

/// Takes the next entry off a bundle; none where the bundle ends before it does.
pub(super) fn unbundle<'a>(bundle: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    let (leaf, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    *bundle = rest;
    Some(leaf)
}

/// The paths of a log of some size: all that may stand there. The blobs are known only from its entries.
pub(super) struct Paths(BTreeSet<String>);

impl Paths {
    /// `names_keys` where the log's key changed.
    pub(super) fn of(size: u64, names_keys: bool, blobs: impl Iterator<Item = String>) -> Self {
        let entries = Tile::all(Part::Entries, size);
        let hashes = levels(size).flat_map(|(level, count)| Tile::all(Part::Hashes(level), count));
        let tiles = entries.chain(hashes).map(|tile| tile.path());
        // only where there is more than one to name
        let keys = names_keys.then(|| KEYS.to_owned());
        Paths(tiles.chain([CHECKPOINT.to_owned()]).chain(keys).chain(blobs.map(|digest| blob_path(&digest))).collect())
    }

    /// True for a file of the log, and for a folder, whose path ends in a slash, that one of them lies in.
    pub(super) fn has(&self, path: &str) -> bool {
        match path.ends_with('/') {
            true => self.0.range(path.to_owned()..).next().is_some_and(|first| first.starts_with(path)),
            false => self.0.contains(path),
        }
    }

    /// # Errors
    ///
    /// [`LogError::Incomplete`] where there is a file that does not belong to the log.
    pub(super) fn nothing_else_in(&self, files: &dyn Files) -> Result<(), LogError> {
        let mut strange: Option<String> = None;
        files.each(&mut |path| {
            if !self.has(path) {
                strange = Some(path.trim_end_matches('/').to_owned());
            }
            strange.is_none()
        })?;
        strange.map_or(Ok(()), |file| Err(LogError::Incomplete { file, what: "does not belong to the log" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_layout_and_of_the_reference() {
        let path = |part, number, width| Tile { part, number, width }.path();
        assert_eq!(path(Part::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(Part::Entries, 0, 5), "tile/entries/000.p/5");
        for number in [0, 7, 999, 1000, 123_456, 1_000_000, 999_999_999] {
            for width in [1, 200, 256] {
                let theirs = tlog_tiles::Tile::new(8, 2, number, u32::try_from(width).unwrap(), false).path();
                // the reference names the height of its tiles, the layout has only one
                assert_eq!(path(Part::Hashes(2), number, width), theirs.replacen("tile/8/", "tile/", 1));
            }
        }
    }

    #[test]
    fn tiles_are_those_of_the_reference_at_every_size() {
        for size in (1..70_000).step_by(251).chain([1, 255, 256, 257, 65_535, 65_536, 65_537]) {
            let ours = levels(size).flat_map(|(level, count)| Tile::all(Part::Hashes(level), count));
            let mut ours: Vec<String> = ours.map(|tile| tile.path()).collect();
            let theirs = tlog_tiles::Tile::new_tiles(8, 0, size);
            let mut theirs: Vec<String> =
                theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
            ours.sort();
            theirs.sort();
            assert_eq!(ours, theirs, "{size}");
        }
    }
}
