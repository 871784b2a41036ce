//! The log as files: the C2SP tlog-tiles layout, with the blobs of long records beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::error::LogError;
use super::key::VerifierKey;
use super::log::Log;
use super::merkle::{Hash, Tree};
use super::record::Record;
use super::sealed::Sealed;

pub(super) const CHECKPOINT: &str = "checkpoint";

/// How many hashes or entries a full tile holds.
const WIDTH: u64 = 256;

/// How many rows of the tree one level of tiles stands for: 2^8 = 256.
const ROWS: u32 = 8;

/// What a tile holds.
#[derive(Clone, Copy)]
enum Part {
    Entries,
    /// The hashes of a level; on level 0 those of the entries.
    Hashes(u32),
}

/// A tile of a log of some size; only the last one of a part may be partial.
struct Tile {
    part: Part,
    number: u64,
    width: u64,
}

impl Tile {
    /// The tiles that hold `count` hashes or entries.
    fn all(part: Part, count: u64) -> impl Iterator<Item = Tile> {
        (0..count.div_ceil(WIDTH)).map(move |number| {
            let width = WIDTH.min(count - number * WIDTH);
            Tile { part, number, width }
        })
    }

    /// The index, in its part, of the first thing the tile holds.
    fn start(&self) -> u64 {
        self.number * WIDTH
    }

    /// For example `tile/0/x001/x234/067`, or `tile/entries/000.p/5` where the tile holds only 5 entries.
    fn path(&self) -> String {
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
}

/// The levels of hash tiles in a log of this size, each with how many hashes it holds.
fn levels(size: u64) -> impl Iterator<Item = (u32, u64)> {
    (0..).map(move |level| (level, size.checked_shr(level * ROWS).unwrap_or(0))).take_while(|(_, count)| *count > 0)
}

/// Where the bytes of a long record are, by their SHA-256 in hex.
pub(super) fn blob_path(digest: &str) -> String {
    format!("blob/{digest}")
}

impl Log {
    /// The log as files, by their path: what is stored, and what an export is.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::from([(CHECKPOINT.to_owned(), self.checkpoint().to_vec())]);
        for (tile, entries) in Tile::all(Part::Entries, self.size()).zip(self.entries().chunks(WIDTH as usize)) {
            files.insert(tile.path(), entries.iter().flat_map(|entry| bundled(entry.leaf())).collect());
        }
        for (level, count) in levels(self.size()) {
            let tiles = Tile::all(Part::Hashes(level), count);
            for (tile, hashes) in tiles.zip(tile_row(self.tree(), level).chunks(WIDTH as usize)) {
                files.insert(tile.path(), hashes.iter().flat_map(|hash| hash.0).collect());
            }
        }
        let blobs = self.entries().iter().filter_map(Entry::blob);
        files.extend(blobs.map(|blob| (blob_path(&blob.digest), blob.bytes.clone())));
        files
    }

    /// Reads a log by the key that it names itself. Whoever wrote it chose that key, so it proves nothing: it is for
    /// telling somebody why their key doesn't fit. None where it doesn't even hold by its own key.
    pub fn from_files_unproven(files: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let first = files.iter().find(|(path, _)| path.starts_with("tile/entries/000"));
        let leaf = unbundle(&mut first?.1.as_slice())?;
        let entry = Entry::read(leaf, |digest| files.get(&blob_path(digest)).map(Vec::as_slice)).ok()?;
        let Record::Genesis(genesis) = entry.record() else { return None };
        Log::from_files(files, &VerifierKey::parse(&genesis.log_key).ok()?).ok()
    }

    /// Reads a log and believes nothing but the key: recomputes every hash, checks the signature, and reads every record.
    /// The key is one that signed the log at some time, which the others follow from. What it returns has exactly these
    /// files again.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as a [`LogError`]. Where it lies in an entry, that names the entry.
    pub fn from_files(files: &BTreeMap<String, Vec<u8>>, key: &VerifierKey) -> Result<Self, LogError> {
        Sealed::open(files, key)?.read()
    }
}

/// The hashes that the tiles of a level hold.
fn tile_row(tree: &Tree, level: u32) -> &[Hash] {
    tree.row((level * ROWS) as usize)
}

/// An entry in a bundle: its length in two bytes, then itself.
fn bundled(leaf: &[u8]) -> impl Iterator<Item = u8> {
    // an entry is never longer than its length can say
    (leaf.len() as u16).to_be_bytes().into_iter().chain(leaf.iter().copied())
}

/// Takes the next entry off a bundle; none where the bundle ends before it does.
fn unbundle<'a>(bundle: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    let (leaf, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    *bundle = rest;
    Some(leaf)
}

/// The bytes of all entries, each of which matches its hash on level 0, and the tree over these.
pub(super) fn read_leaves<'a>(files: &mut Files<'a>, size: u64) -> Result<(Vec<&'a [u8]>, Tree), LogError> {
    let (mut leaves, mut tree) = (Vec::new(), Tree::default());
    for (entries, hashes) in Tile::all(Part::Entries, size).zip(Tile::all(Part::Hashes(0), size)) {
        let mut bundle = files.take(entries.path())?;
        for (index, hash) in (hashes.start()..).zip(files.hashes(&hashes)?) {
            let leaf = unbundle(&mut bundle).filter(|leaf| Hash::of_leaf(leaf).0 == *hash);
            leaves.push(leaf.ok_or_else(|| LogError::LeafMismatch { index, file: hashes.path() })?);
            tree.push(Hash(*hash));
        }
        if !bundle.is_empty() {
            return Err(LogError::Incomplete { file: entries.path(), what: "goes on after its last entry" });
        }
    }
    Ok((leaves, tree))
}

/// Compares the tiles above level 0 with the tree that the entries make.
pub(super) fn check_levels(files: &mut Files<'_>, tree: &Tree) -> Result<(), LogError> {
    for (level, count) in levels(tree.size()).skip(1) {
        for (tile, expected) in Tile::all(Part::Hashes(level), count).zip(tile_row(tree, level).chunks(WIDTH as usize))
        {
            let wrong = files.hashes(&tile)?.iter().zip(expected).position(|(stored, hash)| *stored != hash.0);
            if let Some(offset) = wrong {
                let index = (tile.start() + offset as u64) << (level * ROWS);
                return Err(LogError::TileMismatch { file: tile.path(), index });
            }
        }
    }
    Ok(())
}

/// The files of a log, and which of them belong to it.
pub(super) struct Files<'a> {
    all: &'a BTreeMap<String, Vec<u8>>,
    used: BTreeSet<String>,
}

impl<'a> Files<'a> {
    pub(super) fn new(all: &'a BTreeMap<String, Vec<u8>>) -> Self {
        Files { all, used: BTreeSet::new() }
    }

    pub(super) fn get(&self, path: &str) -> Option<&'a [u8]> {
        self.all.get(path).map(Vec::as_slice)
    }

    pub(super) fn take(&mut self, path: String) -> Result<&'a [u8], LogError> {
        let Some(bytes) = self.get(&path) else {
            return Err(LogError::Incomplete { file: path, what: "is missing" });
        };
        self.used.insert(path);
        Ok(bytes)
    }

    fn hashes(&mut self, tile: &Tile) -> Result<&'a [[u8; 32]], LogError> {
        let (hashes, rest) = self.take(tile.path())?.as_chunks::<32>();
        if hashes.len() as u64 != tile.width || !rest.is_empty() {
            return Err(LogError::Incomplete { file: tile.path(), what: "has the wrong length" });
        }
        Ok(hashes)
    }

    pub(super) fn all_used(&self) -> Result<(), LogError> {
        match self.all.keys().find(|path| !self.used.contains(*path)) {
            Some(path) => Err(LogError::Incomplete { file: path.clone(), what: "does not belong to the log" }),
            None => Ok(()),
        }
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
