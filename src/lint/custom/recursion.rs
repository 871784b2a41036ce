//! Rules that depend on themselves. Both machines follow them down until the stack is gone, the interpreter where they are
//! functions, so calls are looked at before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use regorus::rvm::{Instruction, Program};

/// Rules that may be asked for one another in a row. Each takes its part of the stack.
const DEEPEST: usize = 200;

/// For each rule by its number, the rules that it asks for.
pub(super) type Calls = BTreeMap<usize, BTreeSet<usize>>;

/// A rule that is asked for while it is worked out, or after too many others.
pub(super) fn endless(mut open: Calls) -> Option<usize> {
    for _ in 0..DEEPEST {
        let left: BTreeSet<usize> = open.keys().copied().collect();
        open.retain(|_, asked| !asked.is_disjoint(&left));
    }
    let deep = *open.first_key_value()?.0;
    // who only leads to a circle isn't part of it
    for _ in 0..DEEPEST {
        let asked: BTreeSet<usize> = open.values().flatten().copied().collect();
        open.retain(|rule, _| asked.contains(rule));
    }
    Some(open.first_key_value().map_or(deep, |(rule, _)| *rule))
}

/// Where the parts of rules start in a program, and the rules' numbers: the code of a rule goes on to where the next part of
/// any rule starts.
pub(super) fn owners(program: &Program) -> BTreeMap<usize, usize> {
    let mut owners: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, rule) in program.rule_infos.iter().enumerate() {
        let starts = rule.definitions.iter().flatten().chain(rule.destructuring_blocks.iter().flatten());
        owners.extend(starts.map(|start| (*start as usize, number)));
    }
    owners
}

/// The calls of a program, by the numbers of its rules.
pub(super) fn of_program(program: &Program) -> Calls {
    let owners = owners(program);
    let mut calls = Calls::new();
    for (at, instruction) in program.instructions.iter().enumerate() {
        let Some((_, owner)) = owners.range(..=at).next_back() else { continue };
        let asked = calls.entry(*owner).or_default();
        if let Instruction::CallRule { rule_index, .. } = instruction {
            asked.insert(usize::from(*rule_index));
        } else if let Instruction::FunctionCall { params_index } = instruction {
            let call = program.instruction_data.function_call_params.get(usize::from(*params_index));
            asked.extend(call.map(|call| usize::from(call.func_rule_index)));
        } else if let Instruction::VirtualDataDocumentLookup { .. } = instruction {
            // which rule it asks for shows only when it runs
            asked.extend(0..program.rule_infos.len());
        }
    }
    calls
}
