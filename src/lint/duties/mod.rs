//! The separation-of-duties engine: who holds which duties when, and which rules that breaks.
