//! How a sandbox's file writes who holds something.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::targets::Principal;

/// An account is written by its name, and who is none with what it is.
pub struct PrincipalOut<'a>(pub &'a Principal);

impl Serialize for PrincipalOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let what = match self.0 {
            Principal::Account(name) => return serializer.serialize_str(name),
            Principal::Group(_) => "group",
            Principal::Service(_) => "service",
            Principal::Everyone(_) => "everyone",
            Principal::Deleted(_) => "deleted",
            Principal::Unknown(_) => "unknown",
        };
        serializer.collect_map([(what, self.0.name())])
    }
}

/// A principal as it is read.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct PrincipalIn(pub Principal);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Other {
    Group(String),
    Service(String),
    Everyone(String),
    Deleted(String),
    Unknown(String),
}

impl<'de> Deserialize<'de> for PrincipalIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Principal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an account, or an object such as { \"group\": NAME }")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Principal, E> {
                Ok(Principal::Account(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Principal, A::Error> {
                Ok(match Other::deserialize(MapAccessDeserializer::new(map))? {
                    Other::Group(name) => Principal::Group(name),
                    Other::Service(name) => Principal::Service(name),
                    Other::Everyone(name) => Principal::Everyone(name),
                    Other::Deleted(name) => Principal::Deleted(name),
                    Other::Unknown(name) => Principal::Unknown(name),
                })
            }
        }
        deserializer.deserialize_any(Either).map(PrincipalIn)
    }
}
