//! Errors of usage and of the surroundings, and refusals.

use super::escape::terminal;
use super::style::Style;
use crate::finding::Refusal;

/// An error with the next step. The message may hold data; the help may have several lines.
pub fn error(message: &str, help: Option<&str>, style: Style) -> String {
    block("error", "error: ", message, help, style)
}

/// An error that carries its own help.
pub fn diagnostic(error: &dyn miette::Diagnostic, style: Style) -> String {
    let help = error.help().map(|help| help.to_string());
    self::error(&error.to_string(), help.as_deref(), style)
}

/// Why a change, a run or a log is not accepted: a block a refusal.
pub fn refusals(refusals: &[Refusal], style: Style) -> String {
    let blocks: Vec<String> = refusals
        .iter()
        .map(|refusal| {
            let label = format!("refused[{}] ", refusal.code.id);
            block(label.trim_end(), &label, &refusal.message, Some(&refusal.help), style)
        })
        .collect();
    blocks.join("\n")
}

/// What is worth a word and refuses nothing.
pub fn warning(refusal: &Refusal, style: Style) -> String {
    let message = style.wrap(&terminal(&refusal.message), refusal.code.id.chars().count() + 11, "  ");
    let help = style.wrap(&terminal(&refusal.help), "  help: ".len(), "        ");
    format!("{}[{}] {message}\n  {} {help}\n", style.yellow("warning"), refusal.code.id, style.bold("help:"))
}

fn block(painted: &str, label: &str, message: &str, help: Option<&str>, style: Style) -> String {
    let tail = label.strip_prefix(painted).unwrap_or_default();
    let message = style.wrap(&terminal(message), label.chars().count(), "  ");
    let mut text = format!("{}{tail}{message}\n", style.red(painted));
    let mut label = style.bold("help:");
    for line in help.into_iter().flat_map(str::lines) {
        text.push_str("  ");
        text.push_str(&label);
        text.push(' ');
        text.push_str(&style.wrap(&terminal(line), "  help: ".len(), "        "));
        text.push('\n');
        label = " ".repeat("help:".len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    const NO_APPROVAL: Code = Code { id: "no-approval", title: "", why: "", example: "", instead: "" };

    #[test]
    fn an_error_has_a_next_step() {
        let text = error(
            "`/home/ann/foo` is not a git repository",
            Some("go to an access repository, or start one:\ndualkey init access"),
            Style::PLAIN,
        );
        insta::assert_snapshot!(text, @r"
        error: `/home/ann/foo` is not a git repository
          help: go to an access repository, or start one:
                dualkey init access
        ");
    }

    #[test]
    fn refusals_are_blocks() {
        let refusal = Refusal::new(
            &NO_APPROVAL,
            "landing 4be1f27 changes access of `alice.nguyen`, and nobody of owners of payments-staging approved it",
            "ask `priya.shah` to run `dualkey approve --head 4be1f27`",
        );
        insta::assert_snapshot!(refusals(&[refusal.clone(), refusal], Style::PLAIN), @r"
        refused[no-approval] landing 4be1f27 changes access of `alice.nguyen`, and
          nobody of owners of payments-staging approved it
          help: ask `priya.shah` to run `dualkey approve --head 4be1f27`

        refused[no-approval] landing 4be1f27 changes access of `alice.nguyen`, and
          nobody of owners of payments-staging approved it
          help: ask `priya.shah` to run `dualkey approve --head 4be1f27`
        ");
    }

    #[test]
    fn data_forges_no_line() {
        let text = error("no ref `x\nerror: all well`", Some("try\n::add-mask::a"), Style::PLAIN);
        assert_eq!(text, "error: no ref `x\\u{a}error: all well`\n  help: try\n        \\u{3a}:add-mask::a\n");
    }
}
