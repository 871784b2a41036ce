//! What an unquoted value means: only what every YAML tool reads the same way.

/// The meaning of an unquoted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Text,
    Integer(i64),
    Boolean(bool),
    /// Null, in one of its spellings.
    Nothing,
    /// Tools differ; the reason completes "it is read differently by different tools: …".
    Unclear(&'static str),
}

/// The largest whole number that tools with floating numbers keep exact.
const EXACT: i64 = (1 << 53) - 1;

pub(super) fn resolve(text: &str) -> Plain {
    let Some(first) = text.bytes().next() else {
        return Plain::Nothing;
    };
    match first {
        b'~' if text.len() == 1 => Plain::Nothing,
        b'=' if text.len() == 1 => Plain::Unclear("a single `=` has a meaning of its own in some"),
        b'?' | b':' => Plain::Unclear("some take the sign at its start for YAML's own"),
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        _ if text.len() <= 5 => word(text),
        _ => Plain::Text,
    }
}

fn word(text: &str) -> Plain {
    match text {
        "true" => return Plain::Boolean(true),
        "false" => return Plain::Boolean(false),
        _ => {}
    }
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    if is(&["null"]) {
        Plain::Nothing
    } else if is(&["true", "false"]) {
        Plain::Unclear("only lower-case `true` and `false` are the same in all")
    } else if is(&["yes", "no", "on", "off", "y", "n"]) {
        Plain::Unclear("some take it for true or false")
    } else {
        Plain::Text
    }
}

fn number(text: &str) -> Plain {
    let negative = text.starts_with('-');
    let signed = negative || text.starts_with('+');
    let body = if signed { text.get(1..).unwrap_or_default() } else { text };
    let bytes = body.as_bytes();
    let all = |allowed: fn(&u8) -> bool| !bytes.is_empty() && bytes.iter().all(allowed);
    if all(u8::is_ascii_digit) {
        return if text.starts_with('+') {
            Plain::Unclear("some take the `+` for part of a number")
        } else if bytes.len() > 1 && bytes.first() == Some(&b'0') {
            Plain::Unclear("some drop the leading zero, or count by eights")
        } else if negative && body == "0" {
            Plain::Unclear("some tell `-0` from `0`")
        } else {
            match text.parse::<i64>() {
                Ok(value) if (-EXACT..=EXACT).contains(&value) => Plain::Integer(value),
                Ok(_) | Err(_) => Plain::Unclear("some round a number of this size"),
            }
        };
    }
    if [".inf", ".nan"].iter().any(|w| w.eq_ignore_ascii_case(body)) {
        return Plain::Unclear("some take it for a number");
    }
    let digits_after = |prefix: [&str; 2], allowed: fn(&u8) -> bool| {
        prefix
            .iter()
            .find_map(|p| body.strip_prefix(p))
            .is_some_and(|rest| !rest.is_empty() && rest.as_bytes().iter().all(allowed))
    };
    if digits_after(["0x", "0X"], |b| b.is_ascii_hexdigit() || *b == b'_')
        || digits_after(["0o", "0O"], |b| b.is_ascii_digit() || *b == b'_')
        || digits_after(["0b", "0B"], |b| matches!(b, b'0' | b'1' | b'_'))
    {
        return Plain::Unclear("some take it for a number that does not count by tens");
    }
    if all(|b| b.is_ascii_digit() || *b == b'_') && bytes.first() != Some(&b'_') {
        return Plain::Unclear("some leave out the `_`");
    }
    if body.contains(':') && all(|b| b.is_ascii_digit() || matches!(b, b'_' | b':' | b'.')) {
        return Plain::Unclear("some take it for a number that counts by sixties");
    }
    if is_decimal(body) { Plain::Unclear("some round it as a decimal number") } else { Plain::Text }
}

/// `1.5`, `.5`, `5.`, `1e3` and the like.
fn is_decimal(body: &str) -> bool {
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
            return false;
        }
    }
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'))
        && mantissa.bytes().filter(|b| *b == b'.').count() <= 1
}

/// The text of a block that may reach to the end of the file. The parser ends its last line also where the file does
/// not, which other tools don't.
pub(in crate::access) fn as_ended<'v>(value: &'v str, text: &str, end: usize) -> &'v str {
    let last = text.rsplit('\n').next().unwrap_or_default();
    match value.strip_suffix('\n') {
        Some(cut) if end == text.len() && !last.is_empty() => {
            let line = cut.rsplit('\n').next().unwrap_or_default();
            // below the block there may be a comment
            let is_its_own = line.ends_with(last.trim_start_matches(' '));
            if is_its_own { cut } else { value }
        }
        Some(_) | None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_tools_read_alike_has_a_meaning() {
        for text in ["alice", "2026-11-24", "2026-11-24T09:00:00Z", "08:00-19:00", "5%", "90 days", "1.2.3", "9c1f"] {
            assert_eq!(resolve(text), Plain::Text, "{text}");
        }
        for text in ["-", "+", ".", "1e", "e5", "0x", "0xg", "nope", "onto", "a:b", "-.", "1.2.3e4", "2001:db8::1"] {
            assert_eq!(resolve(text), Plain::Text, "{text}");
        }
        assert_eq!(resolve("0"), Plain::Integer(0));
        assert_eq!(resolve("-12"), Plain::Integer(-12));
        assert_eq!(resolve("9007199254740991"), Plain::Integer(EXACT));
        assert_eq!(resolve("true"), Plain::Boolean(true));
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Plain::Nothing, "{text}");
        }
        for text in [
            "012345678901",
            "0o17",
            "017",
            "0x1F",
            "0b11",
            "1_000",
            "1e3",
            "1.5",
            ".5",
            "5.",
            "-.INF",
            ".nan",
            "1:30",
            "190:20:30.15",
            "+1",
            "-0",
            "00",
            "9007199254740992",
            "99999999999999999999",
            "yes",
            "NO",
            "On",
            "off",
            "y",
            "N",
            "True",
            "FALSE",
            "=",
            "?a",
            ":a",
            "1E+3",
            "1.5e-3",
            "-012",
            "+.inf",
        ] {
            assert!(matches!(resolve(text), Plain::Unclear(_)), "{text}");
        }
    }
}
