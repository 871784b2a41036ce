//! Data made inert: whatever a file or a target says, it is printed as the characters it is made of.

use std::fmt::Write as _;

use crate::access::reading::is_hidden;

fn is_shown(c: char) -> bool {
    !(is_hidden(c) || c == '\n' || c == '\t')
}

fn push_shown(c: char, to: &mut String) {
    // a blank that isn't a plain one can stand for columns where data ends; East Asian words have one between them
    let odd_blank = c.is_whitespace() && !c.is_ascii() && (c != '\u{3000}' || to.ends_with(char::is_whitespace));
    if is_shown(c) && !odd_blank { to.push(c) } else { to.extend(c.escape_unicode()) }
}

/// Data that stands beside others in a line for a terminal: as [`terminal`], and of several blanks in a row each but the
/// first is written as `\u{20}`, so that none looks like the columns of the line.
pub fn terminal_data(text: &str) -> String {
    let (mut shown, mut before) = (String::with_capacity(text.len()), '\n');
    for c in terminal(text).chars() {
        if c == ' ' && before == ' ' {
            shown.extend(c.escape_unicode())
        } else {
            shown.push(c)
        }
        before = c;
    }
    shown
}

/// True where a runner would take a command wherever it stands: `##[command]` of GitHub Actions and Azure Pipelines, and
/// `##vso[command]` of the latter.
fn is_command(rest: &str) -> bool {
    rest.strip_prefix("##").is_some_and(|rest| rest.starts_with('[') || starts_with_ignoring_case(rest, "vso["))
}

/// One line of data for a terminal or a log. What can't be seen, moves the cursor or ends the line is written as
/// `\u{1b}`; so is what GitHub Actions or Azure Pipelines would take for a command.
pub fn terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word_starts = true;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        // `::command` counts at the start of a line, which any word is once text is wrapped; the others everywhere
        if (word_starts && rest.starts_with("::")) || is_command(rest) {
            shown.extend(c.escape_unicode());
        } else {
            push_shown(c, &mut shown);
        }
        word_starts = c.is_whitespace();
    }
    shown
}

/// What follows the second `::` of a workflow command, which ends with the line: lines of data in one.
pub fn workflow_data<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| terminal(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property of a workflow command.
pub fn workflow_property(text: &str) -> String {
    terminal(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// A code span that holds the text and nothing but the text, also in a table.
pub fn markdown_code(text: &str) -> String {
    let mut inner = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let command = text.get(at..).is_some_and(is_command);
        // in a table a bar ends the cell even within code, and its escape would show elsewhere
        if c == '|' || command { inner.extend(c.escape_unicode()) } else { push_shown(c, &mut inner) }
    }
    let fence = "`".repeat(longest_run(&inner) + 1);
    // the renderer takes one space off each side unless there is nothing else, and a span must not be empty
    let stripped = inner.starts_with(' ') && inner.ends_with(' ') && inner.trim() != "";
    if inner.is_empty() {
        return "` `".to_owned();
    }
    let pad = if inner.starts_with('`') || inner.ends_with('`') || stripped { " " } else { "" };
    format!("{fence}{pad}{inner}{pad}{fence}")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A fence for a block of these lines: longer than any run of backticks in them.
pub fn markdown_fence<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    "`".repeat(lines.into_iter().map(longest_run).max().unwrap_or(0).max(2) + 1)
}

/// What a renderer would act upon even where the character itself is escaped: it looks at the finished text.
/// Nothing is linked or mentioned within code.
const ACTIVE: [&str; 4] = ["@", "#", "://", "www."];

/// Plain words within markdown: no markup, no link, no mention, no HTML.
pub fn markdown_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(active) = ACTIVE.iter().find(|active| starts_with_ignoring_case(rest, active)) {
            // a number stays with its sign: `#12`
            let digits = rest.get(active.len()..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
            let length = active.len() + if *active == "#" { digits } else { 0 };
            let (found, after) = rest.split_at(length);
            // a span beside a span would share its fence
            let apart = if shown.ends_with('`') { " " } else { "" };
            // writing to a string cannot fail
            let _ = write!(shown, "{apart}`{found}`");
            rest = after;
            continue;
        }
        if is_number_of_issue(rest) && !shown.ends_with(|before: char| before.is_ascii_alphanumeric()) {
            let apart = if shown.ends_with('`') { " " } else { "" };
            let (found, after) = rest.split_at(GH.len());
            let _ = write!(shown, "{apart}`{found}`");
            rest = after;
            continue;
        }
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '`' => shown.push_str("&#96;"),
            '|' => shown.push_str("&#124;"),
            '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '~' | '$' => {
                shown.push('\\');
                shown.push(c);
            }
            // what makes lists and headings counts at the start only, and so does a number with a point
            '-' | '+' | '=' | '.' if shown.bytes().all(|b| b.is_ascii_digit()) => {
                shown.push('\\');
                shown.push(c);
            }
            _ if !is_shown(c) => {
                let _ = write!(shown, "\\\\u{{{:x}}}", u32::from(c));
            }
            _ => shown.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    shown
}

/// What begins a number of an issue beside `#`.
const GH: &str = "gh-";

/// True of `GH-12`, which is a link wherever a word starts.
fn is_number_of_issue(rest: &str) -> bool {
    starts_with_ignoring_case(rest, GH)
        && rest.get(GH.len()..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A message with user input in backticks: what stands between them becomes code, the rest plain words. Where the input
/// holds backticks itself the parts may be swapped, and each is inert all the same.
pub fn markdown_message(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // an odd backtick means that nothing tells code from words
        return markdown_text(message);
    }
    let mut shown = String::new();
    for (count, part) in parts.iter().enumerate() {
        let part = if count % 2 == 1 { markdown_code(part) } else { markdown_text(part) };
        if shown.ends_with('`') && part.starts_with('`') {
            // a span beside a span would share its fence
            shown.push(' ');
        }
        shown.push_str(&part);
    }
    shown
}

/// Characters within JSON's strings that hide, as JSON writes them. JSON has none outside of strings.
pub(super) fn json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for (at, c) in document.char_indices() {
        let command = c == '#' && document.get(at..).is_some_and(is_command);
        if command || (is_hidden(c) && c != '\n') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_in_data_make_no_columns() {
        assert_eq!(terminal_data("a  b   c"), "a \\u{20}b \\u{20}\\u{20}c");
        assert_eq!(terminal("a\u{a0}b"), "a\\u{a0}b");
        assert_eq!(terminal("山田\u{3000}雪"), "山田\u{3000}雪");
        assert_eq!(terminal("山田\u{3000}\u{3000}雪 \u{3000}"), "山田\u{3000}\\u{3000}雪 \\u{3000}");
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        for (attack, shown) in [
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{1b}]8;;https://evil\u{7}link\u{1b}]8;;\u{7}", "\\u{1b}]8;;https://evil\\u{7}link\\u{1b}]8;;\\u{7}"),
            ("\u{1b}]52;c;cm0gLXJm\u{7}", "\\u{1b}]52;c;cm0gLXJm\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\r\nerror: forged", "a\\u{d}\\u{a}error: forged"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("Zoë Ångström 李", "Zoë Ångström 李"),
        ] {
            assert_eq!(terminal(attack), shown);
        }
    }

    #[test]
    fn a_workflow_is_told_nothing() {
        for (attack, shown) in [
            ("::add-mask::a", "\\u{3a}:add-mask::a"),
            ("x ::error file=a::b", "x \\u{3a}:error file=a::b"),
            ("\n::set-output name=a::b", "\\u{a}\\u{3a}:set-output name=a::b"),
            ("x##[error]y", "x\\u{23}#[error]y"),
            ("x##vso[task.prependpath]/tmp", "x\\u{23}#vso[task.prependpath]/tmp"),
            ("%0A::error::x", "%0A::error::x"),
            ("arn:aws:sso:::instance/ssoins-1", "arn:aws:sso:::instance/ssoins-1"),
        ] {
            assert_eq!(terminal(attack), shown);
        }
    }

    #[test]
    fn a_workflow_command_ends_where_the_program_ends_it() {
        for (attack, data, property) in [
            ("100% of a:b, c", "100%25 of a:b, c", "100%25 of a%3Ab%2C c"),
            ("a\r\n::error::x", "a\\u{d}\\u{a}\\u{3a}:error::x", "a\\u{d}\\u{a}\\u{3a}%3Aerror%3A%3Ax"),
            ("%0A::error::x", "%250A::error::x", "%250A%3A%3Aerror%3A%3Ax"),
        ] {
            assert_eq!(workflow_data([attack]), data);
            assert_eq!(workflow_property(attack), property);
        }
        assert_eq!(workflow_data(["a", "b"]), "a%0Ab");
    }

    #[test]
    fn code_holds_whatever_it_is_given() {
        for (attack, shown) in [
            ("</details><img src=//x>@org/admins", "`</details><img src=//x>@org/admins`"),
            ("a`b", "``a`b``"),
            ("``` @org", "```` ``` @org ````"),
            ("`", "`` ` ``"),
            ("", "` `"),
            (" a ", "`  a  `"),
            ("a\n\n# heading", "`a\\u{a}\\u{a}# heading`"),
            ("a|b", "`a\\u{7c}b`"),
            ("##[error]a", "`\\u{23}#[error]a`"),
            ("\u{202e}", "`\\u{202e}`"),
        ] {
            assert_eq!(markdown_code(attack), shown);
        }
        assert_eq!(markdown_fence(["a", "b````"]), "`````");
        assert_eq!(markdown_fence([]), "```");
    }

    #[test]
    fn words_hold_no_markup() {
        for (attack, shown) in [
            ("</details><img src=//x>", "&lt;/details&gt;&lt;img src=//x&gt;"),
            ("@org/admins and #12", "`@`org/admins and `#12`"),
            ("@@##", "`@` `@` `#` `#`"),
            ("[x](https://evil)", "\\[x\\]\\(https`://`evil\\)"),
            ("WWW.evil.example", "`WWW.`evil.example"),
            ("&#64;org &lt;", "&amp;`#64`;org &amp;lt;"),
            ("**a** _b_ ~~c~~ `d` | e", "\\*\\*a\\*\\* \\_b\\_ \\~\\~c\\~\\~ &#96;d&#96; &#124; e"),
            ("a\n# b", "a\\\\u{a}`#` b"),
            ("![i](x)", "!\\[i\\]\\(x\\)"),
            ("- a-b", "\\- a-b"),
            ("12. a.b", "12\\. a.b"),
            ("GH-12, gh-1 and high-1", "`GH-`12, `gh-`1 and high-1"),
        ] {
            assert_eq!(markdown_text(attack), shown);
        }
    }

    #[test]
    fn messages_show_input_as_code() {
        assert_eq!(markdown_message("grant `a_b` of `@org` ends"), "grant `a_b` of `@org` ends");
        assert_eq!(markdown_message("title `a` @org <b>` is long"), "title &#96;a&#96; `@`org &lt;b&gt;&#96; is long");
        assert_eq!(markdown_message("`x` `@org` <b>`"), "&#96;x&#96; &#96;`@`org&#96; &lt;b&gt;&#96;");
    }

    #[test]
    fn json_stays_json() {
        let document = serde_json::to_string("a\u{202e}b\u{e0041} ##[error]\n").unwrap();
        let shown = json(&document);
        assert_eq!(shown, r#""a\u202eb\udb40\udc41 \u0023#[error]\n""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), "a\u{202e}b\u{e0041} ##[error]\n");
    }
}
