//! Markdown that is too long for where it goes, cut where it is longest.

/// Lines at both ends of a part that stay.
const ENDS: usize = 3;

/// Characters, as comments are measured.
pub(super) fn characters(text: &str) -> usize {
    text.chars().count()
}

/// Bytes, as checks are measured.
pub(super) fn bytes(text: &str) -> usize {
    text.len()
}

/// The same text, no longer than `most` by `measure`: of its longest parts the lines in the middle go, and are counted. Parts
/// are parted by blank lines. Blocks of code stay blocks. The first part stays whole.
pub(super) fn shortened(text: &str, most: usize, measure: fn(&str) -> usize) -> String {
    let mut parts: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
    let mut left: Vec<usize> = (1..parts.len()).collect();
    loop {
        let whole = parts.join("\n\n");
        let Some(excess) = measure(&whole).checked_sub(most).filter(|excess| *excess > 0) else { return whole };
        let size = |at: &usize| parts.get(*at).map(|part| measure(part));
        let Some(longest) = left.iter().copied().max_by_key(size) else { return whole };
        left.retain(|at| *at != longest);
        if let Some(part) = parts.get_mut(longest) {
            *part = cut(part, excess, measure);
        }
    }
}

/// A part without so much of its middle.
fn cut(part: &str, excess: usize, measure: fn(&str) -> usize) -> String {
    let lines: Vec<&str> = part.lines().collect();
    let inner = lines.get(ENDS..lines.len().saturating_sub(ENDS)).unwrap_or_default();
    let middle = inner.len() / 2;
    // from the middle outwards
    let mut outwards: Vec<usize> = (0..inner.len()).collect();
    outwards.sort_by_key(|at| at.abs_diff(middle));
    let (mut gone, mut first, mut last) = (0, middle, middle);
    for at in outwards {
        if gone > excess + NOTE {
            break;
        }
        gone += inner.get(at).map_or(0, |line| measure(line) + 1);
        (first, last) = (first.min(at), last.max(at + 1));
    }
    if gone <= excess {
        // a few lines that are longer than all the rest
        return format!("({} left out here, too long to be shown)", super::style::count(lines.len(), "line"));
    }
    let (before, after) = (inner.get(..first).unwrap_or_default(), inner.get(last..).unwrap_or_default());
    let note = format!("… {} of {} left out here", last - first, super::style::count(lines.len(), "line"));
    let is_list = inner.get(first).is_some_and(|line| line.starts_with("- ") || line.starts_with("  - "));
    let in_code = lines.iter().take(ENDS + first).filter(|line| line.starts_with("```")).count() % 2 == 1;
    let note = if is_list && !in_code { format!("- {note}") } else { note };
    let head = lines.iter().take(ENDS).copied().chain(before.iter().copied());
    let tail = after.iter().copied().chain(lines.iter().skip(lines.len().saturating_sub(ENDS)).copied());
    head.chain([note.as_str()]).chain(tail).collect::<Vec<_>>().join("\n")
}

/// Room for the line that says what is left out.
const NOTE: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_goes_first_and_says_how_much_went() {
        let rows: Vec<String> = (0..500).map(|at| format!("+ {at:04}")).collect();
        let facts: Vec<String> = (0..40).map(|at| format!("- fact {at}")).collect();
        let text =
            format!("### Title\n\n```diff\n{}\n```\n\n**Facts**\n{}\n\nthe end\n", rows.join("\n"), facts.join("\n"));
        let short = shortened(&text, 1_000, characters);
        assert!(short.chars().count() <= 1_000 && short.chars().count() > 700, "{short}");
        assert!(short.starts_with("### Title\n\n```diff\n+ 0000\n+ 0001\n") && short.ends_with("the end\n"), "{short}");
        assert!(short.contains("… 4") && short.contains(" of 502 lines left out here\n"), "{short}");
        assert!(facts.iter().all(|fact| short.contains(fact)), "{short}");
        assert_eq!(short.lines().filter(|line| line.starts_with("```")).count(), 2);
        // all of them, where it has to be
        let shorter = shortened(&text, 300, characters);
        assert!(shorter.chars().count() <= 300 && shorter.contains("\n- … "), "{shorter}");
        assert_eq!(shortened(&text, 100_000, bytes), text);
        let wide = format!("### Title\n\n{}\n\nthe end\n", "ä".repeat(900));
        assert_eq!(shortened(&wide, 1_000, characters), wide);
        assert_eq!(
            shortened(&wide, 1_000, bytes),
            "### Title\n\n(1 line left out here, too long to be shown)\n\nthe end\n"
        );
    }
}
