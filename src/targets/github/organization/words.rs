//! The words for one permission, which differ from place to place.

/// The word by which files and requests say a role that an answer tells: `read` and `READ` are `pull`. A role that the
/// organisation made keeps its name.
pub(in super::super) fn permission(role: &str) -> String {
    match role.to_ascii_lowercase().as_str() {
        "read" => "pull".to_owned(),
        "write" => "push".to_owned(),
        known @ ("pull" | "triage" | "push" | "maintain" | "admin") => known.to_owned(),
        _ => role.to_owned(),
    }
}

/// The word by which invitations say a permission.
pub(in super::super) fn invited(permission: &str) -> &str {
    match permission {
        "pull" => "read",
        "push" => "write",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_word_for_one_permission() {
        for (told, word) in [("READ", "pull"), ("write", "push"), ("MAINTAIN", "maintain"), ("triage", "triage")] {
            assert_eq!(permission(told), word);
        }
        assert_eq!(permission("Release-Manager"), "Release-Manager");
        for word in ["pull", "triage", "push", "maintain", "admin"] {
            assert_eq!(permission(invited(word)), word);
        }
    }
}
