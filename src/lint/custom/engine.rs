//! Texts in, findings out. Two machines judge: a virtual machine counts its instructions, so that no rule works without
//! end; the interpreter tells errors that the other takes for "undefined". A rule has spoken where both say the same.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::VmError;
use regorus::rvm::{Program, RegoVM};
use regorus::unstable::{Rule as Clause, RuleHead, Span};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde::Deserialize;

use super::bounds::{Beyond, beyond};
use super::functions::of_modules;
use super::meter::{self, Allowed, Stopped, TooMuch};
use super::recursion::{endless, of_program};
use super::{CUSTOM_DENY, CUSTOM_WARNING, INVALID_REGO, TESTS, Tested};
use crate::access::reading::{is_hidden, quote};
use crate::finding::{Finding, Place, Rule};
use crate::lint::Halt;

/// Instructions that one `deny` or `warn` may take: some hundred for each of 100,000 grants. Counted, so that the same
/// files are judged alike on every machine.
const INSTRUCTIONS: usize = 50_000_000;

/// So many of them may take that much each; where there are more, all of them have as much together.
const WHOLE: usize = 16;

/// Functions that answer by chance, print, or work without end in one instruction.
const FORBIDDEN: &[&str] = &[
    "bits.lsh",
    "json.unmarshal",
    "numbers.range",
    "numbers.range_step",
    "print",
    "rand.intn",
    "to_number",
    "trace",
    "units.parse",
    "units.parse_bytes",
];

/// The longest that the interpreter may take. The other machine has counted the work before, so this is a last resort.
const LONGEST: Duration = Duration::from_secs(60);

/// Bytes for each of the rules that there may be: 4,000. What isn't used is never there.
const STACK: usize = 4_000 * (64 << 10);

const ANSWERS: &str = "let it hold texts, or objects of `message` and, where they help, `file`, `line`, `help`; files and \
                       lines are in the input";

/// So many characters of a rule's own text are shown.
const SHOWN: usize = 500;

/// What a rule may answer instead of a text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    message: String,
    help: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

/// One `deny` or `warn` of a package.
struct Verdict {
    /// `data.PACKAGE.deny`
    entry: String,
    /// `PACKAGE.deny`
    name: String,
    rule: &'static Rule,
    /// Where it is written first.
    place: Place,
}

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
    let judged = deeply(files, || match prepare(files, input, halt) {
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
fn deeply<T: Send>(files: &[(&str, &str)], work: impl FnOnce() -> T + Send) -> Result<T, Vec<Finding>> {
    let why = "custom rules can't be judged: no thread could be started".to_owned();
    let failed = || vec![invalid(first(files), why, "try again")];
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(|_| failed())?;
        // the engine has panics of its own: the same files come to the same one on every machine
        thread.join().map_err(|_| {
            let why = "custom rules can't be judged: the engine fails on what they say".to_owned();
            vec![invalid(
                first(files),
                why,
                "look for a line of more than 65,000 characters, or for odd arguments of a function",
            )]
        })
    })
}

/// Rules, ready to be asked.
struct Judge<'a> {
    files: &'a [(&'a str, &'a str)],
    machine: RegoVM,
    /// What each `deny` and `warn` may make and look at.
    allowed: Allowed,
    program: Arc<Program>,
    interpreter: Engine,
    verdicts: Vec<Verdict>,
}

fn prepare<'a>(files: &'a [(&'a str, &'a str)], input: &str, halt: &Halt) -> Result<Judge<'a>, Vec<Finding>> {
    let mut engine = load(files)?;
    let verdicts = verdicts(&mut engine, files)?;
    let whole = |why: String| vec![invalid(first(files), why, "correct the rule")];
    let first = verdicts.first().map(|verdict| verdict.entry.as_str()).unwrap_or_default();
    let compiled = engine.compile_with_entrypoint(&first.into()).map_err(|e| vec![told(files, &e.to_string())])?;
    let entries: Vec<&str> = verdicts.iter().map(|verdict| verdict.entry.as_str()).collect();
    let program =
        Compiler::compile_from_policy(&compiled, &entries).map_err(|error| vec![told(files, &error.to_string())])?;
    if let Some(rule) = endless(of_program(&program)).and_then(|number| program.rule_infos.get(number)) {
        return Err(vec![depends_on_itself(&clauses(&mut engine, files), files, &rule.name)]);
    }
    let mut program = Arc::unwrap_or_clone(program);
    let called = program.builtin_info_table.iter().map(|builtin| builtin.name.as_str());
    let forbidden: BTreeSet<&str> = called.filter(|name| FORBIDDEN.contains(name)).collect();
    if !forbidden.is_empty() {
        return Err(forbidden.into_iter().map(|name| forbidden_call(files, name)).collect());
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
fn load(files: &[(&str, &str)]) -> Result<Engine, Vec<Finding>> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: LONGEST,
        check_interval: NonZeroU32::MIN.saturating_add(1023),
    });
    let mut findings = Vec::new();
    for (number, (path, text)) in files.iter().enumerate() {
        if let Some(Beyond { at, what, help }) = beyond(text) {
            let message = format!("a custom rule can't be judged: {what}");
            let before = text.get(..at).unwrap_or_default();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
            let number_of = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
            let (line, column) = (number_of(before.matches('\n').count()), number_of(column));
            let place = position(files, &number.to_string(), line, column);
            findings.push(invalid(place.unwrap_or_else(|| first(files)), message, help));
        } else if let Err(error) = engine.add_policy(number.to_string(), (*text).to_owned()) {
            let mut finding = told(files, &error.to_string());
            finding.place.file = (*path).to_owned();
            findings.push(finding);
        }
    }
    if findings.is_empty() { Ok(engine) } else { Err(findings) }
}

/// Rules by the name of what they define: package, name, and where.
fn clauses(engine: &mut Engine, files: &[(&str, &str)]) -> Vec<(String, String, Place)> {
    let mut found = Vec::new();
    for module in engine.get_modules().iter() {
        for clause in &module.policy {
            let head = match clause.as_ref() {
                Clause::Spec { head: RuleHead::Compr { refr, .. }, .. }
                | Clause::Spec { head: RuleHead::Set { refr, .. }, .. }
                | Clause::Spec { head: RuleHead::Func { refr, .. }, .. }
                | Clause::Default { refr, .. } => refr,
            };
            let span = head.span();
            let name = span.text().split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            found.push((module.package.refr.span().text().to_owned(), name.to_owned(), place(files, span)));
        }
    }
    found.sort();
    found
}

fn verdicts(engine: &mut Engine, files: &[(&str, &str)]) -> Result<Vec<Verdict>, Vec<Finding>> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (package, name, place) in clauses(engine, files) {
        let rule = match name.as_str() {
            "deny" => &CUSTOM_DENY,
            "warn" => &CUSTOM_WARNING,
            _ => continue,
        };
        let entry = format!("data.{package}.{name}");
        if verdicts.last().is_none_or(|last| last.entry != entry) {
            verdicts.push(Verdict { entry, name: format!("{package}.{name}"), rule, place });
        }
    }
    if verdicts.is_empty() {
        let message = "no package of the custom rules has a `deny` or a `warn`, so nothing is judged".to_owned();
        let help = "write `deny contains message if { … }`, or delete the files";
        return Err(vec![invalid(first(files), message, help)]);
    }
    Ok(verdicts)
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
            let (place, why) = split(self.files, &error.to_string());
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
            position(self.files, &source.name, u32::try_from(span.line).ok()?, u32::try_from(span.column).ok()?)
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
            let (inner, why) = split(self.files, &error.to_string());
            invalid(
                inner.unwrap_or(place),
                format!("{name} fails: {why}"),
                "let the rule ask first whether it can do that",
            )
        })
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        if self.rule == &CUSTOM_DENY { "deny" } else { "warn" }
    }
}

/// The finding that an answer asks for, or what is wrong with the answer.
fn finding(value: &Value, verdict: &Verdict, known: &BTreeSet<&str>) -> Result<Finding, String> {
    let answer = match value {
        Value::String(text) => Answer { message: text.to_string(), help: None, file: None, line: None },
        Value::Object(fields) if fields.iter().any(|(_, value)| is_list(value)) => {
            return Err("an object of another shape: it holds more than texts and numbers".to_owned());
        }
        Value::Object(_) => {
            let json = serde_json::to_value(value).map_err(|error| quote(&error.to_string()))?;
            serde_json::from_value(json)
                .map_err(|error| format!("an object of another shape: {}", quote(&error.to_string())))?
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Set(_) | Value::Undefined => {
            return Err("something that is neither a text nor an object".to_owned());
        }
    };
    if answer.message.trim().is_empty() {
        return Err("an empty message".to_owned());
    }
    let place = match (answer.file, answer.line) {
        (Some(file), _) if !known.contains(file.as_str()) => {
            return Err(format!("the file {}, which the input doesn't name", quote(&file)));
        }
        (Some(_), Some(0)) => return Err("line 0; lines count from 1".to_owned()),
        (Some(file), line) => {
            let line = line.unwrap_or(1);
            Place { file, line, column: 1, end_line: line, end_column: 1 }
        }
        (None, Some(_)) => return Err("a line without its file".to_owned()),
        (None, None) => verdict.place.clone(),
    };
    let help = match answer.help {
        Some(help) => shown(&help),
        None => format!("change what the message names; the rule is in {}", verdict.place.file),
    };
    Ok(Finding::new(verdict.rule, place, format!("{} (`{}`)", shown(&answer.message), verdict.name), help))
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Set(_) | Value::Object(_))
}

/// A rule's own text in one line, without what can't be seen.
fn shown(text: &str) -> String {
    let mut line = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count == SHOWN {
            line.push('…');
            break;
        }
        match c {
            '\n' | '\t' => line.push(' '),
            c if is_hidden(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

fn forbidden_call(files: &[(&str, &str)], name: &str) -> Finding {
    let call = |(path, text): &(&str, &str)| {
        text.lines().zip(1..).find_map(|(line, number)| {
            let at = line.split('#').next().unwrap_or_default().find(name)?;
            let column = u32::try_from(line.get(..at)?.chars().count()).ok()? + 1;
            Some(Place { file: (*path).to_owned(), line: number, column, end_line: number, end_column: column })
        })
    };
    let place = files.iter().find_map(call).unwrap_or_else(|| first(files));
    let message = format!("{} is not there for rules that judge", quote(name));
    invalid(place, message, "the same files must always be judged alike, in bounded time; `input.now` is the clock")
}

fn invalid(place: Place, message: String, help: &str) -> Finding {
    Finding::new(&INVALID_REGO, place, message, help)
}

fn first(files: &[(&str, &str)]) -> Place {
    Place::whole_file(files.first().map_or("policies", |(path, _)| path))
}

fn position(files: &[(&str, &str)], number: &str, line: u32, column: u32) -> Option<Place> {
    let (path, _) = files.get(number.parse::<usize>().ok()?)?;
    let (line, column) = (line.max(1), column.max(1));
    Some(Place { file: (*path).to_owned(), line, column, end_line: line, end_column: column })
}

fn place(files: &[(&str, &str)], span: &Span) -> Place {
    position(files, span.source.get_path(), span.line, span.col).unwrap_or_else(|| first(files))
}

/// What the engine says, as a finding.
fn told(files: &[(&str, &str)], text: &str) -> Finding {
    let (place, why) = split(files, text);
    invalid(place.unwrap_or_else(|| first(files)), format!("a custom rule can't be judged: {why}"), "correct the rule")
}

fn depends_on_itself(clauses: &[(String, String, Place)], files: &[(&str, &str)], rule: &str) -> Finding {
    let place = clauses.iter().find(|(package, name, _)| rule == format!("data.{package}.{name}"));
    let place = place.map_or_else(|| first(files), |(_, _, place)| place.clone());
    let name = rule.strip_prefix("data.").unwrap_or(rule);
    let message =
        format!("a custom rule can't be judged: {} depends on itself, or on too many others in a row", quote(name));
    invalid(place, message, "let no rule ask for itself, nor for one that asks for it")
}

/// The engine writes `--> FILE:LINE:COLUMN`, the line itself, and `error: MESSAGE`.
fn split(files: &[(&str, &str)], text: &str) -> (Option<Place>, String) {
    let place = text.lines().find_map(|line| {
        let mut parts = line.split_once("--> ")?.1.splitn(3, ':');
        position(files, parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)
    });
    let message = text.rsplit_once("error: ").map_or(text, |(_, message)| message);
    // where a circle is told, its way follows, line by line as in the files
    let message = message.split_once(":\n").map_or(message, |(message, _)| message);
    (place, shown(message))
}

/// Runs every `test_` rule of the files whose names end in `_test.rego`.
///
/// # Errors
///
/// Findings where the files can't be read.
pub fn test(files: &[(&str, &str)]) -> Result<Tested, Vec<Finding>> {
    deeply(files, || run_tests(files)).unwrap_or_else(Err)
}

fn run_tests(files: &[(&str, &str)]) -> Result<Tested, Vec<Finding>> {
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
            Err(error) => Some(format!("fails: {}", split(files, &error.to_string()).1)),
        };
        tested.tests.push((format!("{package}.{name}"), place, outcome));
    }
    tested.tests.dedup_by(|a, b| a.0 == b.0);
    let report = engine.get_coverage_report().map_err(|error| vec![told(files, &error.to_string())])?;
    for file in report.files {
        let path = file.path.parse::<usize>().ok().and_then(|number| files.get(number)).map(|(path, _)| *path);
        if let Some(path) = path.filter(|path| !path.ends_with(TESTS)) {
            tested.coverage.insert(path.to_owned(), (file.covered, file.not_covered));
        }
    }
    Ok(tested)
}
