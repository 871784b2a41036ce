//! Texts in, findings out. Two machines judge: a virtual machine counts its instructions, so that no rule works without
//! end; the interpreter tells errors that the other takes for "undefined". A rule has spoken where both say the same.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::VmError;
use regorus::rvm::{Program, RegoVM};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::bounds::{Beyond, beyond};
use super::files::{Files, invalid, shown};
use super::functions::of_modules;
use super::meter::{self, Allowed, Stopped, TooMuch};
use super::recursion::{endless, of_program};
use super::verdict::{ANSWERS, Verdict, clauses, finding, verdicts};
use super::{FORBIDDEN, TESTS, Tested, idioms, unjudged};
use crate::access::reading::quote;
use crate::finding::{Finding, Place};
use crate::lint::Halt;

/// Instructions that one `deny` or `warn` may take: some hundred for each of 100,000 grants. Counted, so that the same
/// files are judged alike on every machine.
const INSTRUCTIONS: usize = 50_000_000;

/// So many of them may take that much each; where there are more, all of them have as much together.
const WHOLE: usize = 16;

/// The longest that the interpreter may take. The other machine has counted the work before, so this is a last resort.
const LONGEST: Duration = Duration::from_secs(60);

/// Bytes for each of the rules that there may be: 4,000. What isn't used is never there.
const STACK: usize = 4_000 * (64 << 10);

/// Judges a document, JSON text, by files of rules, pairs of path and text. `known` are the files that a rule may point to.
/// Rules that can't be judged are findings too.
pub fn judge(files: &[(&str, &str)], input: &str, known: &BTreeSet<&str>, halt: &Halt) -> Vec<Finding> {
    judge_within(INSTRUCTIONS, files, input, known, halt)
}

/// The same, with another number of instructions for each `deny` and `warn`.
pub(super) fn judge_within(
    instructions: usize,
    files: &[(&str, &str)],
    input: &str,
    known: &BTreeSet<&str>,
    halt: &Halt,
) -> Vec<Finding> {
    let files = Files::of(files);
    let judged = deeply(&files, || match prepare(&files, input, halt) {
        Ok(mut judge) => {
            let verdicts = std::mem::take(&mut judge.verdicts);
            let parts = verdicts.len().div_ceil(WHOLE).max(1);
            judge.machine.set_max_instructions(instructions / parts);
            judge.allowed = judge.allowed.part(parts as u64);
            let verdicts = verdicts.iter().take_while(|_| !halt.is_asked());
            verdicts.flat_map(|verdict| judge.answers(verdict, known)).collect()
        }
        Err(findings) => findings,
    });
    judged.unwrap_or_else(|failed| failed)
}

/// Does work that goes as deep as the rules do, on a stack that holds the most rules that there may be.
fn deeply<T: Send>(files: &Files<'_>, work: impl FnOnce() -> T + Send) -> Result<T, Vec<Finding>> {
    let why = "custom rules can't be judged: no thread could be started".to_owned();
    let failed = || vec![invalid(files.first(), why, "try again")];
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(|_| failed())?;
        // the engine has panics of its own: the same files come to the same one on every machine
        thread.join().map_err(|_| {
            let why = "custom rules can't be judged: the engine fails on what they say".to_owned();
            vec![invalid(
                files.first(),
                why,
                "look for a line of more than 65,000 characters, or for odd arguments of a function",
            )]
        })
    })
}

/// Rules, ready to be asked.
struct Judge<'a> {
    files: Files<'a>,
    machine: RegoVM,
    /// What each `deny` and `warn` may make and look at.
    allowed: Allowed,
    program: Arc<Program>,
    interpreter: Engine,
    verdicts: Vec<Verdict>,
}

fn prepare<'a>(files: &Files<'a>, input: &str, halt: &Halt) -> Result<Judge<'a>, Vec<Finding>> {
    let mut written = load(files)?;
    let modules = written.get_modules().clone();
    let verdicts = verdicts(&mut written, files).map_err(|nothing| {
        // a slip in the name of the one rule that judges is told as that
        let unasked = unjudged::unasked(&modules, &BTreeSet::new(), files);
        let near: Vec<Finding> = unasked.into_iter().filter(|one| one.help.starts_with("did you mean")).collect();
        if near.is_empty() { nothing } else { near }
    })?;
    let unbound = unjudged::of_nothing(&modules, files).into_iter().chain(unjudged::unbound(&modules, files));
    let unbound: Vec<Finding> = unbound.collect();
    if !unbound.is_empty() {
        return Err(unbound);
    }
    let files = idioms::reword(&modules, files)?;
    let mut engine = load(&files)?;
    let whole = |why: String| vec![invalid(files.first(), why, "correct the rule")];
    let first = verdicts.first().map(|verdict| verdict.entry.as_str()).unwrap_or_default();
    let compiled = engine.compile_with_entrypoint(&first.into()).map_err(|e| vec![files.told(&e.to_string())])?;
    let entries: Vec<&str> = verdicts.iter().map(|verdict| verdict.entry.as_str()).collect();
    let program =
        Compiler::compile_from_policy(&compiled, &entries).map_err(|error| vec![files.told(&error.to_string())])?;
    if let Some(rule) = endless(of_program(&program)).and_then(|number| program.rule_infos.get(number)) {
        return Err(vec![depends_on_itself(&clauses(&mut engine, &files), &files, &rule.name)]);
    }
    let asked: BTreeSet<String> = program.rule_infos.iter().map(|rule| rule.name.clone()).collect();
    let unasked = unjudged::unasked(&modules, &asked, &files);
    if !unasked.is_empty() {
        return Err(unasked);
    }
    let mut program = Arc::unwrap_or_clone(program);
    let called = program.builtin_info_table.iter().map(|builtin| builtin.name.as_str());
    if let Some(name) = called.into_iter().find(|name| FORBIDDEN.contains(name)) {
        return Err(whole(idioms::forbidden(name)));
    }
    if !meter::install(&mut program, halt) {
        return Err(whole("the custom rules call too many functions".to_owned()));
    }
    let program = Arc::new(program);
    let input = Value::from_json_str(input).map_err(|error| whole(error.to_string()))?;
    let mut machine = RegoVM::new_with_policy(compiled);
    machine.load_program(Arc::clone(&program));
    machine.set_data(Value::new_object()).map_err(|error| whole(error.to_string()))?;
    machine.set_input(input.clone());
    engine.set_input(input);
    Ok(Judge { files, machine, allowed: Allowed::WHOLE, program, interpreter: engine, verdicts })
}

/// Reads every file. Each is known to the engine by its number, so that no name can disturb what it says.
pub(super) fn load(files: &Files<'_>) -> Result<Engine, Vec<Finding>> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: LONGEST,
        check_interval: NonZeroU32::MIN.saturating_add(1023),
    });
    let mut findings = Vec::new();
    for (number, ((path, _), text)) in files.written().zip(files.read()).enumerate() {
        if let Some(Beyond { at, what, help }) = beyond(&text) {
            let message = format!("a custom rule can't be judged: {what}");
            let before = text.get(..at).unwrap_or_default();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
            let number_of = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
            let (line, column) = (number_of(before.matches('\n').count()), number_of(column));
            let place = files.position(&number.to_string(), line, column);
            findings.push(invalid(place.unwrap_or_else(|| files.first()), message, help));
        } else if let Err(error) = engine.add_policy(number.to_string(), text.into_owned()) {
            let mut finding = files.told(&error.to_string());
            path.clone_into(&mut finding.place.file);
            findings.push(finding);
        }
    }
    if findings.is_empty() { Ok(engine) } else { Err(findings) }
}

impl Judge<'_> {
    fn answers(&mut self, verdict: &Verdict, known: &BTreeSet<&str>) -> Vec<Finding> {
        let value = match self.ask(verdict) {
            Ok(value) => value,
            Err(finding) => return vec![*finding],
        };
        let Ok(set) = value.as_set() else {
            let message = format!("{} is not a set", quote(&verdict.name));
            let help = format!("write `{} contains message if {{ … }}`", verdict.word());
            return vec![invalid(verdict.place.clone(), message, &help)];
        };
        let answer = |value| {
            finding(value, verdict, known).unwrap_or_else(|why| {
                let message = format!("{} answers {why}", quote(&verdict.name));
                invalid(verdict.place.clone(), message, ANSWERS)
            })
        };
        set.iter().map(answer).collect()
    }

    fn ask(&mut self, verdict: &Verdict) -> Result<Value, Box<Finding>> {
        let value = meter::run(&mut self.machine, &verdict.entry, self.allowed).map_err(|stopped| match stopped {
            Stopped::Failed(error) => self.stopped(verdict, &error),
            Stopped::TooMuch(much) => Box::new(self.too_much(verdict, &much)),
        })?;
        let fails = |place: Option<Place>, why: &str, help| {
            let message = format!("{} fails: {why}", quote(&verdict.name));
            Box::new(invalid(place.unwrap_or_else(|| verdict.place.clone()), message, help))
        };
        let again = self.interpreter.eval_rule(verdict.entry.clone()).map_err(|error| {
            let (place, why) = self.files.split(&error.to_string());
            fails(place, &why, "let the rule ask first whether it can do that")
        })?;
        if again == value {
            return Ok(value);
        }
        Err(fails(None, "two ways to run it give two answers", "write the rule in simpler words"))
    }

    fn too_much(&self, verdict: &Verdict, much: &TooMuch) -> Finding {
        let name = quote(&verdict.name);
        let message = match much {
            TooMuch::Made(function) => {
                let bytes = self.allowed.made;
                format!("{name} makes more than {bytes} bytes, or too large a number, with {}", quote(function))
            }
            TooMuch::Looked(what) => {
                format!("{name} looks at more than {} bytes, with {}", self.allowed.looked, quote(what))
            }
        };
        invalid(self.at(verdict), message, "let it look at less at once: no text, list or number may grow step by step")
    }

    /// Where the machine stands, or else where the rule does.
    fn at(&self, verdict: &Verdict) -> Place {
        let span = self.program.instruction_spans.get(self.machine.get_pc()).and_then(Option::as_ref);
        let at = span.and_then(|span| {
            let source = self.program.sources.get(span.source_index)?;
            self.files.position(&source.name, u32::try_from(span.line).ok()?, u32::try_from(span.column).ok()?)
        });
        at.unwrap_or_else(|| verdict.place.clone())
    }

    fn stopped(&self, verdict: &Verdict, error: &VmError) -> Box<Finding> {
        let place = self.at(verdict);
        let name = quote(&verdict.name);
        Box::new(if let VmError::InstructionLimitExceeded { limit, .. } = error {
            let message = format!("{name} does not come to an end within {limit} instructions");
            invalid(place, message, "look up by id what it now searches for, such as `input.people[id]`")
        } else {
            let (inner, why) = self.files.split(&error.to_string());
            invalid(
                inner.unwrap_or(place),
                format!("{name} fails: {why}"),
                "let the rule ask first whether it can do that",
            )
        })
    }
}

fn depends_on_itself(clauses: &[(String, String, Place)], files: &Files<'_>, rule: &str) -> Finding {
    let place = clauses.iter().find(|(package, name, _)| rule == format!("data.{package}.{name}"));
    let place = place.map_or_else(|| files.first(), |(_, _, place)| place.clone());
    let name = rule.strip_prefix("data.").unwrap_or(rule);
    let message =
        format!("a custom rule can't be judged: {} depends on itself, or on too many others in a row", quote(name));
    invalid(place, message, "let no rule ask for itself, nor for one that asks for it")
}

/// Runs every `test_` rule of the files whose names end in `_test.rego`.
///
/// # Errors
///
/// Findings where the files can't be read.
pub fn test(files: &[(&str, &str)]) -> Result<Tested, Vec<Finding>> {
    let files = Files::of(files);
    deeply(&files, || {
        let mut written = load(&files)?;
        run_tests(&idioms::with_names(written.get_modules(), &files)?)
    })
    .unwrap_or_else(Err)
}

fn run_tests(files: &Files<'_>) -> Result<Tested, Vec<Finding>> {
    let mut engine = load(files)?;
    engine.set_enable_coverage(true);
    let mut tested = Tested::default();
    let clauses = clauses(&mut engine, files);
    let (functions, calls) = of_modules(engine.get_modules());
    if let Some(function) = endless(calls).and_then(|number| functions.get(number)) {
        return Err(vec![depends_on_itself(&clauses, files, function)]);
    }
    for (package, name, place) in clauses {
        if !place.file.ends_with(TESTS) || !name.starts_with("test_") {
            continue;
        }
        let outcome = match engine.eval_rule(format!("data.{package}.{name}")) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Undefined) => Some("is undefined: one of its lines does not hold".to_owned()),
            Ok(value) => Some(format!("is {}, not true", shown(&value.to_string()))),
            Err(error) => Some(format!("fails: {}", files.split(&error.to_string()).1)),
        };
        tested.tests.push((format!("{package}.{name}"), place, outcome));
    }
    tested.tests.dedup_by(|a, b| a.0 == b.0);
    let report = engine.get_coverage_report().map_err(|error| vec![files.told(&error.to_string())])?;
    for file in report.files {
        if let Some(path) = files.path(&file.path).filter(|path| !path.ends_with(TESTS)) {
            tested.coverage.insert(path.to_owned(), (file.covered, file.not_covered));
        }
    }
    Ok(tested)
}
