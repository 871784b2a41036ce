//! A log that is larger than anybody could read is known by its signature.

use std::cell::Cell;

use super::super::Log as Real;
use super::*;
use crate::audit::merkle::top;
use crate::targets::KINDS;

/// A log of 256 million entries, each file of which is made when it is asked for.
struct Endless {
    checkpoint: Vec<u8>,
    entries: [Vec<u8>; 2],
    hashes: [Vec<u8>; 2],
    read: Cell<usize>,
}

impl Endless {
    const SIZE: u64 = 256_000_000;

    fn signed_by(signer: &LogKey, root: Hash) -> Self {
        let log = log_with(vec![drift("pull")], signer);
        let (genesis, other) = (log.entries()[0].leaf(), log.entries()[1].leaf());
        let mut leaves = vec![other; 256];
        let tile = |leaves: &[&[u8]]| leaves.iter().flat_map(|leaf| Hash::of_leaf(leaf).0).collect::<Vec<u8>>();
        let bundle = |leaves: &[&[u8]]| {
            leaves.iter().flat_map(|leaf| [&(leaf.len() as u16).to_be_bytes(), *leaf].concat()).collect::<Vec<u8>>()
        };
        let (hashes, entries) = (tile(&leaves), bundle(&leaves));
        leaves[0] = genesis;
        Endless {
            checkpoint: Checkpoint::sign(Endless::SIZE, root, signer),
            entries: [bundle(&leaves), entries],
            hashes: [tile(&leaves), hashes],
            read: Cell::default(),
        }
    }
}

impl Files for Endless {
    fn read(&self, path: &str, _: usize) -> Result<Option<Vec<u8>>, LogError> {
        self.read.set(self.read.get() + 1);
        let [entries, hashes] = [&self.entries, &self.hashes].map(|of| &of[usize::from(!path.ends_with("/000"))]);
        Ok(match path {
            "checkpoint" => Some(self.checkpoint.clone()),
            path if path.starts_with("tile/entries/") => Some(entries.clone()),
            path if path.starts_with("tile/0/") => Some(hashes.clone()),
            path if path.starts_with("tile/1/") && !path.contains(".p/") => {
                let tops = self
                    .hashes
                    .each_ref()
                    .map(|tile| top(&tile.as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect::<Vec<_>>()).0);
                let first = usize::from(!path.ends_with("/000"));
                Some((0..256).flat_map(|place| tops[first.max(usize::from(place > 0))]).collect())
            }
            path => path.rsplit_once(".p/").map(|(_, width)| vec![7; 32 * width.parse::<usize>().unwrap()]),
        })
    }

    fn each(&self, _: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        Ok(())
    }
}

#[test]
fn what_nobody_knows_signed_is_read_no_further_than_a_log_of_some_size() {
    let (ours, other) = (key(), key());
    let read = |files: &Endless| (Real::read(files, ours.verifier(), KINDS).unwrap_err(), files.read.get());
    let (error, reads) = read(&Endless::signed_by(&other, Hash::of_leaf(b"x")));
    assert_eq!(error, LogError::KeyUnknown { key: ours.verifier().to_string() });
    assert!((500..2_010).contains(&reads), "{reads}");
    // the same under the right signature, where the files don't lead to the root
    let (error, reads) = read(&Endless::signed_by(&ours, Hash::of_leaf(b"x")));
    assert_eq!(error, LogError::RootMismatch);
    assert!((500..2_010).contains(&reads), "{reads}");
}

#[test]
fn below_a_root_that_is_signed_the_first_tile_that_does_not_lead_there_ends_the_reading() {
    let ours = key();
    let rows = [Vec::new(), vec![Hash([7; 32]); 64], vec![Hash([7; 32]); 66], vec![Hash([7; 32]); 15]];
    let root = Edge::of(Endless::SIZE, rows.to_vec()).unwrap().root();
    let files = Endless::signed_by(&ours, root);
    let error = Real::read(&files, ours.verifier(), KINDS).unwrap_err();
    assert!(matches!(error, LogError::TileMismatch { .. } | LogError::Incomplete { .. }), "{error}");
    assert!(files.read.get() < 20, "{}", files.read.get());
}
