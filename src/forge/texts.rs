//! What is put at the forge, as data.

use crate::repository::Oid;

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    Success,
    /// Nothing is wrong, and somebody has to act.
    Neutral,
    Failure,
}

impl Conclusion {
    pub fn as_str(self) -> &'static str {
        match self {
            Conclusion::Success => "success",
            Conclusion::Neutral => "neutral",
            Conclusion::Failure => "failure",
        }
    }
}

/// How much a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Notice,
    Warning,
    Failure,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Failure => "failure",
        }
    }
}

/// A remark at lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    /// Lines count from 1, both are part of it.
    pub lines: (u32, u32),
    /// Columns count from 1, for a remark within one line.
    pub columns: Option<(u32, u32)>,
    pub level: Level,
    /// At most 255 characters.
    pub title: String,
    pub message: String,
}

/// A check of a head.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    pub head: Oid,
    pub conclusion: Conclusion,
    /// What it is about, for programs.
    pub about: String,
    pub title: String,
    /// Markdown, at most 65,535 bytes.
    pub summary: String,
    pub remarks: Vec<Remark>,
}

/// What an issue is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueText {
    pub title: String,
    /// Begins with the marker.
    pub body: String,
}
