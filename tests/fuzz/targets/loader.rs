//! The strict loader, against a YAML reader of another make: what it accepts, both must read alike.
//!
//! The first byte chooses the kind of file, the rest is its text.

#![no_main]

use std::fmt::Debug;

use dualkey::access::raw;
use dualkey::access::reading::{FileKind, RawFile, parse};
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let kind = FileKind::ALL[usize::from(*choice) % FileKind::ALL.len()];
    let read = parse(kind, "file.yaml", bytes, bytes.len() as u64);
    for finding in &read.findings {
        assert!(!finding.message.chars().any(char::is_control), "unescaped: {}", finding.message);
        assert!(finding.place.line >= 1 && finding.place.column >= 1);
        assert!((finding.place.line, finding.place.column) <= (finding.place.end_line, finding.place.end_column));
    }
    assert!(read.raw.is_some() || read.version.is_some() || !read.findings.is_empty(), "refused without a word");
    let Some(raw) = &read.raw else { return };
    let text = std::str::from_utf8(bytes).expect("accepted");
    match raw {
        RawFile::Config(strict) => same::<raw::Config>(strict, text),
        RawFile::Vendor(strict) => same::<raw::Vendor>(strict, text),
        RawFile::Person(strict) => same::<raw::Person>(strict, text),
        RawFile::Group(strict) => same::<raw::Group>(strict, text),
        RawFile::Domain(strict) => same::<raw::Domain>(strict, text),
        RawFile::Role(strict) => same::<raw::Role>(strict, text),
        RawFile::Grant(strict) => same::<raw::Grant>(strict, text),
        RawFile::Bridge(strict) => same::<raw::Bridge>(strict, text),
        RawFile::Policy(strict) => same::<raw::Policy>(strict, text),
        RawFile::Cases(strict) => same::<raw::Cases>(strict, text),
        RawFile::Ratification(strict) => same::<raw::Ratification>(strict, text),
        // only its text is read
        RawFile::Rego => {}
    }
});

fn same<T: DeserializeOwned + Debug>(strict: &T, text: &str) {
    let other: T = serde_yaml::from_str(text).expect("the other reader accepts it too");
    assert_eq!(format!("{strict:?}"), format!("{other:?}"));
}
