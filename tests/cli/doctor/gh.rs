//! The commands of a checklist, as `gh api` would send them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The lines of a text that call the program.
pub fn commands(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.starts_with("gh api ")).map(str::to_owned).collect()
}

/// A value as `-F` reads it.
fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

/// `a[b]` is a field within a field, `a[]` one more of a list.
fn put(body: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('[') {
        None => drop(body.insert(key.to_owned(), value)),
        Some((name, "]")) => body.entry(name).or_insert_with(|| json!([])).as_array_mut().unwrap().push(value),
        Some((name, inner)) => {
            let inside = body.entry(name).or_insert_with(|| json!({}));
            put(inside.as_object_mut().unwrap(), inner.trim_end_matches(']'), value);
        }
    }
}

/// Sends what a command says to a server, from a folder, and gives the status and the answer.
#[track_caller]
pub fn send(server: &str, token: &str, folder: &Path, command: &str) -> (u16, String) {
    let words = shell_words::split(command).unwrap();
    let mut words = words.iter().skip(2);
    let (mut method, mut path, mut body) = ("GET".to_owned(), String::new(), Map::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--method" => method = words.next().unwrap().clone(),
            "--input" => {
                let text = std::fs::read_to_string(folder.join(words.next().unwrap())).unwrap();
                body = serde_json::from_str(&text).unwrap();
            }
            "-f" | "-F" => {
                let (key, value) = words.next().unwrap().split_once('=').unwrap();
                put(&mut body, key, if word == "-F" { typed(value) } else { json!(value) });
            }
            _ => path = word.clone(),
        }
    }
    let body = Value::Object(body).to_string();
    let authority = server.strip_prefix("http://").unwrap();
    let text = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nAccept: application/vnd.github+json\r\n\
         X-GitHub-Api-Version: 2022-11-28\r\nUser-Agent: tests\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}
