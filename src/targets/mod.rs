//! One folder a target.
