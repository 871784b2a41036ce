//! Which functions call which, as their files say. The interpreter, which runs tests, notices rules that depend on
//! themselves, and functions not.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleAssign, RuleHead};

use super::recursion::Calls;

/// The parts of a name, such as `data`, the package and the function.
type Path = Vec<String>;

/// What a module calls by a short name.
type Imports = BTreeMap<String, Path>;

/// The names of all functions, and their calls by place in that list.
pub(super) fn of_modules(modules: &[Ref<Module>]) -> (Vec<String>, Calls) {
    let mut bodies: BTreeMap<Path, Vec<(Scope, &Rule)>> = BTreeMap::new();
    for module in modules {
        let scope = Scope::of(module);
        for rule in &module.policy {
            if let Rule::Spec { head: RuleHead::Func { refr, .. }, .. } = rule.as_ref() {
                bodies.entry(scope.within(path(refr))).or_default().push((scope.clone(), rule));
            }
        }
    }
    let numbers: BTreeMap<&Path, usize> = bodies.keys().zip(0..).collect();
    let called = |(scope, rule): &(Scope, &Rule)| -> BTreeSet<usize> {
        let names = mentioned(rule).into_iter().flat_map(|name| scope.meanings(name));
        names.filter_map(|name| numbers.get(&name).copied()).collect()
    };
    let calls = bodies.values().map(|rules| rules.iter().flat_map(called).collect()).enumerate().collect();
    (bodies.keys().map(|name| name.join(".")).collect(), calls)
}

/// What names mean in a module.
#[derive(Clone)]
struct Scope {
    package: Path,
    imports: Imports,
}

impl Scope {
    fn of(module: &Module) -> Self {
        let mut package = vec!["data".to_owned()];
        package.extend(path(&module.package.refr));
        let imports = module.imports.iter().filter_map(|import| {
            let target = path(&import.refr);
            let name = match &import.r#as {
                Some(name) => name.text().to_owned(),
                None => target.last()?.clone(),
            };
            Some((name, target))
        });
        let imports = imports.collect();
        Scope { package, imports }
    }

    fn within(&self, name: Path) -> Path {
        self.package.iter().cloned().chain(name).collect()
    }

    /// Everything that a name may stand for.
    fn meanings(&self, name: Path) -> Vec<Path> {
        let imported = name.split_first().and_then(|(first, rest)| {
            let target = self.imports.get(first)?;
            Some(target.iter().chain(rest).cloned().collect())
        });
        [self.within(name.clone()), name].into_iter().chain(imported).collect()
    }
}

/// The name that a reference spells. What is no part of it the engine leaves out, too.
fn path(refr: &Expr) -> Path {
    let mut parts = Vec::new();
    let mut at = refr;
    loop {
        if let Expr::RefDot { refr, field, .. } = at {
            parts.push(field.0.text().to_owned());
            at = refr;
        } else if let Expr::RefBrack { refr, index, .. } = at {
            if let Expr::String { value, .. } = index.as_ref() {
                parts.extend(value.as_string().map(|text| text.to_string()));
            }
            at = refr;
        } else {
            parts.push(at.span().text().to_owned());
            parts.reverse();
            return parts;
        }
    }
}

/// The names that a function calls, or puts in the place of others by `with`.
fn mentioned(rule: &Rule) -> Vec<Path> {
    let mut names = Vec::new();
    let Rule::Spec { head, bodies, .. } = rule else { return names };
    let (mut open, mut queries): (Vec<&Expr>, Vec<&Query>) = (Vec::new(), Vec::new());
    if let RuleHead::Func { args, assign, .. } = head {
        open.extend(args.iter().map(AsRef::as_ref).chain(value(assign.as_ref())));
    }
    for body in bodies {
        open.extend(value(body.assign.as_ref()));
        queries.push(&body.query);
    }
    loop {
        if let Some(query) = queries.pop() {
            for statement in &query.stmts {
                for with in &statement.with_mods {
                    names.push(path(&with.r#as));
                    open.push(&with.r#as);
                }
                match &statement.literal {
                    Literal::SomeVars { .. } => {}
                    Literal::SomeIn { key, value, collection, .. } => {
                        open.extend(key.iter().chain([value, collection]).map(AsRef::as_ref));
                    }
                    Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => open.push(expr),
                    Literal::Every { domain, query, .. } => {
                        open.push(domain);
                        queries.push(query);
                    }
                }
            }
        } else if let Some(expr) = open.pop() {
            if let Expr::Call { fcn, .. } = expr {
                names.push(path(fcn));
            }
            take_apart(expr, &mut open, &mut queries);
        } else {
            return names;
        }
    }
}

fn value(assign: Option<&RuleAssign>) -> Option<&Expr> {
    assign.map(|assign| assign.value.as_ref())
}

/// Adds what an expression is made of.
fn take_apart<'a>(expr: &'a Expr, open: &mut Vec<&'a Expr>, queries: &mut Vec<&'a Query>) {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => open.extend(items.iter().map(AsRef::as_ref)),
        Expr::Object { fields, .. } => {
            open.extend(fields.iter().flat_map(|(_, key, value)| [key, value]).map(AsRef::as_ref));
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            open.push(term);
            queries.push(query);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            open.extend([key, value].map(AsRef::as_ref));
            queries.push(query);
        }
        Expr::Call { fcn, params, .. } => open.extend([fcn].into_iter().chain(params).map(AsRef::as_ref)),
        Expr::UnaryExpr { expr, .. } => open.push(expr),
        Expr::RefDot { refr, .. } => open.push(refr),
        Expr::RefBrack { refr, index, .. } => open.extend([refr, index].map(AsRef::as_ref)),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => open.extend([lhs, rhs].map(AsRef::as_ref)),
        Expr::Membership { key, value, collection, .. } => {
            open.extend(key.iter().chain([value, collection]).map(AsRef::as_ref));
        }
    }
}
