//! The quick way against the strict loader.

use proptest::prelude::*;

use super::flaw::Flaws;
use super::{plain, yaml};

/// Fails where the quick way takes a text and the strict loader doesn't give the same of it. True where it took it.
fn agree(text: &str) -> bool {
    let Some((value, spans)) = plain::load(text) else { return false };
    let mut flaws = Flaws::default();
    let (judged, places) = yaml::load(text, &mut flaws);
    assert_eq!(flaws.into_list().first().map(|flaw| flaw.message.clone()), None, "{text:?}");
    assert_eq!(Some(value), judged, "{text:?}");
    assert_eq!(format!("{spans:?}"), format!("{places:?}"), "{text:?}");
    true
}

/// Files as people write them, and shapes that come near the border of what is plain.
fn samples() -> Vec<String> {
    let northwind = include_str!("../../cli/demo/northwind.txtar").split("\n-- ").skip(1);
    let files = northwind.filter_map(|file| file.split_once(" --\n")).map(|(_, text)| format!("{text}\n"));
    let shapes = [
        "# first\n\na: b   # note\n\n# between\nb:\n  - x y\n  - [p, q]\n# last\n",
        "a:\n  b:\n    c: { d: 1, e: [f, \"g h\"], i: { k: true } }\n    l: -\nm: n\n",
        "a: x:y z#w\nb: \"  # no: comment \"  # one\nc: it's \"so\" & *that* !\nd: [a@b.c, 2026-11-24]\n",
        "a: b\n  c\nd: e\n",
        "a:\n- b\nc:\n    d: e\n",
        "a: 017\nb: 1e3\nc: no\nd: 12\ne: false\n",
        "a: b\na: c\n",
        "on: b\n12: c\nnull: d\n",
        "a: [b, c,]\nd: []\ne: {}\nf: [g: h]\n",
        "a: >-\n  b\n  c\nd: |\n  e\n",
        "a: b: c\nd: e:\nf: g #h\ni:j\n",
        "---\na: b\n...\n",
        "a: b\n---\nc: d\n",
        "a: 'b'\n\"c\": d\n? e\n: f\n",
        "a: &x b\nc: *x\n<<: { d: e }\nf: !t g\n",
        "a:\n  # deeper\n  b: c\n # odd\nd: e\n",
        "a:\n  - b: c\n    d: e\n  - f\n",
        "a:\n  - b\n  c: d\n",
        "a:\n   b: c\n  d: e\n",
        "a: b \nc: d",
        "a: { b: c\nd: e }\n",
        "a: \"b\n  c\"\n",
        "a: [\"b\"c, d \"e\"]\nf: \"g\" h\n",
    ];
    files.chain(shapes.map(str::to_owned)).collect()
}

#[test]
fn files_as_people_write_them_are_plain() {
    let taken = samples().iter().filter(|text| agree(text)).count();
    assert!(taken > 50, "{taken}");
    let text = "to: [alice.nguyen, bob@c]\nuntil: 2027-01-31  # longer\nreason: Build (and test) it, soon: no\n";
    assert!(!agree(text));
    assert!(agree(&text.replace(": no", "")));
}

/// Signs that mean something to YAML, and what stands around them.
const SIGNS: &[&str] = &[
    " ", "  ", "\n", ":", ": ", "#", " #", "-", "- ", "[", "]", "{", "}", ",", "\"", "'", "&", "*", "!", "|", ">", "?",
    "? ", "%", "@", "`", "\\", "\t", "\r", "~", "=", "a", "b: c", "0", "1", ".", "<<", "---", "...", "\u{e9}", "\n  ",
    "\n- ", "\n\n", " \n", "\n# x\n", "\n # x\n", "\n    ", "y", "null", "_", "+", "/", ";", "(", "$", "^", "\u{7f}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    /// Every sample with signs put in, put over others, or left out at a few places.
    #[test]
    fn whatever_is_changed_both_read_alike(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(SIGNS)), 1..4),
    ) {
        let samples = samples();
        let mut text = sample.get(&samples).clone();
        for (at, left_out, sign) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + left_out).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, sign);
            }
        }
        agree(&text);
    }

    /// Texts of nothing but signs.
    #[test]
    fn signs_alone_are_read_alike(signs in prop::collection::vec(prop::sample::select(SIGNS), 1..14)) {
        agree(&format!("a: {}", signs.concat()));
        agree(&signs.concat());
    }
}
