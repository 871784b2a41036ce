//! Files as they are written: read back as strictly as `lint` will, in the one style.

use crate::access::reading::{self, Claim, FileKind};
use crate::access::style;
use crate::cli::Stop;

/// A file that is to be written, in the style of `dualkey fmt`. What isn't an access file stays as it is.
pub fn finished(path: &str, text: &str) -> Result<String, Stop> {
    if let Some(finding) = reading::read(path, text.as_bytes(), text.len() as u64).findings.into_iter().next() {
        return Err(Stop::usage(format!("{path} would not be valid: {}", finding.message), finding.help));
    }
    match FileKind::of_path(path) {
        // where the style can't be proven to mean the same, the plain text is as good
        Claim::File(kind, _) => Ok(style::format(kind, text).unwrap_or_else(|_| text.to_owned())),
        Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::reading::RawFile;
    use crate::access::style::{list, scalar};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(reason in "\\PC{1,40}", ticket in "[ -~]{1,20}", name in "[a-z0-9][a-z0-9.-]{0,8}") {
            let text = format!(
                "to: {}\nrole: r\ndomain: d\nreason: {}\nticket: {}\n",
                list(std::slice::from_ref(&name)), scalar(&reason), scalar(&ticket),
            );
            let finished = finished("grants/x.yaml", &text);
            if reason.chars().any(reading::is_hidden) {
                prop_assert!(finished.is_err());
            } else {
                let text = finished.unwrap();
                prop_assert_eq!(style::format(FileKind::Grant, &text), Ok(text.clone()));
                let parsed = reading::read("grants/x.yaml", text.as_bytes(), text.len() as u64);
                let Some(RawFile::Grant(grant)) = &parsed.raw else {
                    panic!("{text}\n{:?}", parsed.findings);
                };
                prop_assert_eq!((&grant.reason, grant.ticket.as_ref()), (&reason, Some(&ticket)));
                prop_assert_eq!(&grant.to, &vec![name]);
            }
        }
    }
}
