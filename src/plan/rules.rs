//! Every rule there is, listed once: what explains, selects, weighs and prints rules looks here.

use super::{change_too_large, classes, key_reused, log_key_changed, replaced, target_moved};
use crate::access::{reading, resolve};
use crate::finding::Rule;
use crate::{lint, repository};

/// Rules about a change, which meet base and head.
const OF_CHANGES: [&Rule; 6] = [
    &change_too_large::CHANGE_TOO_LARGE,
    &classes::MIXED_CHANGE,
    &key_reused::KEY_REUSED,
    &log_key_changed::LOG_KEY_CHANGED,
    &replaced::ID_REUSED,
    &target_moved::TARGET_MOVED,
];

/// Every rule that makes findings, sorted by id.
pub fn all() -> Vec<&'static Rule> {
    let mut rules: Vec<&'static Rule> = lint::rules::ALL.iter().map(|check| check.rule).collect();
    rules.extend(lint::custom::RULES);
    rules.extend(reading::RULES);
    rules.extend(resolve::RULES);
    rules.extend(repository::RULES);
    rules.extend(OF_CHANGES);
    rules.sort_by_key(|rule| rule.code.id);
    rules
}
