//! The few expressions that the workflows hold. What isn't known here is refused: a guess would prove nothing.

use serde_json::Value;

/// What an expression is asked about, and how the job went so far.
pub struct Asked<'a> {
    /// `github`, `inputs`, `secrets`, `vars`, `steps`, …: each a context by its name.
    pub contexts: &'a Value,
    pub failed: bool,
}

struct Reader<'a> {
    asked: &'a Asked<'a>,
    words: Vec<String>,
    at: usize,
    asks_status: bool,
}

/// Text in which every `${{ … }}` is replaced by what it is now.
pub fn text(value: &Value, asked: &Asked<'_>) -> String {
    let Value::String(text) = value else { return plain(value) };
    let (mut filled, mut rest) = (String::new(), text.as_str());
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").unwrap();
        filled.push_str(before);
        filled.push_str(&plain(&value_of(expression, asked).0));
        rest = after;
    }
    filled + rest
}

/// What one expression alone is, with its kind; of anything else the text.
pub fn value(value: &Value, asked: &Asked<'_>) -> Value {
    let alone = value.as_str().and_then(|text| text.trim().strip_prefix("${{")?.strip_suffix("}}"));
    match alone.filter(|inner| !inner.contains("${{")) {
        Some(expression) => value_of(expression, asked).0,
        None if value.is_string() => Value::String(text(value, asked)),
        None => value.clone(),
    }
}

/// Whether something runs by its `if`. Without a word about the status it runs only where nothing failed.
pub fn holds(condition: &Value, asked: &Asked<'_>) -> bool {
    let Some(condition) = condition.as_str() else { return !asked.failed };
    let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}");
    let (value, asks_status) = value_of(condition, asked);
    is_true(&value) && (asks_status || !asked.failed)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => panic!("{value} is no text"),
    }
}

fn is_true(value: &Value) -> bool {
    match value.as_str() {
        Some(text) => !text.is_empty(),
        None => !matches!(plain(value).as_str(), "" | "false" | "0"),
    }
}

fn value_of(expression: &str, asked: &Asked<'_>) -> (Value, bool) {
    let mut reader = Reader { asked, words: words(expression), at: 0, asks_status: false };
    let value = reader.either();
    assert_eq!(reader.at, reader.words.len(), "`{expression}` goes on after its end");
    (value, reader.asks_status)
}

fn words(expression: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), expression.trim_start());
    while !rest.is_empty() {
        let signs = ["||", "&&", "==", "!=", "!", "(", ")"];
        let length = match signs.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => sign.len(),
            None if rest.starts_with('\'') => rest[1..].find('\'').expect("a text that ends") + 2,
            None => rest.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len()),
        };
        assert!(length > 0, "`{rest}` is nothing that the workflows may hold");
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

impl Reader<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let here = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(here);
        here
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.compared();
        while self.takes("&&") {
            let other = self.compared();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn compared(&mut self) -> Value {
        let value = self.single();
        let equal = |one: &Value, other: &Value| plain(one).eq_ignore_ascii_case(&plain(other));
        if self.takes("==") {
            let other = self.single();
            return equal(&value, &other).into();
        }
        if self.takes("!=") {
            let other = self.single();
            return (!equal(&value, &other)).into();
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return (!is_true(&self.single())).into();
        }
        if self.takes("(") {
            let value = self.either();
            assert!(self.takes(")"));
            return value;
        }
        let word = self.words.get(self.at).expect("an expression that ends").clone();
        self.at += 1;
        if let Some(text) = word.strip_prefix('\'') {
            return text.trim_end_matches('\'').into();
        }
        if self.takes("(") {
            assert!(self.takes(")"), "`{word}` with arguments is not known");
            self.asks_status = true;
            return match word.as_str() {
                "always" => true.into(),
                // nobody cancels here
                "cancelled" => false.into(),
                "success" => (!self.asked.failed).into(),
                "failure" => self.asked.failed.into(),
                _ => panic!("the function `{word}` is not known"),
            };
        }
        let mut path = word.split('.');
        let context = path.next().unwrap();
        let known = self.asked.contexts.get(context).unwrap_or_else(|| panic!("`{word}`: no such context here"));
        // what a context doesn't have is nothing, as on a runner
        path.fold(known, |value, name| value.get(name).unwrap_or(&Value::Null)).clone()
    }
}

#[test]
fn expressions_mean_what_they_mean_on_a_runner() {
    let contexts =
        serde_json::json!({ "github": { "event": { "head": "abc", "number": 7 }, "name": "push" }, "secrets": {} });
    let asked = |failed| Asked { contexts: &contexts, failed };
    for (expression, expected) in [
        ("github.event.head", "abc"),
        ("github.event.none.at.all || github.event.head || 'all'", "abc"),
        ("secrets.TOKEN || 'none'", "none"),
        ("github.name == 'PUSH' && github.event.number != '8'", "true"),
        ("!(github.name == 'push')", "false"),
    ] {
        assert_eq!(plain(&value_of(expression, &asked(false)).0), expected, "{expression}");
    }
    assert_eq!(text(&"a ${{ github.event.number }}/${{ github.name }} b".into(), &asked(false)), "a 7/push b");
    for (condition, failed, expected) in [
        ("github.name == 'push'", false, true),
        ("github.name == 'push'", true, false),
        ("always() && github.name == 'push'", true, true),
        ("!cancelled()", true, true),
        ("failure()", false, false),
    ] {
        assert_eq!(holds(&condition.into(), &asked(failed)), expected, "{condition} {failed}");
    }
    for unknown in ["hashFiles('x')", "needs.a", "github[0]", "fromJSON(github.event)"] {
        let refused = std::panic::catch_unwind(|| value_of(unknown, &asked(false)));
        assert!(refused.is_err(), "{unknown}");
    }
}
