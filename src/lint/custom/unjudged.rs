//! Rules that would say nothing, without a word: that nobody asks, that ask for what isn't there, or for a name that stands for
//! nothing.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleHead, Span};

use super::fields::Shape;
use super::files::{Files, invalid};
use super::idioms::{defined, name_of};
use super::tree::{Path, beginning, everything, of_statement, parts, path, within};
use crate::access::reading::quote;
use crate::finding::Finding;

/// Names that judge, for those who misspell them.
const JUDGING: [&str; 3] = ["deny", "violation", "warn"];

/// How many letters may differ.
const NEAR: usize = 2;

/// What asks for data that no file holds.
pub(super) fn of_nothing(modules: &[Ref<Module>], files: &Files<'_>) -> Vec<Finding> {
    let (known, shape) = (defined(modules), Shape::of_input());
    let is_there = |name: &Path| {
        let name = name.get(1..).unwrap_or_default();
        known.iter().any(|known| known.iter().zip(name).all(|(one, other)| one == other))
    };
    let mut found = Vec::new();
    for module in modules {
        let imported = module.imports.iter().map(|import| import.refr.as_ref());
        let rules = module.policy.iter().flat_map(|rule| everything(rule).1);
        let odd = module.imports.iter().map(|import| (path(&import.refr), beginning(&import.refr)));
        for (name, span) in odd.filter(|(name, _)| {
            name.first().is_some_and(|first| first == "rego") && name.get(1).is_none_or(|of| of != "v1")
        }) {
            let message = format!("{} can't be imported", quote(&name.join(".")));
            found.push((files.place(span), message, "write `import rego.v1`".to_owned()));
        }
        let missing = shape.missing(module);
        found.extend(missing.into_iter().map(|(span, message, help)| (files.place(&span), message, help)));
        for expr in imported.chain(rules) {
            let name = path(expr);
            if name.first().map(String::as_str) == Some("data") && !is_there(&name) {
                let message = format!(
                    "{} isn't there: custom rules see `input` and one another, and no other data",
                    quote(&name.join("."))
                );
                let help = "write it as a rule of a package, such as `forbidden_roles := {\"owner\"}`".to_owned();
                found.push((files.place(beginning(expr)), message, help));
            }
        }
    }
    // a name is made of shorter ones, which stand in the same place
    found.sort();
    found.dedup_by(|one, other| {
        (&one.0.file, one.0.line, one.0.column) == (&other.0.file, other.0.line, other.0.column)
    });
    found.into_iter().map(|(place, message, help)| invalid(place, message, &help)).collect()
}

/// Rules that no verdict asks for, by the names of all that some do: sets, which look as if they judged, and whatever stands in
/// a file of which nothing is asked for.
pub(super) fn unasked(modules: &[Ref<Module>], asked: &BTreeSet<String>, files: &Files<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for module in modules {
        let package = path(&module.package.refr).join(".");
        let is_asked = |rule: &Rule| asked.contains(&format!("data.{package}.{}", name_of(rule).join(".")));
        let (used, unused): (Vec<&Rule>, Vec<&Rule>) =
            module.policy.iter().map(AsRef::as_ref).partition(|rule| is_asked(rule));
        let first = unused.first().copied().filter(|_| used.is_empty());
        let sets = unused.into_iter().filter(|rule| matches!(rule, Rule::Spec { head: RuleHead::Set { .. }, .. }));
        let mut told: Vec<&Rule> = sets.collect();
        if told.is_empty() {
            told.extend(first);
        }
        for rule in told {
            let name = name_of(rule).join(".");
            let near = JUDGING.iter().find(|judging| strsim::osa_distance(judging, &name) <= NEAR);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name it `deny`, `deny_NAME`, `violation` or `warn`, or let one of those ask for it".to_owned(),
            };
            let message = format!(
                "{} judges nothing: no `deny`, `violation` or `warn` asks for it",
                quote(&format!("{package}.{name}"))
            );
            found.push(invalid(files.place(rule.span()), message, &help));
        }
    }
    found
}

/// Names after `not` that nothing gives a value.
pub(super) fn unbound(modules: &[Ref<Module>], files: &Files<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let known = defined(modules);
    for module in modules {
        let package = path(&module.package.refr);
        let of_package = known.iter().filter_map(|name| name.strip_prefix(package.as_slice())?.first());
        let imported = module.imports.iter().filter_map(|import| match &import.r#as {
            Some(name) => Some(name.text().to_owned()),
            None => path(&import.refr).pop(),
        });
        let global: BTreeSet<String> =
            of_package.cloned().chain(imported).chain(["data", "input", "_"].map(str::to_owned)).collect();
        for rule in &module.policy {
            let (exprs, queries) = parts(rule);
            let mut bound = global.clone();
            bound.extend(names(exprs.iter().copied()).0.into_iter().map(|(name, _)| name));
            let inner = within(exprs.iter().copied()).1;
            for query in queries.into_iter().chain(inner) {
                look(query, &bound, &mut found);
            }
        }
    }
    let unbound = found.into_iter().map(|(name, span)| {
        let message = format!("{} stands after `not`, and nothing gives it a value", quote(&name));
        invalid(files.place(&span), message, "say before what it is, such as `some NAME in …`, or correct its spelling")
    });
    unbound.collect()
}

/// Names in expressions with their places, but not those of functions, and the queries of comprehensions.
fn names<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> (Vec<(String, Span)>, Vec<&'a Query>) {
    let (exprs, queries) = within(exprs);
    let functions: BTreeSet<(u32, u32)> = exprs
        .iter()
        .filter_map(|expr| if let Expr::Call { fcn, .. } = expr { Some(fcn.span()) } else { None })
        .map(|span| (span.start, span.line))
        .collect();
    let found = exprs.into_iter().filter_map(|expr| {
        let Expr::Var { span, .. } = expr else { return None };
        let is_name = !functions.contains(&(span.start, span.line));
        is_name.then(|| (span.text().to_owned(), span.clone()))
    });
    (found.collect(), queries)
}

fn look(query: &Query, outside: &BTreeSet<String>, found: &mut Vec<(String, Span)>) {
    let mut bound = outside.clone();
    for statement in &query.stmts {
        if let Literal::SomeVars { vars, .. } = &statement.literal {
            bound.extend(vars.iter().map(|var| var.text().to_owned()));
        } else if !matches!(statement.literal, Literal::NotExpr { .. }) {
            bound.extend(names(of_statement(statement).0).0.into_iter().map(|(name, _)| name));
        }
    }
    for statement in &query.stmts {
        let (exprs, queries) = of_statement(statement);
        let (named, inner) = names(exprs);
        if let Literal::NotExpr { .. } = &statement.literal {
            found.extend(named.into_iter().filter(|(name, _)| !bound.contains(name)));
        }
        let mut within = bound.clone();
        if let Literal::Every { key, value, .. } = &statement.literal {
            within.extend(key.iter().chain([value]).map(|name| name.text().to_owned()));
        }
        for query in queries.into_iter().chain(inner) {
            look(query, &within, found);
        }
    }
}
