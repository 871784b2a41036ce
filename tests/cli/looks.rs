//! How often a run asks its remote. A pipeline pays for each question, and a forge counts them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::{Ran, World, finish};

/// Puts a `git` before the real one that writes down what it is asked.
fn counting(world: &World) -> PathBuf {
    let real =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|dir| dir.join("git")).find(|git| git.exists());
    let (folder, asked) = (world.path("counting"), world.path("asked"));
    std::fs::create_dir_all(&folder).unwrap();
    let git = folder.join("git");
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\nexec '{}' \"$@\"\n",
        asked.display(),
        real.unwrap().display()
    );
    std::fs::write(&git, text).unwrap();
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Runs a command, and gives what git was asked meanwhile.
fn asked(world: &World, args: &[&str]) -> (Ran, Vec<String>) {
    asked_in(world, &world.repo(), args)
}

/// The same in another clone.
pub fn asked_in(world: &World, clone: &Path, args: &[&str]) -> (Ran, Vec<String>) {
    let mut command = world.command(clone);
    let path = std::env::var_os("PATH").unwrap();
    let all = std::env::join_paths([counting(world)].into_iter().chain(std::env::split_paths(&path))).unwrap();
    command.env("PATH", all).args(args).args(["--now", &world.now]);
    let ran = finish(command);
    let asked = std::fs::read_to_string(world.path("asked")).unwrap();
    (ran, asked.lines().map(str::to_owned).collect())
}

pub fn count(asked: &[String], words: &[&str]) -> usize {
    asked.iter().filter(|line| words.iter().any(|word| line.split(' ').any(|one| one == *word))).count()
}

#[test]
fn a_dozen_ends_take_no_look_at_the_remote_each() {
    let mut world = World::new();
    world.timed(&["apply"]).exits(0);
    world.now = "2027-04-15T09:00:00Z".to_owned();
    let (ran, asked) = asked(&world, &["apply", "--only-ends", "--format", "json"]);
    let done = ran.exits(0).json()["done"].as_array().unwrap().len();
    assert!(done >= 12, "{done}");
    let looks = count(&asked, &["fetch", "ls-remote"]);
    // without the pushes
    assert!((1..=4).contains(&looks), "{asked:#?}");
    // the lease, the intent, the outcome, and the lease again
    assert_eq!(count(&asked, &["push"]), 4, "{asked:#?}");
}

/// What was asked over HTTP, a line a request.
type Requests = Arc<Mutex<Vec<String>>>;

/// Serves bare repositories over HTTP by git's own program, and writes down each request.
fn serve(root: PathBuf) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let noted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (root, noted) = (root.clone(), Arc::clone(&noted));
            std::thread::spawn(move || answer(stream.unwrap(), &root, &noted));
        }
    });
    (address, requests)
}

/// Answers one request, and closes the connection.
fn answer(mut stream: TcpStream, root: &Path, noted: &Requests) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let headers: Vec<(String, String)> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
        .collect();
    noted.lock().unwrap().push(first.clone());
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    assert_eq!(header("transfer-encoding"), "", "nothing in these stories is as large");
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut command = Command::new("git");
    command.args(["-c", "http.receivepack=true", "http-backend"]).env("GIT_PROJECT_ROOT", root);
    command.env("GIT_HTTP_EXPORT_ALL", "1").env("PATH_INFO", path).env("QUERY_STRING", query);
    command.env("REQUEST_METHOD", method).env("CONTENT_TYPE", header("content-type"));
    command.env("CONTENT_LENGTH", body.len().to_string()).env("GIT_PROTOCOL", header("git-protocol"));
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&body).unwrap();
    let said = child.wait_with_output().unwrap().stdout;
    let status = said.strip_prefix(b"Status: ").map_or("200 OK".into(), |rest| {
        String::from_utf8_lossy(rest.split(|byte| *byte == b'\r').next().unwrap()).into_owned()
    });
    stream.write_all(format!("HTTP/1.1 {status}\r\nConnection: close\r\n").as_bytes()).unwrap();
    stream.write_all(&said).unwrap();
}

#[test]
fn over_http_an_apply_takes_a_dozen_requests() {
    let world = World::new();
    let (address, requests) = serve(world.root.path().to_owned());
    world.git(&["remote", "set-url", "origin", &format!("{address}/origin.git")]);
    world.timed(&["apply"]).exits(0);
    requests.lock().unwrap().clear();
    // two things changed behind dualkey's back
    let github = world.live("github");
    let lines = github.replacen("\"permission\": \"push\"", "\"permission\": \"pull\"", 2);
    assert_ne!(lines, github);
    std::fs::write(world.repo().join(".git/dualkey/github.json"), lines).unwrap();
    let ran = world.timed(&["apply", "--format", "json"]).exits(0).json();
    assert_eq!(ran["done"].as_array().unwrap().len(), 2);
    let requests = requests.lock().unwrap();
    assert!((1..=12).contains(&requests.len()), "{requests:#?}");
}
