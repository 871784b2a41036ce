//! Ids for what a target calls otherwise.

/// An id made of a name: small letters, digits, `.`, `_` and `-`.
pub fn slug(name: &str) -> String {
    let mut id = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => id.push(c),
            '.' | '_' | '-' if !id.is_empty() && !id.ends_with(['.', '-', '_']) => id.push(c),
            _ if !id.is_empty() && !id.ends_with(['.', '-', '_']) => id.push('-'),
            _ => {}
        }
    }
    let id = id.trim_end_matches(['.', '-', '_']).trim_end_matches(".lock");
    if id.is_empty() { "unnamed".to_owned() } else { id.to_owned() }
}

/// The id, with a number behind it where it is taken.
pub fn free(id: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(id) {
        return id.to_owned();
    }
    let numbered = (2..).map(|number: u32| format!("{id}-{number}"));
    numbered.into_iter().find(|id| !taken(id)).unwrap_or_else(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::PersonId;

    #[test]
    fn ids_are_made_of_names() {
        for (name, id) in [
            ("Alice-NW", "alice-nw"),
            ("  .x", "x"),
            ("a//b", "a-b"),
            ("é", "unnamed"),
            ("roles/run.viewer", "roles-run.viewer"),
            ("a..b", "a.b"),
            ("x.lock", "x"),
        ] {
            assert_eq!(slug(name), id, "{name}");
            assert!(PersonId::parse(id).is_ok(), "{id}");
        }
        assert_eq!(free("a", |id| ["a", "a-2"].contains(&id)), "a-3");
    }
}
