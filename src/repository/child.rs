//! Running a program to its end, or to the end of patience.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long a program may be silent, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    pub silent: Duration,
    pub whole: Duration,
}

/// More is read from no program. Tests have less to say.
const MOST: usize = if cfg!(test) { 4 << 20 } else { 256 << 20 };

/// How often it is looked whether a program has ended, though something that it left behind holds its output open.
const GLANCE: Duration = Duration::from_millis(200);

/// How long a program has to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Debug)]
pub(super) enum Ended {
    With(Output),
    /// It was stopped: it said nothing for so long, or took so long.
    Stopped(String),
    /// It was stopped since it said too much.
    TooMuch(String),
}

enum Heard {
    Out(Vec<u8>),
    Error(Vec<u8>),
}

/// Runs a program with `input` on its standard input. Without a limit it may take as long as it likes: it may wait for
/// somebody who types.
///
/// # Errors
/// Where it can't be started or waited for.
pub(super) fn run(mut command: Command, input: &[u8], patience: Option<Patience>) -> std::io::Result<Ended> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // written beside the reading, so that neither side waits for the other with full pipes
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // a program that ends early says why by its status
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let (tell, heard) = channel();
    if let Some(stdout) = child.stdout.take() {
        listen(stdout, tell.clone(), Heard::Out);
    }
    if let Some(stderr) = child.stderr.take() {
        listen(stderr, tell, Heard::Error);
    }
    let ended = follow(&mut child, &heard, patience);
    if !matches!(ended, Ok(Ended::With(_))) {
        end(&mut child);
    }
    ended
}

/// Reads one side on a thread of its own, which ends with the pipe.
fn listen(mut pipe: impl Read + Send + 'static, tell: Sender<Heard>, side: fn(Vec<u8>) -> Heard) {
    std::thread::spawn(move || {
        let mut room = vec![0; 1 << 16];
        while let Ok(read @ 1..) = pipe.read(&mut room) {
            let Some(bytes) = room.get(..read) else { break };
            if tell.send(side(bytes.to_vec())).is_err() {
                break;
            }
        }
    });
}

fn follow(child: &mut Child, heard: &Receiver<Heard>, patience: Option<Patience>) -> std::io::Result<Ended> {
    let began = Instant::now();
    let (mut last, mut status): (Instant, Option<(ExitStatus, Instant)>) = (began, None);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut open = true;
    loop {
        if open {
            match heard.recv_timeout(GLANCE) {
                Ok(one) => {
                    last = Instant::now();
                    match one {
                        Heard::Out(bytes) => stdout.extend(bytes),
                        Heard::Error(bytes) => stderr.extend(bytes),
                    }
                    if stdout.len() + stderr.len() > MOST {
                        return Ok(Ended::TooMuch(format!("it said more than {} MiB", MOST >> 20)));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => open = false,
            }
        } else if patience.is_none() {
            status = Some((child.wait()?, Instant::now()));
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
        if status.is_none() {
            status = child.try_wait()?.map(|status| (status, Instant::now()));
        }
        // what it left running may hold the pipes for ever
        if let Some((status, since)) = status
            && (!open || (since.elapsed() > GRACE && last.elapsed() > GRACE))
        {
            return Ok(Ended::With(Output { status, stdout, stderr }));
        }
        if let Some(Patience { silent, whole }) = patience
            && status.is_none()
        {
            if last.elapsed() > silent {
                return Ok(Ended::Stopped(format!("no answer within {} seconds", silent.as_secs())));
            }
            if began.elapsed() > whole {
                return Ok(Ended::Stopped(format!("not done after {} seconds", whole.as_secs())));
            }
        }
    }
}

/// Ends a program with all that it started, where it leads a group of its own; else the program alone, which ends what it
/// started.
fn end(child: &mut Child) {
    signal(child, false);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(child, true);
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
fn signal(child: &Child, kill: bool) {
    use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // a program that was waited for is nobody any more, and its group may still be somebody
    let leads = getpgid(Some(pid)).map_or(kill, |group| group == pid);
    let _ = if leads { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

#[cfg(not(unix))]
fn signal(_: &Child, _: bool) {}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Patience = Patience { silent: Duration::from_millis(300), whole: Duration::from_secs(3600) };

    fn shell(script: &str, patience: Option<Patience>) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        run(command, b"hello", patience).unwrap()
    }

    #[test]
    fn a_program_is_heard_to_its_end() {
        for patience in [None, Some(SHORT)] {
            let Ended::With(output) = shell("cat; echo no >&2; exit 3", patience) else { panic!("it was stopped") };
            assert_eq!(
                (output.status.code(), &*output.stdout, &*output.stderr),
                (Some(3), &b"hello"[..], &b"no\n"[..])
            );
        }
    }

    #[test]
    fn a_silent_program_is_stopped_with_what_it_started() {
        // the inner one would hold the pipes for an hour, and ignores a request
        let Ended::Stopped(why) = shell("sh -c 'trap \"\" TERM; sleep 3600' & sleep 3600", Some(SHORT)) else {
            panic!("it ended by itself")
        };
        assert_eq!(why, "no answer within 0 seconds");
    }

    #[test]
    fn a_program_that_goes_on_talking_is_stopped_in_the_end() {
        let patience = Patience { whole: Duration::from_millis(400), ..SHORT };
        let Ended::Stopped(why) = shell("while :; do echo x; sleep 0.01; done", Some(patience)) else {
            panic!("it ended by itself")
        };
        assert_eq!(why, "not done after 0 seconds");
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let Ended::With(output) = shell("echo done; sleep 3600 &", Some(SHORT)) else { panic!("it was stopped") };
        assert_eq!(output.stdout, b"done\n");
    }
}
