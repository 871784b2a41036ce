//! What a program compares with something else, or puts into a list, a set or an object, is counted first, with all that it
//! holds: a list that holds another one twice is as long to look at as both, however little memory it takes. Without that, a
//! few lines could make something that nothing ever comes to the end of.

use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::rvm::instructions::{BuiltinCallParams, GuardMode, LiteralOrRegister};
use regorus::rvm::program::{RuleInfo, RuleType};
use regorus::rvm::{Instruction, Program};

use super::recursion::owners;

/// Puts a call of the function `toll` before each instruction that looks into what registers hold; it gives back what it
/// gets. False where the program grows beyond what there may be.
pub(super) fn insert(program: &mut Program, toll: u16) -> bool {
    let owners = owners(program);
    let looked: Vec<Vec<u8>> = (0..)
        .zip(&program.instructions)
        .map(|(at, one)| {
            let mut registers = looked_at(program, one, || {
                let (_, owner) = owners.range(..=at).next_back()?;
                program.rule_infos.get(*owner)
            });
            registers.sort_unstable();
            registers.dedup();
            registers
        })
        .collect();
    let guarded: Vec<Option<u8>> =
        (0..).zip(&program.instructions).map(|(at, one)| named(program, &owners, at, one)).collect();
    // whoever went to an instruction goes to what is put before it
    let mut places = Vec::with_capacity(looked.len() + 1);
    let mut next = 0;
    for (registers, guarded) in looked.iter().zip(&guarded) {
        places.push(next);
        next += registers.len() + 1 + usize::from(guarded.is_some());
    }
    if next > Program::MAX_INSTRUCTIONS {
        return false;
    }
    let moved = |place: usize| places.get(place).copied().unwrap_or(next);
    let mut calls: BTreeMap<u8, u16> = BTreeMap::new();
    for register in looked.iter().flatten() {
        calls.entry(*register).or_insert_with(|| {
            let mut args = [0; 8];
            args.iter_mut().take(1).for_each(|slot| *slot = *register);
            program.add_builtin_call_params(BuiltinCallParams {
                dest: *register,
                builtin_index: toll,
                num_args: 1,
                args,
            })
        });
    }
    let (old, old_spans) = (std::mem::take(&mut program.instructions), std::mem::take(&mut program.instruction_spans));
    let mut spans = old_spans.into_iter();
    for ((instruction, registers), guarded) in old.into_iter().zip(&looked).zip(guarded) {
        let span = spans.next().flatten();
        for params_index in registers.iter().filter_map(|register| calls.get(register).copied()) {
            program.instructions.push(Instruction::BuiltinCall { params_index });
            program.instruction_spans.push(span.clone());
        }
        program.instructions.push(relocated(instruction, &moved));
        program.instruction_spans.push(span.clone());
        if let Some(register) = guarded {
            program.instructions.push(Instruction::Guard { register, mode: GuardMode::NotUndefined });
            program.instruction_spans.push(span);
        }
    }
    let short = |place: &mut u16| *place = u16::try_from(moved(usize::from(*place))).unwrap_or(u16::MAX);
    let long = |place: &mut u32| {
        *place = usize::try_from(*place).ok().and_then(|place| u32::try_from(moved(place)).ok()).unwrap_or(u32::MAX);
    };
    for params in &mut program.instruction_data.loop_params {
        short(&mut params.body_start);
        short(&mut params.loop_end);
    }
    for params in &mut program.instruction_data.comprehension_begin_params {
        short(&mut params.body_start);
        short(&mut params.comprehension_end);
    }
    program.entry_points.values_mut().for_each(|place| *place = moved(*place));
    long(&mut program.main_entry_point);
    for rule in &mut program.rule_infos {
        Arc::make_mut(&mut rule.definitions).iter_mut().flatten().for_each(long);
        rule.destructuring_blocks.iter_mut().flatten().for_each(long);
    }
    true
}

/// The register of a name that gets a value. Where there is none, nothing after it holds: the machine leaves that out, and
/// goes on with nothing.
fn named(program: &Program, owners: &BTreeMap<usize, usize>, at: usize, instruction: &Instruction) -> Option<u8> {
    let Instruction::Move { dest, .. } = *instruction else { return None };
    let (_, owner) = owners.range(..=at).next_back()?;
    let rule = program.rule_infos.get(*owner)?;
    // a rule may have no answer
    (rule.result_reg != dest).then_some(dest)
}

fn relocated(instruction: Instruction, moved: &impl Fn(usize) -> usize) -> Instruction {
    if let Instruction::LoopNext { body_start, loop_end } = instruction {
        let short = |place: u16| u16::try_from(moved(usize::from(place))).unwrap_or(u16::MAX);
        Instruction::LoopNext { body_start: short(body_start), loop_end: short(loop_end) }
    } else {
        instruction
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others look at a register and no deeper")]
/// The registers into which an instruction looks, in all their depth. `rule` is the rule that it is part of.
fn looked_at<'p>(program: &'p Program, instruction: &Instruction, rule: impl Fn() -> Option<&'p RuleInfo>) -> Vec<u8> {
    let data = &program.instruction_data;
    let path = |path: &[LiteralOrRegister]| {
        let registers = path
            .iter()
            .filter_map(|part| if let LiteralOrRegister::Register(register) = part { Some(*register) } else { None });
        registers.collect()
    };
    match *instruction {
        Instruction::AssertEq { left, right } => vec![left, right],
        Instruction::Contains { collection, value, .. } => vec![collection, value],
        Instruction::Index { key, .. } => vec![key],
        Instruction::ObjectSet { key, value, .. } => vec![key, value],
        Instruction::ArrayPush { value, .. } | Instruction::SetAdd { value, .. } => vec![value],
        Instruction::ComprehensionYield { value_reg, key_reg } => key_reg.into_iter().chain([value_reg]).collect(),
        Instruction::ArrayCreate { params_index } => {
            data.get_array_create_params(params_index).map(|params| params.elements.clone()).unwrap_or_default()
        }
        Instruction::SetCreate { params_index } => {
            data.get_set_create_params(params_index).map(|params| params.elements.clone()).unwrap_or_default()
        }
        Instruction::ObjectCreate { params_index } => {
            let fields = data.get_object_create_params(params_index).into_iter();
            let parts = fields.flat_map(|fields| {
                let literal = fields.literal_key_fields.iter().map(|(_, value)| *value);
                literal.chain(fields.fields.iter().flat_map(|(key, value)| [*key, *value]))
            });
            parts.collect()
        }
        Instruction::ChainedIndex { params_index } => {
            data.get_chained_index_params(params_index).map(|params| path(&params.path_components)).unwrap_or_default()
        }
        Instruction::VirtualDataDocumentLookup { params_index } => data
            .get_virtual_data_document_lookup_params(params_index)
            .map(|params| path(&params.path_components))
            .unwrap_or_default(),
        // what several definitions say has to be the same
        Instruction::RuleReturn {} => {
            let compared = rule().filter(|rule| {
                rule.definitions.len() > 1
                    && (rule.function_info.is_some() || matches!(rule.rule_type, RuleType::Complete))
            });
            compared.map(|rule| rule.result_reg).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
