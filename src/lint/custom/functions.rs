//! Which functions call which, as their files say. The interpreter, which runs tests, notices rules that depend on
//! themselves, and functions not.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Module, Ref, Rule, RuleHead};

use super::recursion::Calls;
use super::tree::{Path, everything, path};

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

/// The names that a function calls, or puts in the place of others by `with`.
fn mentioned(rule: &Rule) -> Vec<Path> {
    let (statements, exprs) = everything(rule);
    let called =
        exprs.into_iter().filter_map(|expr| if let Expr::Call { fcn, .. } = expr { Some(path(fcn)) } else { None });
    let replaced = statements.into_iter().flat_map(|statement| &statement.with_mods).map(|with| path(&with.r#as));
    called.chain(replaced).collect()
}
