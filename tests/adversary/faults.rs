//! What goes wrong on the runner's own machine, without anybody's doing.

use std::path::Path;

use super::chance::Chance;
use super::company::Company;

/// What went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// What the log doesn't know yet can perhaps not be judged any more.
    pub judging: bool,
    /// The runner's own copy of the log is gone.
    pub copy: bool,
    /// The second target can't be read.
    pub target: bool,
    /// The run has no key for the log.
    pub key: bool,
}

/// Lets a few things go wrong in the runner's clone.
pub fn strike(home: &Path, company: &Company, known: usize, chance: &mut Chance, story: &mut Vec<String>) -> Faults {
    let mut faults = Faults::default();
    let git_dir = home.join(".git");
    if chance.of_hundred(15) {
        story.push("nothing is checked out".to_owned());
        std::fs::write(git_dir.join("HEAD"), "ref: refs/heads/nothing\n").unwrap();
    }
    if chance.of_hundred(10) {
        story.push("the clone is shallow".to_owned());
        std::fs::write(git_dir.join("shallow"), format!("{}\n", company.last().commit)).unwrap();
        faults.judging = true;
    }
    if chance.of_hundred(15) {
        // what the log knows is needed by nobody who has the log
        for landing in &company.landings[known..] {
            let object = chance.of(&[landing.commit, landing.head]).to_string();
            let path = git_dir.join("objects").join(&object[..2]).join(&object[2..]);
            if let Ok(bytes) = std::fs::read(&path) {
                let torn = chance.of_hundred(50);
                story.push(format!("object {object} is {}", if torn { "torn" } else { "missing" }));
                std::fs::remove_file(&path).unwrap();
                if torn {
                    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
                }
                faults.judging = true;
            }
        }
    }
    if chance.of_hundred(20) {
        story.push("the runner's copy of the log is gone".to_owned());
        let kept = git_dir.join("refs/dualkey-kept");
        if kept.exists() {
            std::fs::remove_dir_all(kept).unwrap();
        }
        faults.copy = true;
    }
    if chance.of_hundred(20) {
        story.push("the second target can't be read".to_owned());
        std::fs::write(git_dir.join("dualkey/more.json"), "{").unwrap();
        faults.target = true;
    }
    if chance.of_hundred(15) {
        story.push("the run has no key for the log".to_owned());
        faults.key = true;
    }
    faults
}
