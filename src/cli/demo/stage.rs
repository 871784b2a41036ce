//! Where the story plays: a real repository with its remote, a key for each person, and the commands that are run there.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::audit::LogKey;
use crate::cli::{Exit, Stop, audit, context, output};
#[cfg(all(unix, feature = "postgres"))]
use crate::report::escape::terminal;
use crate::report::style::Style;

/// The width of the story.
const COLUMNS: usize = 80;

/// What a command needs of the user's surroundings; all else could change the story.
const KEPT: [&str; 5] = ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE"];

/// The folder of the story: `access` is the repository, `remote.git` what all push to, `keys` the people's SSH keys.
pub struct Stage {
    root: PathBuf,
    program: PathBuf,
    /// The private half of the log's key, the anchor and what opens targets, as a pipeline has them in its environment.
    secrets: Vec<(String, String)>,
    /// Who commits: id, name and address.
    actor: (&'static str, &'static str, &'static str),
    /// What time it is.
    now: String,
    /// Set once a signal asks to stop, where somebody listens.
    stop: Arc<AtomicBool>,
    /// True where the last line printed was a program's: then a blank one parts it from the next.
    spoke: Cell<bool>,
    begun: Cell<bool>,
}

impl Stage {
    /// Makes the company's repository with its first commit, its remote and everybody's keys. Its files stand in an archive,
    /// after lines `-- PATH --`.
    pub fn build(
        root: &Path,
        actor: (&'static str, &'static str, &'static str),
        now: &str,
        files: &str,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Stop> {
        let root = root.canonicalize().map_err(|error| Stop::io("finding", root, &error))?;
        let program = std::env::current_exe().map_err(|error| Stop::io("finding", Path::new("dualkey"), &error))?;
        let mut stage = Stage {
            root,
            program,
            secrets: Vec::new(),
            actor,
            now: now.to_owned(),
            stop,
            spoke: Cell::new(false),
            begun: Cell::new(false),
        };
        let log_key = LogKey::generate("northwind-access", &mut rand_core::OsRng)
            .map_err(|error| Stop::of(Exit::Usage, &error))?;
        audit::write_secret(&stage.root.join("log-key"), &log_key)?;
        stage.keep("DUALKEY_LOG_KEY", log_key.to_private_text());
        for folder in ["access", "keys"] {
            let folder = stage.root.join(folder);
            std::fs::create_dir(&folder).map_err(|error| Stop::io("making", &folder, &error))?;
        }
        stage.unpack(files, &log_key.verifier().to_string())?;
        stage.quiet("git init --quiet --initial-branch=main")?;
        stage.quiet("git init --quiet --bare --initial-branch=main ../remote.git")?;
        for (key, value) in [
            ("user.name", stage.actor.1),
            ("user.email", stage.actor.2),
            ("user.signingkey", &format!("../keys/{}", stage.actor.0)),
            ("gpg.format", "ssh"),
            ("commit.gpgsign", "true"),
            ("advice.detachedHead", "false"),
        ] {
            stage.checked("git", &["config", key, value])?;
        }
        stage.quiet("git remote add origin ../remote.git")?;
        stage.quiet("git add --all")?;
        stage.checked("git", &["commit", "--quiet", "-m", "The access repository of Northwind"])?;
        stage.quiet("git push --quiet --set-upstream origin main")?;
        Ok(stage)
    }

    fn unpack(&self, files: &str, log_key: &str) -> Result<(), Stop> {
        let mut made = BTreeSet::new();
        // what stands before the first file is for readers of the archive
        for file in files.split("\n-- ").skip(1) {
            let Some((path, text)) = file.split_once(" --\n") else { continue };
            let mut text = format!("{}\n", text.trim_end().replace("{{log-key}}", log_key));
            while let Some((before, rest)) = text.split_once("{{key:") {
                let Some((person, after)) = rest.split_once("}}") else { break };
                if made.insert(person.to_owned()) {
                    let file = format!("../keys/{person}");
                    self.checked("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", person, "-f", &file])?;
                }
                let public = self.read(&format!("../keys/{person}.pub"))?;
                text = format!("{before}{}{after}", public.trim());
            }
            self.write(path, &text)?;
        }
        Ok(())
    }

    /// Another person at the keyboard.
    pub fn acts(&mut self, actor: (&'static str, &'static str, &'static str)) {
        self.actor = actor;
    }

    /// Time goes on.
    pub fn at(&mut self, now: &str) {
        now.clone_into(&mut self.now);
    }

    /// Keeps a value in the environment of the commands that follow.
    pub fn keep(&mut self, name: &str, value: String) {
        self.secrets.push((name.to_owned(), value));
    }

    pub fn read(&self, path: &str) -> Result<String, Stop> {
        let path = self.root.join("access").join(path);
        std::fs::read_to_string(&path).map_err(|error| Stop::io("reading", &path, &error))
    }

    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, Stop> {
        let path = self.root.join("access").join(path);
        std::fs::read(&path).map_err(|error| Stop::io("reading", &path, &error))
    }

    pub fn write(&self, path: &str, text: &str) -> Result<(), Stop> {
        self.write_bytes(path, text.as_bytes())
    }

    pub fn write_bytes(&self, path: &str, bytes: &[u8]) -> Result<(), Stop> {
        context::write_file(&self.root.join("access").join(path), bytes)
    }

    pub fn remove(&self, path: &str) -> Result<(), Stop> {
        let path = self.root.join("access").join(path);
        std::fs::remove_file(&path).map_err(|error| Stop::io("removing", &path, &error))
    }

    /// A sentence about what happens next.
    pub fn say(&self, text: &str) {
        let style = Style { width: COLUMNS, ..output::style() };
        let apart = if self.begun.replace(true) { "\n" } else { "" };
        output::print(&format!("{apart}{}\n", style.dim(&style.wrap(&format!("# {text}"), 0, "# "))));
        self.spoke.set(false);
    }

    /// Prints a command as a user types it, runs it, and prints what it says. Another exit code than expected ends the
    /// story.
    pub fn show(&self, line: &str, expected: i32) -> Result<(), Stop> {
        let apart = if self.spoke.get() { "\n" } else { "" };
        output::print(&format!("{apart}{}\n", output::style().bold(&format!("$ {line}"))));
        let output = self.run(&words(line))?;
        output::print(&String::from_utf8_lossy(&output.stdout));
        output::print(&String::from_utf8_lossy(&output.stderr));
        self.spoke.set(!(output.stdout.is_empty() && output.stderr.is_empty()));
        if output.status.code() == Some(expected) { Ok(()) } else { Err(unexpected(line, &output, expected)) }
    }

    /// Runs a command that must succeed, without a word. Gives what it printed.
    pub fn quiet(&self, line: &str) -> Result<String, Stop> {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (program, arguments) = words.split_first().unwrap_or((&"", &[]));
        self.checked(program, arguments)
    }

    fn checked(&self, program: &str, arguments: &[&str]) -> Result<String, Stop> {
        let words: Vec<String> = std::iter::once(&program).chain(arguments).map(|word| (*word).to_owned()).collect();
        let output = self.run(&words)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        output::error(&String::from_utf8_lossy(&output.stdout));
        output::error(&String::from_utf8_lossy(&output.stderr));
        Err(unexpected(&words.join(" "), &output, 0))
    }

    /// What somebody types elsewhere than in a shell, and what they are answered.
    #[cfg(all(unix, feature = "postgres"))]
    pub fn shows(&self, line: &str, answers: &[String]) {
        let apart = if self.spoke.get() { "\n" } else { "" };
        let answers: String = answers.iter().map(|answer| format!("{}\n", terminal(answer))).collect();
        output::print(&format!("{apart}{}\n{answers}", output::style().bold(line)));
        self.spoke.set(!answers.is_empty());
    }

    fn run(&self, words: &[String]) -> Result<Output, Stop> {
        let (name, arguments) = words.split_first().ok_or_else(|| Stop::usage("there is no command", "name one"))?;
        let program = if name == "dualkey" { self.program.clone() } else { PathBuf::from(name) };
        let (id, person, email) = self.actor;
        let kept = KEPT.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.root.join("access"))
            .env_clear()
            .envs(kept)
            .envs(self.secrets.iter().filter(|_| name == "dualkey").map(|(name, value)| (name, value)))
            .env("HOME", &self.root)
            .env("LC_ALL", "C")
            .env("COLUMNS", COLUMNS.to_string())
            .env("CLICOLOR_FORCE", if output::style().colour { "1" } else { "0" })
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", person)
            .env("GIT_COMMITTER_NAME", person)
            .env("GIT_AUTHOR_EMAIL", email)
            .env("GIT_COMMITTER_EMAIL", email)
            .env("GIT_AUTHOR_DATE", &self.now)
            .env("GIT_COMMITTER_DATE", &self.now)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "user.signingkey")
            .env("GIT_CONFIG_VALUE_0", format!("../keys/{id}"));
        let output = command.output().map_err(|error| {
            Stop::usage(format!("`{name}` can't be run: {error}"), "the demo needs git and OpenSSH on your path")
        });
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stop::new(Exit::Unjudged, "the demo was stopped", "run it again; it leaves nothing behind"));
        }
        output
    }
}

fn unexpected(line: &str, output: &Output, expected: i32) -> Stop {
    let ended = match output.status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was stopped".to_owned(),
    };
    let help = "this is a fault of dualkey or of its surroundings; please report it with the output above";
    Stop::new(Exit::Unjudged, format!("the demo stops at `{line}`: it {ended}, not with {expected}"), help)
}

/// A line as a shell takes it apart, as far as the story's lines need it: spaces, quotes, lines that go on.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.replace("\\\n", " ").chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            _ => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_as_a_shell_does() {
        assert_eq!(words("a \"b c\"  d \\\n    e=\"f g\""), ["a", "b c", "d", "e=f g"]);
    }
}
