//! Running the `git` program, which alone knows how to reach remotes.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use super::child::{self, Ended, Patience};
use super::{Repository, RepositoryError};

/// What of git speaks to a remote, which may keep it waiting for ever.
const OF_REMOTES: [&str; 3] = ["fetch", "ls-remote", "push"];

/// How many seconds a remote may be silent, unless `dualkey.timeout` in git's configuration says otherwise.
const SILENCE: u64 = 60;

/// A remote that goes on talking may take so many times as long.
const WHOLE: u32 = 30;

/// Variables of git that say how to connect and are the user's business; all others would redirect what we read.
const KEPT: [&str; 12] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_ASKPASS",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_PROTOCOL_FROM_USER",
];
const KEPT_PREFIXES: [&str; 5] = ["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_HTTP_", "GIT_PROXY_", "GIT_SSL_"];

/// Beginnings of the names of variables that are dualkey's own, or that open the systems whose access it manages. Neither
/// git nor ssh nor a hook has a use for them. `GH_TOKEN` and `GITHUB_TOKEN` are not among them: helpers give them to git.
const SECRET_PREFIXES: [&str; 9] =
    ["DUALKEY_", "ACTIONS_", "ARM_", "AWS_", "AZURE_", "CLOUDSDK_", "GCP_", "GOOGLE_", "PG"];

/// What is shown where a program said nothing.
const NO_REASON: &str = "no reason given";

/// Remote words are shown up to here.
const MAX_WORDS: usize = 2000;

/// What a run of a program said.
pub(super) struct Answer {
    pub success: bool,
    pub stdout: String,
    /// Standard error made safe to show.
    pub words: String,
}

/// A program of the system, to be given arguments.
///
/// INVARIANT: no program is started in another way, so none finds the log's key or the credentials of a target in its
/// environment. What it starts in turn, such as a hook of a remote that is a folder, doesn't either.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for (name, _) in std::env::vars_os() {
        if is_secret(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_secret(name: &OsStr) -> bool {
    // Windows knows no case here
    let name = name.to_string_lossy().to_ascii_uppercase();
    SECRET_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Runs `git` on a repository with nothing in the environment that could point it elsewhere.
pub(super) fn git(repository: &Repository, arguments: &[String], input: &str) -> Result<Answer, RepositoryError> {
    git_into(repository, None, arguments, input)
}

/// The same, with another folder for all objects where one is given.
pub(super) fn git_into(
    repository: &Repository,
    objects: Option<&Path>,
    arguments: &[String],
    input: &str,
) -> Result<Answer, RepositoryError> {
    let mut command = program("git");
    for (name, _) in std::env::vars_os() {
        if is_redirecting(&name) {
            command.env_remove(name);
        }
    }
    if arguments.iter().any(|argument| argument == "--refetch") {
        // where the history of a clone was cut off is no matter then
        command.args(["--shallow-file", ""]);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C")
        .env_remove("LANGUAGE")
        .current_dir(repository.work_dir())
        .arg("--git-dir")
        .arg(repository.own_git_dir())
        // no program of this clone has a say in what is read from or written to refs
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "maintenance.auto=false"])
        // what an object holds is judged here; a setting that refuses it would let one odd commit hold up a whole fetch
        .args(["-c", "fetch.fsckObjects=false", "-c", "transfer.fsckObjects=false"])
        // what is fetched to a folder of its own comes as a pack
        .args(objects.iter().flat_map(|_| ["-c", "fetch.unpackLimit=1"]))
        .args(arguments);
    if let Some(objects) = objects {
        command.env("GIT_OBJECT_DIRECTORY", objects);
    }
    if repository.shielded.get() {
        shield(&mut command);
    }
    let of_remote = arguments.first().is_some_and(|verb| OF_REMOTES.contains(&verb.as_str()));
    let unheard = |words: String| Answer { success: false, stdout: String::new(), words };
    // who was silent once would be silent again, and each time for as long
    if of_remote && let Some(words) = repository.unheard.borrow().clone() {
        return Ok(unheard(words));
    }
    let silent = Duration::from_secs(seconds(repository));
    // what is asked of this clone alone may wait for a disk, and for nobody else
    let patience = Patience { silent, whole: silent.saturating_mul(WHOLE) };
    let failed = |source| RepositoryError::ProgramMissing { program: "git".to_owned(), source };
    match child::run(command, input.as_bytes(), of_remote.then_some(patience)).map_err(failed)? {
        Ended::With(output) => Ok(Answer {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            words: presentable(&without_progress(&output.stderr)),
        }),
        Ended::Stopped(why) => {
            let words = format!("{why}; `git config dualkey.timeout SECONDS` sets how long to wait");
            repository.unheard.replace(Some(words.clone()));
            Ok(unheard(words))
        }
        // who says too much is there: another question may have a short answer
        Ended::TooMuch(why) => Ok(unheard(why)),
    }
}

impl Repository {
    /// A setting as git itself reads it, also from the environment and from files that others include. None where it is not set.
    ///
    /// # Errors
    /// `ProgramMissing` without git; `GitFailed` where a file of settings can't be read.
    pub(super) fn setting(&self, key: &str) -> Result<Option<String>, RepositoryError> {
        let arguments = ["config", "--null", "--get", key].map(str::to_owned);
        let answer = git(self, &arguments, "")?;
        if answer.success {
            return Ok(Some(answer.stdout.trim_end_matches('\0').to_owned()).filter(|value| !value.is_empty()));
        }
        // git says nothing where there is no such setting
        match answer.words.as_str() {
            NO_REASON => Ok(None),
            words => Err(RepositoryError::GitFailed { what: "reading git's settings", words: words.to_owned() }),
        }
    }
}

fn seconds(repository: &Repository) -> u64 {
    let set = repository.config("dualkey.timeout").ok().flatten().and_then(|text| text.trim().parse().ok());
    set.filter(|seconds| *seconds > 0).unwrap_or(SILENCE)
}

/// A group of its own gets no Ctrl-C of the terminal. It can't read from there either: it would be stopped for ever, so
/// ssh has to ask by a window, or fail.
fn shield(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.env("SSH_ASKPASS_REQUIRE", "force");
}

/// Runs a program to its end, with `input` on its standard input. It may ask somebody something and wait.
pub(super) fn run(command: Command, input: &[u8]) -> Result<Output, RepositoryError> {
    let program = command.get_program().to_string_lossy().escape_debug().to_string();
    let failed = |source| RepositoryError::ProgramMissing { program: program.clone(), source };
    match child::run(command, input, None).map_err(failed)? {
        Ended::With(output) => Ok(output),
        Ended::Stopped(why) | Ended::TooMuch(why) => Err(failed(std::io::Error::other(why))),
    }
}

fn is_redirecting(name: &OsStr) -> bool {
    let name = OsString::from(name).to_string_lossy().into_owned();
    name.starts_with("GIT_")
        && !KEPT.contains(&name.as_str())
        && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What git says without how far it is: that is asked for only to see that the other side is alive.
fn without_progress(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let progress = |line: &str| {
        let line = line.trim_end();
        let said = line.strip_prefix("remote: ").unwrap_or(line);
        line.contains("% (")
            || line.ends_with(", done.")
            || said.starts_with("Total ")
            || said.starts_with("Delta compression using ")
    };
    let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !progress(line)).collect();
    lines.join("\n").into_bytes()
}

/// What a program or a remote said, without terminal escapes and passwords in URLs, and not without end.
pub(super) fn presentable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>());
    let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let words: String = without_password(&lines.join("; ")).chars().take(MAX_WORDS).collect();
    if words.is_empty() { NO_REASON.to_owned() } else { words }
}

/// A text with `user:password@` taken out of every URL.
pub(super) fn without_password(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        let (host, path) = after.split_at_checked(end).unwrap_or((after, ""));
        shown.push_str(host.rsplit_once('@').map_or(host, |(_, host)| host));
        rest = path;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_remote_says_is_shown_safely() {
        assert_eq!(presentable(b"remote: \x1b[31mno\x1b[0m\r\n\n"), "remote: [31mno[0m");
        assert_eq!(presentable(b""), "no reason given");
        let told = without_password("fatal: https://bob:secret@x.example/a and ssh://git@y");
        assert_eq!(told, "fatal: https://x.example/a and ssh://y");
    }

    #[test]
    fn what_opens_a_system_is_a_secret() {
        for secret in [
            "DUALKEY_LOG_KEY",
            "DUALKEY_CHECKPOINT",
            "dualkey_log_key",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_CLIENT_SECRET",
            "ARM_CLIENT_SECRET",
            "CLOUDSDK_AUTH_ACCESS_TOKEN",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "PGPASSWORD",
        ] {
            assert!(is_secret(OsStr::new(secret)), "{secret}");
        }
        for kept in ["PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GITHUB_TOKEN", "https_proxy", "MY_DUALKEY_X"]
        {
            assert!(!is_secret(OsStr::new(kept)), "{kept}");
        }
    }

    #[test]
    fn how_far_git_is_is_no_reason() {
        let told = b"remote: Enumerating objects: 3, done.\nremote: Counting objects:  33% (1/3)\rremote: Counting objects: 100% (3/3), done.\nremote: Total 3 (delta 0), reused 0\nTotal 3 (delta 0)\nDelta compression using up to 2 threads\nfatal: no\n";
        assert_eq!(presentable(&without_progress(told)), "fatal: no");
    }

    #[test]
    fn only_variables_about_connecting_are_kept() {
        for gone in
            ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS", "GIT_TRACE", "GIT_NAMESPACE"]
        {
            assert!(is_redirecting(OsStr::new(gone)), "{gone}");
        }
        for kept in ["GIT_SSH_COMMAND", "GIT_CONFIG_KEY_0", "PATH", "HOME"] {
            assert!(!is_redirecting(OsStr::new(kept)), "{kept}");
        }
    }
}
