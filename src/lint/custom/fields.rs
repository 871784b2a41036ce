//! Parts of the input that a rule asks for and that aren't there, by the shape that the document has.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Rule, RuleHead, Span};
use serde_json::Value as Json;

use super::tree::{beginning, everything, path, within};
use crate::access::reading::quote;

/// The shape of the document, as `dualkey schema rego-input` prints it.
const SHAPE: &str = include_str!("../../../schema/rego-input.json");

/// How many letters may differ.
const NEAR: usize = 2;

/// How often names are followed to what they stand for: a name may stand for a part of what another one stands for.
const STEPS: usize = 4;

/// Something that isn't there: where, what, and what to do.
pub(super) type Missing = (Span, String, String);

/// The shape of what rules may ask for.
pub(super) struct Shape(Json);

impl Shape {
    pub(super) fn of_input() -> Self {
        // the file is part of the program, and a test reads it
        Shape(serde_json::from_str(SHAPE).unwrap_or(Json::Null))
    }

    /// What a file asks for that isn't there.
    pub(super) fn missing(&self, module: &Module) -> Vec<Missing> {
        let mut found = Vec::new();
        let mut imported = BTreeMap::new();
        for import in &module.imports {
            self.look([import.refr.as_ref()], &BTreeMap::new(), &mut found);
            let part = self.part(&import.refr, &BTreeMap::new()).ok().flatten();
            let name = import.r#as.as_ref().map(|name| name.text().to_owned()).or_else(|| path(&import.refr).pop());
            imported.extend(name.zip(part));
        }
        for rule in &module.policy {
            let (statements, exprs) = everything(rule);
            let names = self.names(rule, &statements, &imported);
            self.look(exprs, &names, &mut found);
        }
        found
    }

    fn look<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        names: &BTreeMap<String, &Json>,
        found: &mut Vec<Missing>,
    ) {
        for expr in exprs {
            if let Err(Absent { field, known }) = self.part(expr, names) {
                let mut names = path(expr);
                let message = format!("{} isn't there: the input has no such part", quote(&names.join(".")));
                names.pop();
                let near = known.iter().find(|one| strsim::osa_distance(one, &field) <= NEAR);
                let help = match near {
                    Some(near) => format!("did you mean {}?", quote(&format!("{}.{near}", names.join(".")))),
                    None => format!("it has {}", known.join(", ")),
                };
                found.push((beginning(expr).clone(), message, help));
            }
        }
    }

    /// The names that stand for a part of the input. One that stands for several things is left out.
    fn names<'s>(
        &'s self,
        rule: &Rule,
        statements: &[&LiteralStmt],
        imported: &BTreeMap<String, &'s Json>,
    ) -> BTreeMap<String, &'s Json> {
        let mut names: BTreeMap<String, &Json> = imported.clone();
        let others = others(rule, statements);
        for _ in 0..STEPS {
            let mut next: BTreeMap<String, Option<&Json>> =
                imported.iter().map(|(name, part)| (name.clone(), Some(*part))).collect();
            next.extend(others.iter().map(|name| (name.clone(), None)));
            let mut stands = |name: String, part: Option<&'s Json>| {
                let known = next.entry(name).or_insert(part);
                let same = known.zip(part).is_some_and(|(one, other)| std::ptr::eq(one, other));
                *known = known.filter(|_| same);
            };
            for statement in statements {
                match &statement.literal {
                    Literal::SomeIn { key, value, collection, .. } => {
                        if let Some(Expr::Var { span, .. }) = key.as_deref() {
                            stands(span.text().to_owned(), None);
                        }
                        if let Expr::Var { span, .. } = value.as_ref() {
                            let whole = self.part(collection, &names).ok().flatten();
                            stands(span.text().to_owned(), whole.and_then(|whole| self.element(whole)));
                        }
                    }
                    Literal::Every { key, value, domain, .. } => {
                        key.iter().for_each(|key| stands(key.text().to_owned(), None));
                        let whole = self.part(domain, &names).ok().flatten();
                        stands(value.text().to_owned(), whole.and_then(|whole| self.element(whole)));
                    }
                    Literal::Expr { expr, .. } => {
                        if let Expr::AssignExpr { lhs, rhs, .. } = expr.as_ref()
                            && let Expr::Var { span, .. } = lhs.as_ref()
                        {
                            stands(span.text().to_owned(), self.part(rhs, &names).ok().flatten());
                        }
                    }
                    Literal::SomeVars { .. } | Literal::NotExpr { .. } => {}
                }
            }
            names = next.into_iter().filter_map(|(name, part)| Some((name, part?))).collect();
        }
        names
    }

    /// The part of the input that an expression stands for; None where it stands for something else, or nobody can tell.
    fn part<'s>(&'s self, expr: &Expr, names: &BTreeMap<String, &'s Json>) -> Result<Option<&'s Json>, Absent> {
        if let Expr::Var { span, .. } = expr {
            let input = (span.text() == "input").then_some(&self.0);
            return Ok(input.or_else(|| names.get(span.text()).copied()));
        }
        let whole = |refr: &Expr| self.part(refr, names).ok().flatten();
        if let Expr::RefDot { refr, field, .. } = expr {
            return self.field(whole(refr), field.0.text());
        }
        let Expr::RefBrack { refr, index, .. } = expr else { return Ok(None) };
        let whole = whole(refr);
        let Expr::String { value, .. } = index.as_ref() else {
            return Ok(whole.and_then(|whole| self.element(whole)));
        };
        let name = value.as_string().map(|text| text.to_string()).unwrap_or_default();
        self.field(whole, &name)
    }

    /// What a field of a part holds.
    fn field<'s>(&'s self, whole: Option<&'s Json>, name: &str) -> Result<Option<&'s Json>, Absent> {
        let Some(whole) = whole else { return Ok(None) };
        let Some(fields) = whole.get("properties").and_then(Json::as_object) else {
            // of what is kept by ids any id may be asked for
            return Ok(self.element(whole));
        };
        match fields.get(name) {
            Some(part) => Ok(Some(self.followed(part))),
            None if whole.get("additionalProperties").is_some_and(Json::is_object) => Ok(self.element(whole)),
            None => Err(Absent { field: name.to_owned(), known: fields.keys().cloned().collect() }),
        }
    }

    /// What one of many is.
    fn element<'s>(&'s self, whole: &'s Json) -> Option<&'s Json> {
        let one = whole.get("items").or_else(|| whole.get("additionalProperties")).filter(|one| one.is_object())?;
        Some(self.followed(one))
    }

    /// What a reference leads to.
    fn followed<'s>(&'s self, part: &'s Json) -> &'s Json {
        let named = part.get("$ref").and_then(Json::as_str).and_then(|name| name.strip_prefix('#'));
        let part = named.and_then(|pointer| self.0.pointer(pointer)).unwrap_or(part);
        // what may be missing is one of two: itself, or nothing
        let of = part.get("anyOf").and_then(Json::as_array).into_iter().flatten();
        let mut whole = of.filter(|one| one.get("type").and_then(Json::as_str) != Some("null"));
        match (whole.next(), whole.next()) {
            (Some(only), None) => self.followed(only),
            _ => part,
        }
    }
}

/// Names that something else gives a value: arguments, patterns of several names, and those that only are said to be there.
fn others(rule: &Rule, statements: &[&LiteralStmt]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let vars = |exprs: Vec<&Expr>| {
        let all = within(exprs).0.into_iter();
        all.filter_map(|expr| if let Expr::Var { span, .. } = expr { Some(span.text().to_owned()) } else { None })
            .collect::<Vec<String>>()
    };
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule {
        found.extend(vars(args.iter().map(AsRef::as_ref).collect()));
    }
    let is_pattern = |expr: &Expr| matches!(expr, Expr::Array { .. } | Expr::Object { .. });
    for statement in statements {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => found.extend(vars.iter().map(|var| var.text().to_owned())),
            Literal::SomeIn { value, .. } if is_pattern(value) => found.extend(vars(vec![value])),
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { lhs, .. } = expr.as_ref()
                    && is_pattern(lhs)
                {
                    found.extend(vars(vec![lhs]));
                }
            }
            Literal::SomeIn { .. } | Literal::Every { .. } | Literal::NotExpr { .. } => {}
        }
    }
    found
}

/// A field that a part of the input doesn't have, and those that it has.
struct Absent {
    field: String,
    known: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_can_be_walked() {
        let shape = Shape::of_input();
        let grants = shape.field(Some(&shape.0), "grants").ok().flatten().expect("grants");
        let grant = shape.element(grants).expect("a grant");
        assert!(shape.field(Some(grant), "ticket").is_ok());
        assert!(shape.field(Some(grant), "tikcet").is_err());
        assert!(shape.field(Some(&shape.0), "grant").is_err());
    }
}
