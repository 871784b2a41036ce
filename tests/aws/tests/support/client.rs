//! A small client that signs by itself: a second telling of signatures.

use aws_standin::Server;
use aws_standin::world::Key;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Calls a server with a key.
#[derive(Debug, Clone)]
pub struct Client {
    pub url: String,
    pub key: Key,
    pub region: String,
    pub date: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A request before it is signed.
#[derive(Debug)]
pub struct Sending<'a> {
    pub service: &'a str,
    pub method: &'a str,
    pub target: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Reply {
    pub fn value(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_str(&self.body).unwrap() }
    }

    /// The name of the error.
    pub fn error(&self) -> String {
        let value = self.value();
        let header =
            self.head.lines().find_map(|line| line.to_lowercase().strip_prefix("x-amzn-errortype: ").map(|_| line));
        let in_header = header.and_then(|line| line.split_once(": ")).map(|(_, name)| name.to_owned());
        value["__type"].as_str().map(str::to_owned).or(in_header).unwrap_or_default()
    }
}

impl Client {
    pub fn new(server: &Server, key: &Key) -> Client {
        let (region, date) = ("eu-central-1".to_owned(), "20261201T080000Z".to_owned());
        Client { url: server.url(), key: key.clone(), region, date }
    }

    /// Sends; nothing comes back where the connection is closed.
    pub fn send(&self, sending: Sending) -> Option<Reply> {
        let host = self.url.trim_start_matches("http://");
        let mut headers = sending.headers;
        headers.extend([("host", host.to_owned()), ("x-amz-date", self.date.clone())]);
        headers.extend(self.key.token.clone().map(|token| ("x-amz-security-token", token)));
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let (path, query) = sending.target.split_once('?').unwrap_or((sending.target, ""));
        let twice: String = path.split('/').map(escape).collect::<Vec<String>>().join("/");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let body_hash = hex(&Sha256::digest(&sending.body));
        let canonical = [sending.method, &twice, query, &lines, &names.join(";"), &body_hash].join("\n");
        let day = &self.date[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, sending.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.date, hex(&Sha256::digest(canonical)));
        let mut secret = format!("AWS4{}", self.key.secret).into_bytes();
        for part in [day, &self.region, sending.service, "aws4_request"] {
            secret = mac(&secret, part);
        }
        let signature = hex(&mac(&secret, &to_sign));
        let (key, signed) = (&self.key.id, names.join(";"));
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}");
        let mut head = format!("{} {} HTTP/1.1\r\n", sending.method, sending.target);
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str(&format!("authorization: {authorization}\r\nconnection: close\r\n"));
        head.push_str(&format!("content-length: {}\r\n\r\n{}", sending.body.len(), sending.body));
        exchange(host, &head)
    }

    /// Calls an operation that `X-Amz-Target` names.
    pub fn call(&self, service: &str, operation: &str, input: Value) -> Option<Reply> {
        let (prefix, signing) = match service {
            "sso-admin" => ("SWBExternalService", "sso"),
            "identitystore" => ("AWSIdentityStore", "identitystore"),
            "organizations" => ("AWSOrganizationsV20161128", "organizations"),
            other => panic!("{other} has no target"),
        };
        self.send(Sending {
            service: signing,
            method: "POST",
            target: "/",
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{prefix}.{operation}")),
            ],
            body: input.to_string(),
        })
    }

    /// What an operation answers that is no error.
    pub fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        let reply = self.call(service, operation, input).expect("an answer");
        assert_eq!(reply.status, 200, "{operation}: {}", reply.body);
        reply.value()
    }

    /// The name of the error that an operation answers.
    pub fn refused(&self, service: &str, operation: &str, input: Value) -> String {
        let reply = self.call(service, operation, input).expect("an answer");
        assert!(reply.status >= 400, "{operation}: {}", reply.body);
        reply.error()
    }

    /// Calls Account access manager.
    pub fn rest(&self, method: &str, target: &str, body: Value) -> Option<Reply> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = vec![("content-type", "application/json".to_owned())];
        self.send(Sending { service: "account-access", method, target, headers, body })
    }

    /// Calls a service that reads forms.
    pub fn form(&self, service: &str, form: &str) -> Option<Reply> {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        self.send(Sending { service, method: "POST", target: "/", headers, body: form.to_owned() })
    }
}

/// Sends a text and reads the answer; nothing where it breaks off.
pub fn exchange(host: &str, text: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // a connection that is reset has no answer either
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    if length.is_some_and(|length| length.parse() != Ok(body.len())) {
        return None;
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

/// An input with the instance in it.
pub fn within(instance: &str, mut input: Value) -> Value {
    input["InstanceArn"] = json!(instance);
    input
}
