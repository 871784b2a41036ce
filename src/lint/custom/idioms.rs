//! Idioms that the counting machine doesn't know, in words that both machines do; the lines stay where they are. What can't be
//! said so is refused by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regorus::unstable::{Expr, Lexer, Literal, LiteralStmt, Module, Ref, Rule, RuleHead, Source, Span, TokenKind};

use super::FORBIDDEN;
use super::files::{Edit, Files, invalid};
use super::tree::{Path, beginning, everything, head, path, take_apart};
use crate::access::reading::quote;
use crate::finding::Finding;

/// The files with a name for what is looked in where it is looked for itself: neither machine knows another way. Rules that
/// judge and tests are read so alike.
pub(super) fn with_names<'a>(modules: &[Ref<Module>], files: &Files<'a>) -> Result<Files<'a>, Vec<Finding>> {
    let mut words = Words::of(files);
    for module in modules {
        let Some((number, text)) = files.file(&module.package.span) else { continue };
        let mut names = Names { text, next: 0 };
        for statement in module.policy.iter().flat_map(|rule| everything(rule).0) {
            words.statement(statement, number, text, &mut names);
        }
    }
    words.done()
}

/// The files of rules that judge, in such words.
///
/// # Errors
///
/// What no rule that judges may say.
pub(super) fn reword<'a>(modules: &[Ref<Module>], files: &Files<'a>) -> Result<Files<'a>, Vec<Finding>> {
    let mut words = Words::of(files);
    for module in modules {
        words.module(module);
    }
    words.gathered();
    words.done()
}

struct Words<'f, 'a> {
    files: &'f Files<'a>,
    edits: Vec<(usize, Edit)>,
    refused: Vec<Finding>,
    /// Rules that put things into sets by a key, by package and name, with the file that holds the first.
    sets: BTreeMap<(Path, String), usize>,
}

impl<'f, 'a> Words<'f, 'a> {
    fn of(files: &'f Files<'a>) -> Self {
        Words { files, edits: Vec::new(), refused: Vec::new(), sets: BTreeMap::new() }
    }

    fn done(self) -> Result<Files<'a>, Vec<Finding>> {
        if !self.refused.is_empty() {
            return Err(self.refused);
        }
        let nested = || {
            let message = "a custom rule can't be judged: an idiom stands within another one".to_owned();
            vec![invalid(self.files.first(), message, "give the inner one a name of its own")]
        };
        self.files.reworded(self.edits).ok_or_else(nested)
    }

    fn module(&mut self, module: &Module) {
        let Some((number, text)) = self.files.file(&module.package.span) else { return };
        let mut names = Names { text, next: 0 };
        for rule in &module.policy {
            self.head(rule, module, number, text);
            let (statements, exprs) = everything(rule);
            for expr in exprs {
                if let Expr::Call { fcn, .. } = expr {
                    let name = path(fcn).join(".");
                    if FORBIDDEN.contains(&name.as_str()) {
                        self.refuse(beginning(fcn), &forbidden(&name), instead(&name));
                    }
                }
            }
            for statement in statements {
                if let Some(with) = statement.with_mods.first() {
                    self.refuse(
                        &with.span,
                        "`with` is for tests: a rule that judges puts nothing in the place of what it looks at",
                        "write a function that takes what differs, such as `n(document) := count(document.grants)`",
                    );
                } else {
                    self.statement(statement, number, text, &mut names);
                }
            }
        }
    }

    fn refuse(&mut self, span: &Span, why: &str, help: &str) {
        self.refused.push(invalid(self.files.place(span), why.to_owned(), help));
    }

    fn edit(&mut self, number: usize, start: usize, end: usize, words: String) {
        self.edits.push((number, Edit { start, end, words }));
    }

    /// `of[key] contains value` becomes a set of pairs; [`Self::gathered`] makes an object of it.
    fn head(&mut self, rule: &Rule, module: &Module, number: usize, text: &str) {
        let Rule::Spec { head: RuleHead::Set { refr, key: Some(value), .. }, .. } = rule else { return };
        let Expr::RefBrack { refr: name, index, .. } = refr.as_ref() else { return };
        let span = beginning(refr);
        let Expr::Var { span: name, .. } = name.as_ref() else {
            return self.refuse(
                span,
                "a set by more than one key can't be judged",
                "let the key be a list, such as `of[[a, b]]`",
            );
        };
        if let Expr::String { .. } | Expr::RawString { .. } = index.as_ref() {
            return;
        }
        let (Some(key), Some(value)) = (whole(index), whole(value)) else {
            let help = "give what it contains a name first, such as `found := …`";
            return self.refuse(
                span,
                "a set by a key can't be judged where it contains more than a name or a call",
                help,
            );
        };
        let pair = format!("[{}, {}]", part(text, &key), part(text, &value));
        // the engine doesn't count the bracket that closes
        let close = text.get(key.end..).and_then(|rest| rest.find(']')).map_or(key.end, |place| key.end + place + 1);
        self.edit(number, start(name), close, format!("{}__pairs", of(text, name)));
        self.edit(number, value.start, value.end, pair);
        self.sets.entry((path(&module.package.refr), of(text, name).to_owned())).or_insert(number);
    }

    /// Makes objects of sets of pairs, at the end of the file that holds the first rule of each.
    fn gathered(&mut self) {
        for ((_, name), number) in std::mem::take(&mut self.sets) {
            let Some((_, text)) = self.files.written().nth(number) else { continue };
            let words = format!(
                "\n{name} := {{__key: __set | some __pair in {name}__pairs; __key := __pair[0]; \
                 __set := {{__item | some __other in {name}__pairs; __other[0] == __key; __item := __other[1]}}}}\n"
            );
            self.edit(number, text.len(), text.len(), words);
        }
    }

    fn statement(&mut self, statement: &LiteralStmt, number: usize, text: &str, names: &mut Names<'_>) {
        match &statement.literal {
            // what is looked in gets a name where it is looked for itself
            Literal::SomeIn { span, collection, .. } if is_looked_for(collection) => {
                let Some(at) = whole(collection) else { return };
                let looked = part(text, &at);
                // what follows a comment would become one
                if looked.contains('#') {
                    return;
                }
                let name = names.next();
                let alone = word_before(text, start(span)) == "if";
                let (open, close) = if alone { ("{ ", " }") } else { ("", "") };
                self.edit(number, start(span), start(span), format!("{open}{name} := {}; ", looked.replace('\n', " ")));
                self.edit(number, at.start, at.end, level(format!("{name}{close}"), looked));
            }
            Literal::SomeIn { .. }
            | Literal::SomeVars { .. }
            | Literal::Expr { .. }
            | Literal::NotExpr { .. }
            | Literal::Every { .. } => {}
        }
    }
}

/// Names that a file doesn't use.
struct Names<'a> {
    text: &'a str,
    next: usize,
}

impl Names<'_> {
    fn next(&mut self) -> String {
        loop {
            let name = format!("__in{}", self.next);
            self.next += 1;
            if !self.text.contains(&name) {
                return name;
            }
        }
    }
}

fn start(span: &Span) -> usize {
    usize::try_from(span.start).unwrap_or(usize::MAX)
}

fn end(span: &Span) -> usize {
    usize::try_from(span.end).unwrap_or(usize::MAX)
}

/// The bytes of an expression that is put elsewhere as it stands: the engine doesn't count the quotes of a text. None of one that
/// is made of several, whose end may be a text's.
fn whole(expr: &Expr) -> Option<Range<usize>> {
    let span = expr.span();
    match expr {
        Expr::String { .. } | Expr::RawString { .. } => Some(start(span).checked_sub(1)?..end(span) + 1),
        Expr::Var { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Array { .. }
        | Expr::Set { .. }
        | Expr::Object { .. }
        | Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. }
        | Expr::Call { .. }
        | Expr::RefDot { .. }
        | Expr::RefBrack { .. } => Some(start(span)..end(span)),
        Expr::UnaryExpr { .. }
        | Expr::BinExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::AssignExpr { .. }
        | Expr::Membership { .. } => None,
    }
}

fn part<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    text.get(range.clone()).unwrap_or_default()
}

/// The word or sign before a place, comments left out.
fn word_before(text: &str, place: usize) -> String {
    let Ok(source) = Source::from_contents(String::new(), text.to_owned()) else { return String::new() };
    let mut lexer = Lexer::new(&source);
    let mut before = String::new();
    while let Ok(token) = lexer.next_token() {
        if token.0 == TokenKind::Eof || start(&token.1) >= place {
            break;
        }
        before = token.1.text().to_owned();
    }
    before
}

fn of<'t>(text: &'t str, span: &Span) -> &'t str {
    text.get(start(span)..end(span)).unwrap_or_default()
}

/// Words with as many lines as those that they stand for.
fn level(words: String, before: &str) -> String {
    let words = words.replace('\n', " ");
    words + &"\n".repeat(before.matches('\n').count())
}

pub(super) fn forbidden(name: &str) -> String {
    format!("{} is not there for rules that judge", quote(name))
}

/// What to do without a function.
fn instead(name: &str) -> &'static str {
    match name {
        "walk" => "go through what it is about by name, such as `some id, grant in input.grants`",
        "print" | "trace" => "leave it out: `dualkey lint` shows what a rule answers, and `dualkey test` what it does",
        _ => "the same files must always be judged alike, in bounded time; `input.now` is the clock",
    }
}

/// True where a reference has a name in its brackets, which may be looked for.
fn is_looked_for(collection: &Expr) -> bool {
    let (mut open, mut queries) = (vec![collection], Vec::new());
    while let Some(expr) = open.pop() {
        if let Expr::RefBrack { index, .. } = expr
            && let Expr::Var { .. } = index.as_ref()
        {
            return true;
        }
        take_apart(expr, &mut open, &mut queries);
    }
    false
}

/// Names of what is there: packages and their rules.
pub(super) fn defined(modules: &[Ref<Module>]) -> BTreeSet<Path> {
    let rules = modules.iter().flat_map(|module| {
        let package = path(&module.package.refr);
        module.policy.iter().map(move |rule| package.iter().cloned().chain(name_of(rule)).collect())
    });
    rules.collect()
}

/// The name of what a rule defines, without the package.
pub(super) fn name_of(rule: &Rule) -> Path {
    path(head(rule))
}
