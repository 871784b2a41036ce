//! What botocore says about the services, cut to what is served here.

mod walk;

pub(crate) use walk::Member;

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// An operation of a service.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    /// The path, with `{names}` in it where a member of the input stands.
    pub(crate) path: String,
    /// The status of an answer that is no error.
    pub(crate) status: u16,
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    /// The element around the answer where it is XML.
    pub(crate) wrapper: Option<String>,
    pub(crate) errors: Vec<String>,
}

/// A service.
pub(crate) struct Service {
    /// The folder of its model in botocore.
    pub(crate) name: &'static str,
    pub(crate) protocol: String,
    /// What comes before the operation in `X-Amz-Target`.
    pub(crate) target: Option<String>,
    /// What requests to it are signed for.
    pub(crate) signing: String,
    /// What comes before the colon of its actions in policies.
    pub(crate) prefix: &'static str,
    pub(crate) namespace: String,
    pub(crate) operations: BTreeMap<String, Operation>,
    shapes: walk::Shapes,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn operation(name: &str, described: &Value) -> Operation {
    let errors = described["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    Operation {
        name: name.to_owned(),
        method: text(&described["http"]["method"]).expect("a method"),
        path: text(&described["http"]["requestUri"]).expect("a path"),
        status: described["http"]["responseCode"]
            .as_u64()
            .map_or(200, |status| u16::try_from(status).expect("a status")),
        input: text(&described["input"]["shape"]),
        output: text(&described["output"]["shape"]),
        wrapper: text(&described["output"]["resultWrapper"]),
        errors: errors.iter().filter_map(|error| text(&error["shape"])).collect(),
    }
}

impl Service {
    fn read(name: &'static str, prefix: &'static str, model: &str) -> Service {
        let model: Value = serde_json::from_str(model).expect("the cut is JSON");
        let metadata = &model["metadata"];
        let operations = model["operations"].as_object().expect("operations").iter();
        Service {
            name,
            prefix,
            protocol: text(&metadata["protocol"]).expect("a protocol"),
            target: text(&metadata["targetPrefix"]),
            signing: text(&metadata["signingName"]).or_else(|| text(&metadata["endpointPrefix"])).expect("a name"),
            namespace: text(&metadata["xmlNamespace"]).unwrap_or_default(),
            operations: operations.map(|(name, described)| (name.clone(), operation(name, described))).collect(),
            shapes: walk::Shapes::read(&model["shapes"], metadata["protocol"].as_str().unwrap_or_default()),
        }
    }

    /// What a request has that the model doesn't allow.
    pub(crate) fn check_input(&self, operation: &Operation, input: &Value) -> Vec<String> {
        self.check(operation.input.as_deref(), input)
    }

    /// What an answer has that the model doesn't allow: then the stand-in itself is wrong.
    pub(crate) fn check_output(&self, operation: &Operation, output: &Value) -> Vec<String> {
        self.check(operation.output.as_deref(), output)
    }

    /// The same for an error, which the operation must list as well.
    pub(crate) fn check_error(&self, operation: &Operation, code: &str, members: &Value) -> Vec<String> {
        if COMMON.contains(&code) && !operation.errors.iter().any(|error| self.code(error) == code) {
            return Vec::new();
        }
        match operation.errors.iter().find(|error| self.code(error) == code) {
            Some(shape) => self.check(Some(shape), members),
            None => vec![format!("{} has no error `{code}`", operation.name)],
        }
    }

    fn check(&self, shape: Option<&str>, value: &Value) -> Vec<String> {
        match shape {
            Some(shape) => self.shapes.check(shape, value),
            None if value.as_object().is_some_and(serde_json::Map::is_empty) => Vec::new(),
            None => vec!["there are members where none are described".to_owned()],
        }
    }

    /// What an error is called on the wire.
    fn code<'a>(&'a self, shape: &'a str) -> &'a str {
        self.shapes.error_code(shape).unwrap_or(shape)
    }

    /// The status of an error.
    pub(crate) fn status(&self, operation: Option<&Operation>, code: &str) -> u16 {
        let shape = operation.and_then(|operation| operation.errors.iter().find(|error| self.code(error) == code));
        let described = shape.and_then(|shape| self.shapes.error_status(shape));
        let fault = shape.is_some_and(|shape| self.shapes.is_fault(shape)) || code == "InternalFailure";
        let denied = self.protocol != "json" && DENIED.contains(&code);
        described.unwrap_or(if fault {
            500
        } else if denied {
            403
        } else {
            400
        })
    }

    /// The members of a structure.
    pub(crate) fn members(&self, shape: &str) -> Vec<Member> {
        self.shapes.members(shape)
    }
}

/// Errors that any operation may answer with; models don't list them.
const COMMON: [&str; 14] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationError",
];

/// Errors that say who may, which is status 403 where the protocol has statuses.
const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// All services, read once.
pub(crate) static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    vec![
        Service::read("account-access", "account-access", include_str!("../../data/account-access.json")),
        Service::read("iam", "iam", include_str!("../../data/iam.json")),
        Service::read("identitystore", "identitystore", include_str!("../../data/identitystore.json")),
        Service::read("organizations", "organizations", include_str!("../../data/organizations.json")),
        Service::read("sso-admin", "sso", include_str!("../../data/sso-admin.json")),
        Service::read("sts", "sts", include_str!("../../data/sts.json")),
    ]
});
