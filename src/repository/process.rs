//! Running the `git` program, which alone knows how to reach remotes.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::{Repository, RepositoryError};

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
    let mut command = program("git");
    for (name, _) in std::env::vars_os() {
        if is_redirecting(&name) {
            command.env_remove(name);
        }
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
        .args(arguments);
    if repository.shielded.get() {
        shield(&mut command);
    }
    let output = run(command, "git", input.as_bytes())?;
    Ok(Answer {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        words: presentable(&output.stderr),
    })
}

/// A group of its own gets no Ctrl-C of the terminal. It can't read from there either: it would be stopped for ever, so
/// ssh has to ask by a window, or fail.
fn shield(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.env("SSH_ASKPASS_REQUIRE", "force");
}

/// Runs a program to its end, with `input` on its standard input.
pub(super) fn run(mut command: Command, program: &'static str, input: &[u8]) -> Result<Output, RepositoryError> {
    let failed = |source| RepositoryError::ProgramMissing { program, source };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    std::thread::scope(|scope| {
        // written beside the reading, so that neither side waits for the other with full pipes
        let stdin = child.stdin.take();
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // a program that ends early says why by its status
                let _ = stdin.write_all(input);
            }
        });
        child.wait_with_output().map_err(failed)
    })
}

fn is_redirecting(name: &OsStr) -> bool {
    let name = OsString::from(name).to_string_lossy().into_owned();
    name.starts_with("GIT_")
        && !KEPT.contains(&name.as_str())
        && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What a program or a remote said, without terminal escapes and passwords in URLs, and not without end.
pub(super) fn presentable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>());
    let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let words: String = without_password(&lines.join("; ")).chars().take(MAX_WORDS).collect();
    if words.is_empty() { "no reason given".to_owned() } else { words }
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
