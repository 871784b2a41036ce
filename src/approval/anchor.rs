//! The anchor: what is kept outside of the repository, so that nobody can replace history and log together.

use super::codes;
use crate::finding::Refusal;

/// Compares the anchor that the user keeps with those that fit the log: the one of its beginning, and with each key that
/// came later. Where nothing real can be touched, a
/// missing one is only worth a word, which is the `Ok`.
pub fn check_anchor(kept: Option<&str>, fitting: &[String], only_sandboxes: bool) -> Result<Option<Refusal>, Refusal> {
    let recorded = fitting.first().map_or("", String::as_str);
    match kept {
        Some(kept) if fitting.iter().any(|one| one == kept) => Ok(None),
        Some(kept) => Err(Refusal::new(
            &codes::ANCHOR_MISMATCH,
            format!("the anchor kept outside is `{}`, the log begins with `{recorded}`", kept.escape_debug()),
            "see that this is the right repository and remote; if the log was replaced, restore the old one",
        )),
        None => {
            let refusal = Refusal::new(
                &codes::ANCHOR_MISSING,
                "DUALKEY_ANCHOR is not set, so a replaced log would not be noticed",
                format!("set DUALKEY_ANCHOR={recorded} where you run dualkey, if that is what `audit init` printed"),
            );
            if only_sandboxes { Ok(Some(refusal)) } else { Err(refusal) }
        }
    }
}
