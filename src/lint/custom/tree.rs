//! The trees that the engine reads files into: what a rule, a statement and an expression are made of.

use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Rule, RuleAssign, RuleHead, Span};

/// The parts of a name, such as `data`, the package and the function.
pub(super) type Path = Vec<String>;

/// The name that a reference spells. What is no part of it the engine leaves out, too.
pub(super) fn path(refr: &Expr) -> Path {
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

/// Adds what an expression is made of.
pub(super) fn take_apart<'a>(expr: &'a Expr, open: &mut Vec<&'a Expr>, queries: &mut Vec<&'a Query>) {
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

/// Where a reference starts; the engine tells where its last part does.
pub(super) fn beginning(refr: &Expr) -> &Span {
    let mut at = refr;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at {
        at = refr;
    }
    at.span()
}

/// The reference that a rule defines.
pub(super) fn head(rule: &Rule) -> &Expr {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

pub(super) fn is_function(rule: &Rule) -> bool {
    matches!(rule, Rule::Spec { head: RuleHead::Func { .. }, .. })
}

/// What a rule is made of: expressions of its head and of what it answers, and its queries.
pub(super) fn parts(rule: &Rule) -> (Vec<&Expr>, Vec<&Query>) {
    match rule {
        Rule::Default { args, value, .. } => (args.iter().chain([value]).map(AsRef::as_ref).collect(), Vec::new()),
        Rule::Spec { head, bodies, .. } => {
            let mut exprs: Vec<&Expr> = match head {
                RuleHead::Compr { refr, assign, .. } => {
                    indices(refr).into_iter().chain(answer(assign.as_ref())).collect()
                }
                RuleHead::Set { refr, key, .. } => {
                    indices(refr).into_iter().chain(key.iter().map(AsRef::as_ref)).collect()
                }
                RuleHead::Func { args, assign, .. } => {
                    args.iter().map(AsRef::as_ref).chain(answer(assign.as_ref())).collect()
                }
            };
            exprs.extend(bodies.iter().filter_map(|body| answer(body.assign.as_ref())));
            (exprs, bodies.iter().map(|body| body.query.as_ref()).collect())
        }
    }
}

fn answer(assign: Option<&RuleAssign>) -> Option<&Expr> {
    assign.map(|assign| assign.value.as_ref())
}

/// What stands in the brackets of a reference, such as the key of a rule's head.
fn indices(refr: &Expr) -> Vec<&Expr> {
    let (mut found, mut at) = (Vec::new(), refr);
    while let Expr::RefBrack { refr, index, .. } = at {
        found.push(index.as_ref());
        at = refr;
    }
    found
}

/// What a statement is made of, without what `with` puts in.
pub(super) fn of_statement(statement: &LiteralStmt) -> (Vec<&Expr>, Vec<&Query>) {
    match &statement.literal {
        Literal::SomeVars { .. } => (Vec::new(), Vec::new()),
        Literal::SomeIn { key, value, collection, .. } => {
            (key.iter().chain([value, collection]).map(AsRef::as_ref).collect(), Vec::new())
        }
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => (vec![expr.as_ref()], Vec::new()),
        Literal::Every { domain, query, .. } => (vec![domain.as_ref()], vec![query.as_ref()]),
    }
}

/// Every expression under some, themselves among them, and every query in them. What stands in a query is not looked at.
pub(super) fn within<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> (Vec<&'a Expr>, Vec<&'a Query>) {
    let (mut open, mut queries) = (exprs.into_iter().collect::<Vec<_>>(), Vec::new());
    let mut found = Vec::new();
    while let Some(expr) = open.pop() {
        found.push(expr);
        if let Expr::ArrayCompr { query, .. } | Expr::SetCompr { query, .. } | Expr::ObjectCompr { query, .. } = expr {
            // what a comprehension gives is known in its query alone
            queries.push(query.as_ref());
        } else {
            take_apart(expr, &mut open, &mut queries);
        }
    }
    (found, queries)
}

/// Every statement of a rule, those of inner queries too, and every expression.
pub(super) fn everything(rule: &Rule) -> (Vec<&LiteralStmt>, Vec<&Expr>) {
    let (mut open, mut queries) = parts(rule);
    let (mut statements, mut exprs) = (Vec::new(), Vec::new());
    loop {
        if let Some(expr) = open.pop() {
            exprs.push(expr);
            take_apart(expr, &mut open, &mut queries);
        } else if let Some(query) = queries.pop() {
            for statement in &query.stmts {
                statements.push(statement);
                let (of, inner) = of_statement(statement);
                open.extend(of);
                open.extend(statement.with_mods.iter().map(|with| with.r#as.as_ref()));
                queries.extend(inner);
            }
        } else {
            return (statements, exprs);
        }
    }
}
