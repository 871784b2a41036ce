//! From git to text, and back to refs.
