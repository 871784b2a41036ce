//! The promise that ends happen, held against chance, from a clone of the remote that somebody spoils.

#[path = "../../adversary/mod.rs"]
mod cases;

use std::path::{Path, PathBuf};

use crate::support::{World, finish};
use cases::{Company, LOG_KEY, Ran, Runner, instant, play_all, seeds};

/// How many cases there are where nobody asks for more (`DUALKEY_REMOTE_ADVERSARIES=64`), or for one (`DUALKEY_SEED=7`).
const CASES: u64 = 16;

/// A machine with a clone of the company's repository.
struct Clone {
    world: World,
    home: PathBuf,
}

impl Clone {
    fn of(company: &Company) -> Self {
        let mut world = World::empty();
        world.git_in(world.root.path(), &["clone", "-q", company.dir().to_str().unwrap(), "repo"]);
        std::fs::write(world.path("log.key"), LOG_KEY).unwrap();
        world.anchor = Some(company.anchor());
        let home = world.repo();
        Clone { world, home }
    }
}

impl Runner for Clone {
    fn home(&self) -> &Path {
        &self.home
    }

    fn applies(&self, only_ends: bool, key: bool, day: i64) -> Ran {
        let mut command = self.world.command(&self.home);
        command.args(["apply", "--now", &instant(day)]);
        if only_ends {
            command.arg("--only-ends");
        }
        if !key {
            command.env_remove("DUALKEY_LOG_KEY");
        }
        let ran = finish(command);
        let words = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!words.contains("panicked"), "{words}");
        Ran { code: u8::try_from(ran.code).expect("no signal ended it"), words }
    }
}

#[test]
fn what_is_over_ends_whatever_somebody_with_push_rights_did() {
    play_all(&seeds("DUALKEY_REMOTE_ADVERSARIES", CASES), 0, Clone::of);
}
