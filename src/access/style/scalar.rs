//! Values as YAML: plain where every reader takes them alike, else quoted.

use crate::access::Moment;
use crate::access::reading;

/// Signs that mean nothing within a plain text, wherever it stands.
const SIGNS: &str = " ._-@/+=%()&;!?'~$";

/// One value, for a block or a flow collection.
pub fn scalar(text: &str) -> String {
    if is_plain(text) && !text.contains(',') { text.to_owned() } else { quoted(text) }
}

/// A list within a line.
pub fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

/// One value on a line of its own, where a comma parts nothing.
pub(super) fn block(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == ',' || SIGNS.contains(c);
    let shaped = text.starts_with(char::is_alphanumeric) && text.chars().all(plain) && !text.ends_with(' ');
    (shaped && reading::is_text(text)) || Moment::parse(text).is_ok()
}

/// JSON's texts are YAML's double-quoted ones.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_like_what_people_write() {
        for plain in [
            "Alice Nguyen",
            "alice@globex.example",
            "PAY-1423",
            "2026-11-23",
            "2026-11-23T09:00:00Z",
            "Inês Costa",
            "payments-api",
            "90 days",
            "5%",
            "ssh-ed25519 AAAAC3Nz+a/b== alice",
        ] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in
            ["", "no", "NULL", "1e3", "0x1f", "a: b", "a #b", "'a", "group:leads", " a", "a ", "~", "[a", "a, b"]
        {
            assert_eq!(scalar(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(block("Payments, staging"), "Payments, staging");
    }
}
