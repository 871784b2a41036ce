//! What a key may do: a policy document, as far as its statements name actions and resources.

use serde_json::Value;

/// Whether a text fits a pattern with `*` and `?`.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // where the last star stands, and how far the text was that it took
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == '?' || *one == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[derive(Debug, Clone)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    not_actions: Vec<String>,
    resources: Vec<String>,
    not_resources: Vec<String>,
}

impl Statement {
    fn meets(&self, action: &str, resource: &str) -> bool {
        let action = action.to_lowercase();
        let named = |patterns: &[String]| patterns.iter().any(|pattern| fits(&pattern.to_lowercase(), &action));
        let meant = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, resource));
        let action = if self.not_actions.is_empty() { named(&self.actions) } else { !named(&self.not_actions) };
        let resource = if self.not_resources.is_empty() { meant(&self.resources) } else { !meant(&self.not_resources) };
        action && resource
    }
}

/// A policy document.
#[derive(Debug, Clone)]
pub(crate) struct Policy(Vec<Statement>);

/// How a policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement allows it.
    Unnamed,
}

/// One text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().unwrap_or_else(|| panic!("`{item}` in a policy is no text")).to_owned())
            .collect(),
        Some(other) => panic!("`{other}` in a policy is no text"),
    }
}

impl Policy {
    /// Reads a document. Panics where it has what isn't understood here: a policy must not be proven by leaving it out.
    pub(crate) fn read(document: &str) -> Policy {
        let document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("the policy: {error}"));
        assert_eq!(document["Version"], "2012-10-17", "the policy has no version, or another");
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.clone(),
            one => vec![one.clone()],
        };
        let read = |statement: &Value| {
            let map = statement.as_object().unwrap_or_else(|| panic!("`{statement}` is no statement"));
            const KNOWN: [&str; 6] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"];
            for key in map.keys() {
                assert!(KNOWN.contains(&key.as_str()), "`{key}` in a policy isn't understood here");
            }
            let effect = map.get("Effect").and_then(Value::as_str);
            let list = |name| texts(map.get(name));
            let read = Statement {
                allows: effect == Some("Allow"),
                actions: list("Action"),
                not_actions: list("NotAction"),
                resources: list("Resource"),
                not_resources: list("NotResource"),
            };
            assert!(read.allows || effect == Some("Deny"), "a statement neither allows nor denies");
            assert!(read.actions.is_empty() != read.not_actions.is_empty(), "a statement needs Action or NotAction");
            assert!(read.resources.is_empty() != read.not_resources.is_empty(), "a statement needs Resource");
            read
        };
        Policy(statements.iter().map(read).collect())
    }

    fn one(&self, action: &str, resource: &str) -> Decision {
        let mut met = self.0.iter().filter(|statement| statement.meets(action, resource)).peekable();
        if met.peek().is_none() {
            return Decision::Unnamed;
        }
        if met.all(|statement| statement.allows) { Decision::Allowed } else { Decision::Denied }
    }

    /// Decides about an action that touches resources: each of them must be allowed. With it comes the resource that isn't.
    pub(crate) fn decide(&self, action: &str, resources: &[String]) -> (Decision, String) {
        for resource in resources {
            let decision = self.one(action, resource);
            if decision != Decision::Allowed {
                return (decision, resource.clone());
            }
        }
        (Decision::Allowed, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Policy, fits};

    #[test]
    fn patterns_mean_what_they_mean_in_policies() {
        for (pattern, text) in [("*", ""), ("sso:List*", "sso:ListUsers"), ("a*b*c", "a1b2b3c"), ("p-?", "p-1")] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("sso:List", "sso:ListUsers"), ("a*b", "abc"), ("p-?", "p-")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn every_resource_must_be_allowed_and_none_denied() {
        let policy = Policy::read(
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":"sso:Create*","Resource":["a","b*"]},
                {"Effect":"Deny","NotAction":"sso:DescribeInstance","Resource":"bad"}]}"#,
        );
        let decide = |action: &str, resources: &[&str]| {
            policy.decide(action, &resources.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>()).0
        };
        assert_eq!(decide("sso:CreateAccountAssignment", &["a", "b1"]), Decision::Allowed);
        assert_eq!(decide("SSO:createaccountassignment", &["a"]), Decision::Allowed);
        assert_eq!(decide("sso:CreateAccountAssignment", &["a", "c"]), Decision::Unnamed);
        assert_eq!(decide("sso:CreateAccountAssignment", &["a", "bad"]), Decision::Denied);
        assert_eq!(decide("sso:DeleteAccountAssignment", &["a"]), Decision::Unnamed);
    }
}
