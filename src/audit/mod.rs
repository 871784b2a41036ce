//! The log: records, the Merkle tree, checkpoints.
