//! stub
use super::raw;
use crate::finding::{Code, Place, Rule, Severity};
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Key(&'a str),
    Index(usize),
}
#[derive(Debug)]
pub struct Source {
    pub path: String,
}
impl Source {
    pub fn place(&self, _: &[Step<'_>]) -> Place {
        Place::whole_file(&self.path)
    }
    pub fn item_place(&self, _: &str, _: &str) -> Place {
        Place::whole_file(&self.path)
    }
}
#[derive(Debug)]
pub enum RawFile {
    Config(raw::Config),
    Vendor(raw::Vendor),
    Person(raw::Person),
    Group(raw::Group),
    Domain(raw::Domain),
    Role(raw::Role),
    Grant(raw::Grant),
    Bridge(raw::Bridge),
    Policy(raw::Policy),
}
macro_rules! rule {
    ($n:ident, $id:literal) => {
        pub const $n: Rule = Rule {
            code: Code { id: $id, title: "", why: "", example: "", instead: "" },
            severity: Severity::Error,
            dated: false,
        };
    };
}
rule!(SCHEMA, "schema");
rule!(INVALID_DATE, "invalid-date");
rule!(INVALID_ID, "invalid-id");
rule!(NOT_SUPPORTED, "not-supported");
