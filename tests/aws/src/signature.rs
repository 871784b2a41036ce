//! Signatures of requests, Version 4.

use crate::exchange::{Refusal, Request, encode};
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// What a request says about who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) key: String,
    date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    signed: Vec<String>,
    signature: String,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Reads the header; nothing where there is none, or where it can't be read.
pub(crate) fn claim(request: &Request) -> Option<Claim> {
    let rest = request.header("authorization")?.strip_prefix(ALGORITHM)?;
    let part = |name: &str| {
        rest.split(',').map(str::trim).find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let credential = part("Credential")?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [key, date, region, service, "aws4_request"] = scope.as_slice() else { return None };
    let owned = |text: &str| text.to_owned();
    Some(Claim {
        key: owned(key),
        date: owned(date),
        region: owned(region),
        service: owned(service),
        signed: part("SignedHeaders")?.split(';').map(owned).collect(),
        signature: part("Signature")?,
    })
}

/// The value of a header as it is signed: without spaces around it, and one where there are more.
fn folded(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<&str>>().join(" ")
}

/// What the signature is made of, beside the key.
fn to_sign(request: &Request, claim: &Claim, time: &str, payload: &str) -> String {
    let mut query: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}={}", encode(name, b""), encode(value, b""))).collect();
    query.sort();
    let headers: String = claim
        .signed
        .iter()
        .map(|name| format!("{name}:{}\n", folded(request.header(name).unwrap_or_default())))
        .collect();
    let canonical = [
        request.method.as_str(),
        &encode(&request.path, b"/"),
        &query.join("&"),
        &headers,
        &claim.signed.join(";"),
        payload,
    ]
    .join("\n");
    let scope = format!("{}/{}/{}/aws4_request", claim.date, claim.region, claim.service);
    [ALGORITHM, time, &scope, &hash(canonical.as_bytes())].join("\n")
}

/// When a request says that it was signed.
fn time_of(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let pair = |text: &str, from: usize| text.get(from..from + 2).map(str::to_owned);
    let (year, month, day) = (date.get(..4)?, pair(date, 4)?, pair(date, 6)?);
    let (hour, minute, second) = (pair(time, 0)?, pair(time, 2)?, pair(time, 4)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

/// Whether a secret signed a request, within a quarter of an hour of a time if there is one.
pub(crate) fn verify(request: &Request, claim: &Claim, secret: &str, near: Option<Timestamp>) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::new("InvalidSignatureException", message));
    let Some(time) = request.header("x-amz-date") else { return refuse("there is no X-Amz-Date") };
    if !time.starts_with(&claim.date) {
        return refuse("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP");
    }
    if let Some(near) = near
        && time_of(time).is_none_or(|time| near.duration_since(time).abs() > SignedDuration::from_mins(15))
    {
        return refuse(&format!("Signature expired: {time} is now too far from {near}"));
    }
    let mut must = vec!["host"];
    must.extend(request.headers.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("x-amz-")));
    // what is added on the way isn't signed
    must.retain(|name| !["x-amz-content-sha256"].contains(name) || claim.signed.iter().any(|signed| signed == name));
    if let Some(missing) = must.iter().find(|name| !claim.signed.iter().any(|signed| signed == *name)) {
        return refuse(&format!("the header {missing} must be signed"));
    }
    let body = hash(&request.body);
    if request.header("x-amz-content-sha256").is_some_and(|said| said != body && said != "UNSIGNED-PAYLOAD") {
        return refuse("X-Amz-Content-SHA256 isn't the hash of the body");
    }
    let payload = request.header("x-amz-content-sha256").unwrap_or(&body);
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [claim.date.as_str(), &claim.region, &claim.service, "aws4_request"] {
        key = mac(&key, part);
    }
    if hex(&mac(&key, &to_sign(request, claim, time, payload))) != claim.signature {
        return refuse(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        );
    }
    Ok(())
}
