//! A client that writes HTTP itself, so that nothing is done behind a test's back.

use github_standin::Server;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Value,
    /// As many bytes came as were announced.
    pub whole: bool,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The target of a link, if there is one.
    pub fn link(&self, name: &str) -> Option<String> {
        let links = self.header("Link")?;
        let link = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{name}\"")))?;
        Some(link.trim_start_matches('<').split('>').next().unwrap().to_owned())
    }

    pub fn list(&self) -> &Vec<Value> {
        self.body.as_array().unwrap_or_else(|| panic!("no list: {self:?}"))
    }

    /// One field of every item.
    pub fn each(&self, field: &str) -> Vec<Value> {
        self.list().iter().map(|item| item[field].clone()).collect()
    }
}

pub struct Client<'a> {
    server: &'a Server,
    pub headers: Vec<(String, String)>,
}

/// The headers that every request should have.
fn usual(token: &str) -> Vec<(String, String)> {
    [
        ("Accept", "application/vnd.github+json"),
        ("X-GitHub-Api-Version", "2022-11-28"),
        ("User-Agent", "tests"),
        ("Authorization", &format!("Bearer {token}")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

impl<'a> Client<'a> {
    pub fn new(server: &'a Server, token: &str) -> Client<'a> {
        Client { server, headers: usual(token) }
    }

    pub fn without(mut self, name: &str) -> Client<'a> {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Client<'a> {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends a request; nothing comes back where the connection is closed.
    pub fn try_send(&self, method: &str, url: &str, body: Option<&Value>) -> Option<Reply> {
        let base = self.server.url();
        let authority = base.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let target = url.strip_prefix(&format!("http://{authority}")).unwrap_or(url);
        let mut stream = TcpStream::connect(authority).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(text.as_bytes()).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let mut bytes = Vec::new();
        // a connection that is reset has given all it will give
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let announced = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let whole = announced.is_none_or(|(_, length)| length.parse() == Ok(body.len()));
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Some(Reply { status, headers, body, whole })
    }

    pub fn send(&self, method: &str, url: &str, body: Option<&Value>) -> Reply {
        self.try_send(method, url, body).unwrap_or_else(|| panic!("{method} {url}: the connection was closed"))
    }

    pub fn get(&self, url: &str) -> Reply {
        self.send("GET", url, None)
    }

    pub fn put(&self, url: &str, body: Value) -> Reply {
        self.send("PUT", url, Some(&body))
    }

    pub fn post(&self, url: &str, body: Value) -> Reply {
        self.send("POST", url, Some(&body))
    }

    pub fn patch(&self, url: &str, body: Value) -> Reply {
        self.send("PATCH", url, Some(&body))
    }

    pub fn delete(&self, url: &str) -> Reply {
        self.send("DELETE", url, None)
    }

    /// All pages of a list, by following links.
    pub fn all(&self, url: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(url.to_owned());
        while let Some(url) = next {
            let reply = self.get(&url);
            assert_eq!(reply.status, 200, "{reply:?}");
            items.extend(reply.list().clone());
            next = reply.link("next");
        }
        items
    }

    pub fn query(&self, query: &str, variables: Value) -> Reply {
        let url = self.server.graphql_url();
        self.post(&url, json!({ "query": query, "variables": variables }))
    }
}
