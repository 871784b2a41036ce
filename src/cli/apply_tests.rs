//! Runs that may only take away, in this process: no program is started, and so thousands of them can be tried.

#[path = "../../tests/adversary/mod.rs"]
mod adversary;

use std::path::{Path, PathBuf};

use clap::Parser as _;

use super::attempt;
use crate::cli::judging::ALLOWED;
use crate::cli::{Cli, Command, output};
use crate::repository::{Allowance, Repository};
use adversary::{Company, LOG_KEY, Ran, Runner, instant, play_all, seeds};

/// How many cases there are where nobody asks for more (`DUALKEY_ADVERSARIES=10000`), or for one (`DUALKEY_SEED=7`).
const CASES: u64 = 256;

/// Whoever works in the repository that holds branch, approvals and log.
struct Here {
    home: PathBuf,
    anchor: String,
    key: PathBuf,
}

impl Here {
    fn of(company: &Company) -> Self {
        let key = company.git_dir().join("log.key");
        std::fs::write(&key, LOG_KEY).unwrap();
        Here { home: company.dir().to_owned(), anchor: company.anchor(), key }
    }
}

impl Runner for Here {
    fn home(&self) -> &Path {
        &self.home
    }

    fn applies(&self, only_ends: bool, key: bool, day: i64) -> Ran {
        let mut words = vec!["dualkey".to_owned(), "apply".to_owned(), "--now".to_owned(), instant(day)];
        if only_ends {
            words.push("--only-ends".to_owned());
        }
        if key {
            words.extend(["--log-key".to_owned(), self.key.display().to_string()]);
        }
        let Command::Apply(options) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
        let repository = Repository::open(&self.home).unwrap();
        output::printed();
        let Allowance { objects, bytes, entries, steps, commits } = ALLOWED;
        let ended = attempt(&options, &repository, Some(self.anchor.clone()));
        // what is approved fills it up again, and no more than four landings are
        for (taken, whole) in repository.taken().into_iter().zip([objects, bytes, entries, steps, commits]) {
            assert!(taken <= whole * 5, "{taken} was taken of {whole}");
        }
        let (code, stopped) = match ended {
            Ok(exit) => (exit as u8, String::new()),
            Err(stop) => (stop.exit as u8, stop.text(output::error_style())),
        };
        Ran { code, words: output::printed() + &stopped }
    }
}

#[test]
fn what_is_over_ends_whatever_somebody_with_push_rights_did() {
    play_all(&seeds("DUALKEY_ADVERSARIES", CASES), 0, Here::of);
}
