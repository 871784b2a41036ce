//! What a rule may make and look at in all, in bytes. Functions of the engine work in one instruction, however much they make:
//! so each is asked first what it would make at most, of what its arguments hold. So it is where something is compared or
//! kept. The same files come to the same count on every machine.

use std::cell::RefCell;

use anyhow::Result;
use regorus::rvm::Program;
use regorus::rvm::instructions::BuiltinCallParams;
use regorus::rvm::program::BuiltinInfo;
use regorus::rvm::{Instruction, RegoVM};
use regorus::unstable::{BuiltinFcn, Expr, Ref, Span};
use regorus::{LimitError, Value};

use super::tolls;
use crate::lint::Halt;

/// Bytes for one `deny` or `warn`: some thousand for each of 100,000 grants.
const BYTES: u64 = 1 << 29;

/// Bytes that one `deny` or `warn` may look at where it compares or keeps them: some ten thousand for each of 100,000 grants.
#[cfg(not(test))]
const LOOKED: u64 = 1 << 32;

/// The rules of tests look at little, and so what is meant to be dear there looks at less, too.
#[cfg(test)]
const LOOKED: u64 = 1 << 30;

/// What one `deny` or `warn` may make and look at, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    pub made: u64,
    pub looked: u64,
}

impl Allowed {
    pub const WHOLE: Allowed = Allowed { made: BYTES, looked: LOOKED };

    /// One of so many equal parts.
    pub fn part(self, parts: u64) -> Self {
        Allowed { made: self.made / parts.max(1), looked: self.looked / parts.max(1) }
    }
}

/// What an item of a list costs, beside what it holds.
const ITEM: u64 = 64;

/// Numbers beyond are never multiplied or added: what grows with each step would be counted in digits.
const LARGEST: f64 = 1e300;

/// As many bits as such a number has.
const BITS: u64 = 1_000;

/// The most functions that the rules of a repository may call.
const SLOTS: usize = 128;

/// The names that stand for arithmetic and comparisons, which have no names of their own.
const OPERATORS: [(&str, BuiltinFcn); 9] = [
    ("+", (add, 2)),
    ("-", (subtract, 2)),
    ("*", (multiply, 2)),
    ("==", (|_, _, args, _| compared(args, |a, b| a == b), 2)),
    ("!=", (|_, _, args, _| compared(args, |a, b| a != b), 2)),
    ("<", (|_, _, args, _| compared(args, |a, b| a < b), 2)),
    ("<=", (|_, _, args, _| compared(args, |a, b| a <= b), 2)),
    (">", (|_, _, args, _| compared(args, |a, b| a > b), 2)),
    (">=", (|_, _, args, _| compared(args, |a, b| a >= b), 2)),
];

/// What stands for being kept, or compared in other ways.
const KEPT: &str = "what it keeps";

/// What is counted on this thread: rules are judged on one of their own.
#[derive(Default)]
struct Meter {
    functions: Vec<(String, BuiltinFcn)>,
    left: u64,
    looked: u64,
    exceeded: Option<TooMuch>,
    halt: Halt,
}

thread_local! {
    static METER: RefCell<Meter> = RefCell::default();
}

/// Puts the meter before every function of a program and before its arithmetic, so that it also stops where somebody asks it
/// to. False where it calls too many.
pub(super) fn install(program: &mut Program, halt: &Halt) -> bool {
    for (name, function) in OPERATORS {
        let index = program.add_builtin_info(BuiltinInfo { name: name.to_owned(), num_args: 2 });
        program.resolved_builtins.push(function);
        for at in 0..program.instructions.len() {
            let Some((dest, left, right)) = program.instructions.get(at).and_then(|one| operands(one, name)) else {
                continue;
            };
            let mut args = [0; 8];
            args.iter_mut().zip([left, right]).for_each(|(slot, register)| *slot = register);
            let params = BuiltinCallParams { dest, builtin_index: index, num_args: 2, args };
            let params_index = program.add_builtin_call_params(params);
            program
                .instructions
                .get_mut(at)
                .into_iter()
                .for_each(|one| *one = Instruction::BuiltinCall { params_index });
        }
    }
    let toll = program.add_builtin_info(BuiltinInfo { name: KEPT.to_owned(), num_args: 1 });
    program.resolved_builtins.push((|_, _, args, _| Ok(args.first().cloned().unwrap_or(Value::Undefined)), 1));
    if !tolls::insert(program, toll) {
        return false;
    }
    let names = program.builtin_info_table.iter().map(|builtin| builtin.name.clone());
    let functions: Vec<(String, BuiltinFcn)> = names.zip(program.resolved_builtins.iter().copied()).collect();
    if functions.len() > SLOTS || functions.len() != program.builtin_info_table.len() {
        return false;
    }
    for ((_, (_, count)), (slot, resolved)) in
        functions.iter().zip(slots().into_iter().zip(&mut program.resolved_builtins))
    {
        *resolved = (slot, *count);
    }
    METER.with_borrow_mut(|meter| *meter = Meter { functions, halt: halt.clone(), ..Meter::default() });
    true
}

/// The registers of an instruction that is the operator of this name.
fn operands(instruction: &Instruction, name: &str) -> Option<(u8, u8, u8)> {
    match (name, *instruction) {
        ("+", Instruction::Add { dest, left, right })
        | ("-", Instruction::Sub { dest, left, right })
        | ("*", Instruction::Mul { dest, left, right })
        | ("==", Instruction::Eq { dest, left, right })
        | ("!=", Instruction::Ne { dest, left, right })
        | ("<", Instruction::Lt { dest, left, right })
        | ("<=", Instruction::Le { dest, left, right })
        | (">", Instruction::Gt { dest, left, right })
        | (">=", Instruction::Ge { dest, left, right }) => Some((dest, left, right)),
        _ => None,
    }
}

/// Runs an entry with its bytes counted. What would have been too much, where something would.
pub(super) fn run(machine: &mut RegoVM, entry: &str, allowed: Allowed) -> Result<Value, Stopped> {
    METER.with_borrow_mut(|meter| (meter.left, meter.looked, meter.exceeded) = (allowed.made, allowed.looked, None));
    let value = machine.execute_entry_point_by_name(entry);
    match METER.with_borrow_mut(|meter| meter.exceeded.take()) {
        Some(much) => Err(Stopped::TooMuch(much)),
        None => value.map_err(|error| Stopped::Failed(Box::new(error))),
    }
}

/// What would have been too much.
pub(super) enum TooMuch {
    /// The function that would have made too many bytes.
    Made(String),
    /// What would have looked at too many.
    Looked(String),
}

/// Why there is no answer.
pub(super) enum Stopped {
    TooMuch(TooMuch),
    Failed(Box<regorus::rvm::vm::VmError>),
}

type Function = fn(&Span, &[Ref<Expr>], &[Value], bool) -> Result<Value>;

/// The function of one slot, behind the meter.
fn metered<const SLOT: usize>(span: &Span, params: &[Ref<Expr>], args: &[Value], strict: bool) -> Result<Value> {
    let (function, _) = METER.with_borrow_mut(|meter| {
        let Some((name, function)) = meter.functions.get(SLOT) else { return Err(span.error("no such function")) };
        let looks = looks(name, args, meter.looked).map(|cost| cost.max(ITEM));
        let cost = looks.unwrap_or_else(|| cost(name, args, meter.left).max(ITEM));
        let left = if looks.is_some() { &mut meter.looked } else { &mut meter.left };
        match left.checked_sub(cost).filter(|_| meter.exceeded.is_none() && !meter.halt.is_asked()) {
            Some(less) => *left = less,
            None => {
                let error = LimitError::MemoryLimitExceeded { usage: cost, limit: *left };
                let much = if looks.is_some() { TooMuch::Looked } else { TooMuch::Made };
                meter.exceeded.get_or_insert(much(name.clone()));
                return Err(error.into());
            }
        }
        Ok(*function)
    })?;
    function(span, params, args, strict)
}

macro_rules! slots {
    ($($high:literal)*) => {
        [$(
            metered::<{ $high * 8 }>, metered::<{ $high * 8 + 1 }>, metered::<{ $high * 8 + 2 }>,
            metered::<{ $high * 8 + 3 }>, metered::<{ $high * 8 + 4 }>, metered::<{ $high * 8 + 5 }>,
            metered::<{ $high * 8 + 6 }>, metered::<{ $high * 8 + 7 }>,
        )*]
    };
}

fn slots() -> [Function; SLOTS] {
    slots!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
}

/// The most that a function makes or looks at, in bytes. Anything above `limit` is as good as any other.
fn cost(name: &str, args: &[Value], limit: u64) -> u64 {
    let first = args.first();
    let deep = || args.iter().fold(0, |sum: u64, value| sum.saturating_add(size(value, limit.saturating_sub(sum))));
    let text = |place: usize| match args.get(place) {
        Some(Value::String(text)) => text.len() as u64,
        _ => 0,
    };
    let shallow = || args.iter().map(items).fold(0, u64::saturating_add).saturating_mul(ITEM);
    match name {
        "+" | "-" | "*" if args.iter().any(too_large) => u64::MAX,
        "+" | "-" | "*" => shallow(),
        "abs" | "ceil" | "count" | "floor" | "is_array" | "is_boolean" | "is_null" | "is_number" | "is_object"
        | "is_set" | "is_string" | "round" | "type_name" => ITEM,
        "object.get" => args.get(1).map_or(0, |key| size(key, limit)),
        "array.concat" | "array.reverse" | "array.slice" | "object.keys" => shallow(),
        // each item is looked for among the others
        "object.filter" | "object.remove" => shallow().saturating_add(args.get(1).map_or(0, |keys| size(keys, limit))),
        "concat" => {
            let joints = args.get(1).map_or(0, items).saturating_mul(text(0));
            deep().saturating_add(joints)
        }
        "replace" => deep().saturating_add(replaced(text(0), text(1), text(2))),
        "strings.replace_n" => {
            let Some(Value::Object(pairs)) = first else { return deep() };
            pairs.iter().fold(deep().saturating_add(text(1)), |length, pair| match pair {
                (Value::String(old), Value::String(new)) => {
                    length.saturating_add(replaced(length, old.len() as u64, new.len() as u64))
                }
                _ => length,
            })
        }
        "regex.replace" => {
            let inserted = match args.get(2) {
                Some(Value::String(new)) => {
                    let groups = new.matches('$').count() as u64;
                    (new.len() as u64).saturating_add(groups.saturating_mul(text(0)))
                }
                _ => 0,
            };
            let made = (text(0) + 1).saturating_mul(inserted);
            deep().saturating_add(made).saturating_add(expression(args.get(1)))
        }
        "sprintf" => match first {
            Some(Value::String(format)) => widths(format).saturating_add(deep().saturating_mul(8)),
            _ => deep(),
        },
        // a product has the digits of all its factors, and is worked out factor by factor
        "product" | "sum" if too_large_within(first) => u64::MAX,
        "product" => {
            let factors = first.map_or(0, items);
            factors.saturating_mul(factors).saturating_add(deep())
        }
        "json.marshal_with_options" => {
            let indents = args.get(1).map_or(0, |options| size(options, limit));
            deep().saturating_mul(indents.max(8))
        }
        "strings.count" if text(1) == 0 => u64::MAX,
        name if name.starts_with("regex.") || name.starts_with("glob.") => {
            let patterns = args.iter().map(|value| expression(Some(value))).fold(0, u64::saturating_add);
            deep().saturating_mul(4).saturating_add(patterns)
        }
        _ => deep().saturating_mul(8),
    }
}

/// The most that has to be looked at, in bytes, where that is all that is done.
fn looks(name: &str, args: &[Value], limit: u64) -> Option<u64> {
    match (name, args) {
        (KEPT, [value]) => Some(size(value, limit)),
        ("==" | "!=" | "<" | "<=" | ">" | ">=", [one, other]) => Some(match (one, other) {
            (Value::String(one), Value::String(other)) => one.len().min(other.len()) as u64,
            (Value::Array(_), Value::Array(_))
            | (Value::Set(_), Value::Set(_))
            | (Value::Object(_), Value::Object(_)) => {
                let left = size(one, limit);
                left.saturating_add(size(other, limit.saturating_sub(left)))
            }
            // it is seen at once that they differ
            _ => ITEM,
        }),
        _ => None,
    }
}

/// What a value holds, shared parts as often as they stand in it; no more than a little above the limit is looked at.
fn size(value: &Value, limit: u64) -> u64 {
    let mut open = vec![value];
    let mut sum: u64 = 0;
    while let Some(value) = open.pop() {
        sum = sum.saturating_add(match value {
            Value::String(text) => ITEM / 2 + text.len() as u64,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => ITEM / 2,
            Value::Array(_) | Value::Set(_) | Value::Object(_) => ITEM,
        });
        if sum.saturating_add(open.len() as u64) > limit {
            return sum.saturating_add(limit);
        }
        match value {
            Value::Array(list) => open.extend(list.iter()),
            Value::Set(set) => open.extend(set.iter()),
            Value::Object(object) => open.extend(object.iter().flat_map(|(key, value)| [key, value])),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => {}
        }
    }
    sum
}

fn items(value: &Value) -> u64 {
    let count = match value {
        Value::Array(list) => list.iter().count(),
        Value::Set(set) => set.len(),
        Value::Object(object) => object.len(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => 1,
    };
    count as u64
}

/// What is put into a text of `length` in the place of every `old`.
fn replaced(length: u64, old: u64, new: u64) -> u64 {
    (length / old.max(1)).saturating_add(1).saturating_mul(new)
}

/// What it takes to understand an expression once: with counts in braces as often as they say.
fn expression(value: Option<&Value>) -> u64 {
    let Some(Value::String(text)) = value else { return 0 };
    let counts = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
    let counts = counts.flat_map(|count| count.split(',')).filter_map(|count| count.trim().parse::<u64>().ok());
    let often = counts.fold(1, |product: u64, count| product.saturating_mul(count.max(1)));
    (text.len() as u64).saturating_mul(16).saturating_mul(often)
}

/// What a format asks for in widths and places. Four digits are more than any line has; the engine fails beyond.
fn widths(format: &str) -> u64 {
    let runs = format.split(|c: char| !c.is_numeric()).filter(|digits| !digits.is_empty());
    runs.fold(0, |sum: u64, digits| match digits.parse::<u64>() {
        Ok(width) if digits.len() <= 4 => sum.saturating_add(width),
        _ if format.contains('%') => u64::MAX,
        _ => sum,
    })
}

fn too_large(value: &Value) -> bool {
    match value {
        // a whole number that no float is equal to is counted in bits
        Value::Number(number) => match number.as_f64() {
            Some(number) => number.abs() > LARGEST,
            None => number.as_big().is_none_or(|number| number.bits() > BITS),
        },
        Value::Null
        | Value::Bool(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Set(_)
        | Value::Object(_)
        | Value::Undefined => false,
    }
}

fn too_large_within(list: Option<&Value>) -> bool {
    match list {
        Some(Value::Array(list)) => list.iter().any(too_large),
        Some(Value::Set(set)) => set.iter().any(too_large),
        _ => false,
    }
}

fn add(span: &Span, _: &[Ref<Expr>], args: &[Value], _: bool) -> Result<Value> {
    match args {
        [Value::Number(a), Value::Number(b)] => Ok(Value::from(a.add(b)?)),
        _ => Err(span.error("only numbers are added")),
    }
}

fn compared(args: &[Value], how: fn(&Value, &Value) -> bool) -> Result<Value> {
    Ok(match args {
        [one, other] => Value::Bool(how(one, other)),
        _ => Value::Undefined,
    })
}

fn multiply(span: &Span, _: &[Ref<Expr>], args: &[Value], _: bool) -> Result<Value> {
    match args {
        [Value::Number(a), Value::Number(b)] => Ok(Value::from(a.mul(b)?)),
        _ => Err(span.error("only numbers are multiplied")),
    }
}

fn subtract(span: &Span, _: &[Ref<Expr>], args: &[Value], _: bool) -> Result<Value> {
    match args {
        [Value::Number(a), Value::Number(b)] => Ok(Value::from(a.sub(b)?)),
        [Value::Set(a), Value::Set(b)] => Ok(Value::from(a.difference(b))),
        _ => Err(span.error("only numbers and sets are subtracted")),
    }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
