//! How text is laid out on a terminal.

/// Colour and width, as whoever prints found them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Characters a line; text is wrapped, names are never broken.
    pub width: usize,
}

/// Text in lines narrower than this reads worse than lines that are too long.
const NARROWEST: usize = 40;

impl Style {
    /// For files, pipes and tests.
    pub const PLAIN: Style = Style { colour: false, width: 80 };

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Breaks a text at spaces. `used` characters of the first line are taken, later lines start with `indent`.
    pub fn wrap(self, text: &str, used: usize, indent: &str) -> String {
        let width = self.width.max(NARROWEST);
        let mut wrapped = String::with_capacity(text.len() + 16);
        let mut column = used;
        let mut starts = true;
        // a span of dates stays on one line
        let glued = text.replace(" … ", "\u{a0}…\u{a0}");
        for word in glued.split(' ') {
            let length = word.chars().count();
            if !starts && column + 1 + length > width {
                // columns are parted by two spaces
                wrapped.truncate(wrapped.trim_end_matches(' ').len());
                wrapped.push('\n');
                wrapped.push_str(indent);
                column = indent.chars().count();
            } else if !starts {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(&word.replace("\u{a0}…\u{a0}", " … "));
            column += length;
            starts = false;
        }
        wrapped
    }
}

/// `1 error`, `2 errors`.
pub fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// With a capital letter at the start.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_spaces_and_names_stay_whole() {
        let style = Style { colour: false, width: 40 };
        let name = "n".repeat(50);
        let wrapped = style.wrap(&format!("a line of words that goes on for longer {name} end"), 4, "  ");
        assert_eq!(wrapped, format!("a line of words that goes on for\n  longer\n  {name}\n  end"));
        assert_eq!(style.wrap("", 0, ""), "");
    }

    #[test]
    fn colour_is_asked_for() {
        assert_eq!(Style::PLAIN.red("x"), "x");
        assert_eq!(Style { colour: true, width: 80 }.red("x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
