//! Credentials: what opens a target. They come from variables of the environment alone, those of the reader apart from those
//! of the writer, and nothing prints them.

use std::collections::BTreeMap;

use crate::access::TargetId;
use crate::finding::{Code, Refusal};

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Read,
    Write,
}

impl Right {
    /// The word in the names of variables.
    fn word(self) -> &'static str {
        match self {
            Right::Read => "READER",
            Right::Write => "WRITER",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Write => "write",
        }
    }
}

/// A part of a credential. The variable is `DUALKEY_READER_TARGET_NAME` or `DUALKEY_WRITER_TARGET_NAME`.
#[derive(Debug)]
pub struct Part {
    pub name: &'static str,
    /// What the variable holds: a noun with its article.
    pub about: &'static str,
    pub optional: bool,
}

impl Part {
    pub const fn needed(name: &'static str, about: &'static str) -> Self {
        Part { name, about, optional: false }
    }

    pub const fn optional(name: &'static str, about: &'static str) -> Self {
        Part { name, about, optional: true }
    }
}

/// The ways in which one can prove to be somebody at targets of a type. Any of them is enough; the first part of each says who
/// it is.
pub type Ways = &'static [&'static [Part]];

/// The variable that holds a part of a credential.
pub fn variable(right: Right, target: &TargetId, part: &Part) -> String {
    format!("DUALKEY_{}_{}_{}", right.word(), target.variable(), part.name)
}

/// The credential of a target, as the environment holds it: parts by name.
#[derive(PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "a secret that can be printed is printed one day")]
pub struct Credential(BTreeMap<&'static str, String>);

impl Credential {
    /// Takes it from the environment, by the first way that is there whole. An empty variable counts as one that isn't set.
    ///
    /// # Errors
    ///
    /// `credential-missing`, with the variables of the way that lacks the fewest.
    pub fn take(
        right: Right,
        target: &TargetId,
        ways: Ways,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Refusal> {
        let mut nearest: Option<Vec<String>> = None;
        for way in ways {
            let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
            for part in *way {
                let name = variable(right, target, part);
                match variables(&name).filter(|value| !value.is_empty()) {
                    Some(value) => drop(found.insert(part.name, value)),
                    None if part.optional => {}
                    None => missing.push(name),
                }
            }
            if missing.is_empty() {
                return Ok(Credential(found));
            }
            if nearest.as_ref().is_none_or(|nearest| missing.len() < nearest.len()) {
                nearest = Some(missing);
            }
        }
        match nearest {
            // nothing opens it, because nothing closes it
            None => Ok(Credential(BTreeMap::new())),
            Some(missing) => Err(self::missing(right, target, ways, &missing)),
        }
    }

    /// A part of it. None where it is another way that is there, or an optional part that isn't.
    pub fn part(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// True where both say that they are the same.
    fn is_of_the_same(&self, other: &Credential, ways: Ways) -> bool {
        let who = |way: &&[Part]| way.first().is_some_and(|part| self.part(part.name).is_some());
        ways.iter()
            .find(|way| who(way))
            .and_then(|way| way.first())
            .is_some_and(|part| self.part(part.name) == other.part(part.name))
    }

    /// The writer's credential, which must not be the reader's: what only looks would be able to change things, too.
    ///
    /// # Errors
    ///
    /// `credential-missing`, or `credential-shared` where the reader has the same.
    pub fn take_to_write(
        target: &TargetId,
        ways: Ways,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Refusal> {
        let writer = Credential::take(Right::Write, target, ways, variables)?;
        match Credential::take(Right::Read, target, ways, variables) {
            Ok(reader) if writer.is_of_the_same(&reader, ways) => Err(Refusal::new(
                &CREDENTIAL_SHARED,
                format!("`{target}` is given one credential to read and to write with"),
                "make one for the reader that can change nothing, and give it by the variables that begin with \
                 DUALKEY_READER_",
            )),
            Ok(_) | Err(_) => Ok(writer),
        }
    }
}

fn missing(right: Right, target: &TargetId, ways: Ways, missing: &[String]) -> Refusal {
    let (are, them) = if missing.len() == 1 { ("isn't", "it") } else { ("aren't", "them") };
    let way = |way: &&[Part]| {
        let needed = way.iter().filter(|part| !part.optional);
        needed
            .map(|part| format!("{} ({})", variable(right, target, part), part.about))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    let ways: Vec<String> = ways.iter().map(way).collect();
    Refusal::new(
        &CREDENTIAL_MISSING,
        format!("there is nothing to {} `{target}` with: {} {are} set", right.verb(), missing.join(" and ")),
        format!("set {them} where this runs: {}", ways.join(", or ")),
    )
}

/// The codes of this file.
pub const CODES: [&Code; 2] = [&CREDENTIAL_MISSING, &CREDENTIAL_SHARED];

pub static CREDENTIAL_MISSING: Code = Code {
    id: "credential-missing",
    title: "There is no credential for a target",
    why: "Credentials come from variables of the environment, one set for what reads and one for what writes, and stand in \
          no file of the access repository. A target that can't be opened is one that nobody looked at: the others go on, \
          and whoever may hold something there is given nothing.",
    example: "",
    instead: "Set the variables that are named, where the command runs. `dualkey targets` tells what then can be seen.",
};

pub static CREDENTIAL_SHARED: Code = Code {
    id: "credential-shared",
    title: "A target is read and written with one credential",
    why: "`plan`, `drift` and `targets` run where people look at changes that nobody approved yet. What they are given must \
          be unable to change anything.",
    example: "",
    instead: "Make a second credential that can only read, and give it by the variables of the reader.",
};

#[cfg(test)]
mod tests {
    use super::*;

    const WAYS: Ways = &[
        &[Part::needed("TOKEN", "a token")],
        &[Part::needed("APP_ID", "an app's number"), Part::needed("APP_KEY", "its key"), Part::optional("X", "more")],
    ];

    fn taken(right: Right, set: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
        let target = TargetId::parse("gh.two").unwrap();
        let variables = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let credential = match right {
            Right::Read => Credential::take(right, &target, WAYS, &variables),
            Right::Write => Credential::take_to_write(&target, WAYS, &variables),
        };
        credential.map(|credential| credential.0.keys().copied().collect()).map_err(|refusal| refusal.message)
    }

    #[test]
    fn any_way_that_is_whole_will_do() {
        let app = [("DUALKEY_READER_GH_TWO_APP_ID", "7"), ("DUALKEY_READER_GH_TWO_APP_KEY", "k")];
        assert_eq!(taken(Right::Read, &[("DUALKEY_READER_GH_TWO_TOKEN", "t")]).unwrap(), ["TOKEN"]);
        assert_eq!(taken(Right::Read, &app).unwrap(), ["APP_ID", "APP_KEY"]);
        let nothing = "there is nothing to read `gh.two` with: DUALKEY_READER_GH_TWO_TOKEN isn't set";
        assert_eq!(taken(Right::Read, &[]).unwrap_err(), nothing);
        assert_eq!(taken(Right::Read, &[("DUALKEY_READER_GH_TWO_TOKEN", "")]).unwrap_err(), nothing);
        let writers = taken(Right::Write, &app).unwrap_err();
        assert!(writers.contains("write `gh.two` with: DUALKEY_WRITER_GH_TWO_TOKEN"), "{writers}");
    }

    #[test]
    fn who_reads_is_another_than_who_writes() {
        let both = |reader, writer| {
            taken(Right::Write, &[("DUALKEY_READER_GH_TWO_TOKEN", reader), ("DUALKEY_WRITER_GH_TWO_TOKEN", writer)])
        };
        assert!(both("a", "b").is_ok());
        assert!(both("a", "a").unwrap_err().contains("one credential to read and to write"));
    }
}
