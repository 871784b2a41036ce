//! Values as YAML: plain where every reader takes them alike, else quoted.

use crate::access::Moment;
use crate::access::reading;
use crate::cli::Stop;

/// Words that some reader takes for something else than a text.
const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan"];

/// One value, for a block or a flow collection.
pub fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '@' | '/');
    let is_plain = text.chars().next().is_some_and(char::is_alphabetic)
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_lowercase().as_str());
    if is_plain || matches!(Moment::parse(text), Ok(Moment::Day(_))) {
        text.to_owned()
    } else {
        // JSON's texts are YAML's double-quoted ones
        serde_json::Value::from(text).to_string()
    }
}

/// A list within a line.
pub fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

/// Reads a file back as strictly as `lint` will, before it is written.
pub fn check(path: &str, text: &str) -> Result<(), Stop> {
    match reading::read(path, text.as_bytes(), text.len() as u64).findings.into_iter().next() {
        None => Ok(()),
        Some(finding) => Err(Stop::usage(format!("{path} would not be valid: {}", finding.message), finding.help)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::reading::RawFile;
    use proptest::prelude::*;

    #[test]
    fn values_look_like_what_people_write() {
        for plain in ["Alice Nguyen", "alice@globex.example", "PAY-1423", "2026-11-23", "Inês Costa", "payments-api"] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in ["", "no", "NULL", "1e3", "0x1f", "a: b", "a #b", "it's", "group:leads", " a", "a ", "~", "[a"] {
            assert_eq!(scalar(quoted), format!("\"{quoted}\""));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(reason in "\\PC{1,40}", ticket in "[ -~]{1,20}", name in "[a-z0-9][a-z0-9.-]{0,8}") {
            let text = format!(
                "to: {}\nrole: r\ndomain: d\nreason: {}\nticket: {}\n",
                list(std::slice::from_ref(&name)), scalar(&reason), scalar(&ticket),
            );
            let parsed = reading::read("grants/x.yaml", text.as_bytes(), text.len() as u64);
            if reason.chars().any(reading::is_hidden) {
                prop_assert!(check("grants/x.yaml", &text).is_err());
            } else {
                let Some(RawFile::Grant(grant)) = parsed.raw.as_deref() else {
                    panic!("{text}\n{:?}", parsed.findings);
                };
                prop_assert_eq!((&grant.reason, grant.ticket.as_ref()), (&reason, Some(&ticket)));
                prop_assert_eq!(&grant.to, &vec![name]);
            }
        }
    }
}
