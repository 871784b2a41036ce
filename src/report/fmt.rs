//! What `dualkey fmt` did or would do, as text.

use similar::TextDiff;

use super::escape::terminal;
use super::style::{Style, count};

/// What would change in a file, as a unified diff.
pub fn diff(path: &str, before: &str, after: &str, style: Style) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = format!("{}\n", style.bold(&terminal(&format!("--- {path}"))));
    text.push_str(&format!("{}\n", style.bold(&terminal(&format!("+++ {path}")))));
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        for line in hunk.to_string().lines() {
            let shown = terminal(line);
            let shown = match line.as_bytes().first() {
                Some(b'+') => style.green(&shown),
                Some(b'-') => style.red(&shown),
                Some(b'@') => style.dim(&shown),
                Some(_) | None => shown,
            };
            text.push_str(&shown);
            text.push('\n');
        }
    }
    text
}

/// Which files were written, or would be, of how many.
pub fn summary<'a>(changed: impl ExactSizeIterator<Item = &'a str>, files: usize, check: bool) -> String {
    let all = count(files, "file");
    if changed.len() == 0 {
        return format!("nothing to format in {all}\n");
    }
    if check {
        return format!("{} of {all} would be formatted; `dualkey fmt` does it\n", changed.len());
    }
    let number = changed.len();
    let names: Vec<String> = changed.map(|path| format!("  {}\n", terminal(path))).collect();
    format!("formatted {number} of {all}\n{}", names.concat())
}
