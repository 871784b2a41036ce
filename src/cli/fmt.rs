//! `dualkey fmt`

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use super::{Exit, RepoOption, Stop, context, output, written};
use crate::access::reading::{self, Claim, FileKind};
use crate::access::style;
use crate::finding::Finding;
use crate::report;
use crate::repository::{Repository, Snapshot};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey fmt                                every file of the work tree\n  \
                        dualkey fmt --check grants                 what would change below a folder\n  \
                        dualkey fmt --stdin people/ann.yaml < new  a text, as the file of that name")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    /// Files, or folders with all below them [default: the whole repository]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing, and show what would change
    #[arg(long)]
    check: bool,
    /// Read a text and print it; the one path says what it is
    #[arg(long)]
    stdin: bool,
}

/// What is to be said of the files that were looked at.
#[derive(Debug, Default)]
struct Told {
    findings: Vec<Finding>,
    lines: Vec<reading::Parsed>,
    unproven: Vec<(String, style::StyleError)>,
    changed: Vec<(String, String, String)>,
}

impl Told {
    /// Formats one file, and keeps what came of it.
    fn look(&mut self, path: &str, kind: FileKind, bytes: &[u8], size: u64) -> Option<String> {
        let parsed = reading::read(path, bytes, size);
        if !parsed.findings.is_empty() {
            self.findings.extend(parsed.findings.iter().cloned());
            self.lines.push(parsed);
            return None;
        }
        let text = parsed.source.as_str();
        match style::format(kind, text) {
            Ok(written) => {
                if written != text {
                    self.changed.push((path.to_owned(), text.to_owned(), written.clone()));
                }
                Some(written)
            }
            Err(error) => {
                self.unproven.push((path.to_owned(), error));
                None
            }
        }
    }

    /// Says which files were left alone, and why.
    fn show(&self, print: fn(&str)) -> Exit {
        let style = output::style();
        if !self.findings.is_empty() {
            let find = |path: &str| self.lines.iter().find(|parsed| &*parsed.source.path == path);
            let lines = |path: &str, line| find(path).map(|parsed| parsed.source.line_text(line));
            print(&report::findings::lint(&self.findings, self.lines.len(), &lines, style));
        }
        for (path, error) in &self.unproven {
            let message = format!("`{path}` is left as it is: {error}");
            print(&report::errors::error(&message, Some("rewrite the place by hand, and report the file"), style));
        }
        if self.findings.is_empty() && self.unproven.is_empty() { Exit::Done } else { Exit::Findings }
    }
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    if options.stdin {
        return stdin(options);
    }
    let repository = context::open(&options.repo)?;
    let snapshot = Snapshot::of_work_tree(&repository)?;
    let wanted = wanted(options, &repository)?;
    let mut told = Told::default();
    let mut seen = 0;
    for (path, file) in snapshot.files() {
        let path = path.as_str();
        let Claim::File(kind, _) = FileKind::of_path(path) else { continue };
        if wanted.iter().any(|wanted| Path::new(path).starts_with(wanted)) {
            seen += 1;
            told.look(path, kind, &file.content.bytes(), file.content.size());
        }
    }
    // what has no safe path, such as a symbolic link, is never written
    let unsafe_paths = snapshot.findings().iter();
    told.findings
        .extend(unsafe_paths.filter(|f| wanted.iter().any(|w| Path::new(&f.place.file).starts_with(w))).cloned());
    if seen == 0 && told.findings.is_empty() && !options.paths.is_empty() {
        return Err(Stop::usage("no access file stands there", "name files or folders of the access repository"));
    }
    if options.check {
        for (path, before, after) in &told.changed {
            output::print(&report::fmt::diff(path, before, after, output::style()));
        }
    } else {
        let files = told.changed.iter().map(|(path, _, after)| (path.clone(), Some(after.clone())));
        written::write(&repository, &files.collect())?;
    }
    let exit = told.show(output::print);
    output::print(&report::fmt::summary(told.changed.iter().map(|(path, ..)| path.as_str()), seen, options.check));
    let unlike = if options.check && !told.changed.is_empty() { Exit::Findings } else { Exit::Done };
    Ok(exit.worst(unlike))
}

/// Paths within the repository that were asked for.
fn wanted(options: &Options, repository: &Repository) -> Result<Vec<PathBuf>, Stop> {
    if options.paths.is_empty() {
        return Ok(vec![PathBuf::new()]);
    }
    let root = repository.work_dir();
    let root = root.canonicalize().map_err(|error| Stop::io("reading", root, &error))?;
    let here = match &options.repo.repo {
        Some(_) => root.clone(),
        None => std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .map_err(|error| Stop::io("reading", Path::new("."), &error))?,
    };
    let within = |path: &PathBuf| {
        let mut whole = PathBuf::new();
        for part in here.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    whole.pop();
                }
                Component::Normal(_) | Component::RootDir | Component::Prefix(_) => whole.push(part),
            }
        }
        whole.strip_prefix(&root).map(Path::to_owned).map_err(|_| {
            let message = format!("`{}` is not in the access repository", path.display());
            Stop::usage(message, "name files or folders of the access repository")
        })
    };
    options.paths.iter().map(within).collect()
}

/// Formats what comes on standard input.
fn stdin(options: &Options) -> Result<Exit, Stop> {
    let usage = || Stop::usage("`--stdin` needs the one path that the text is meant for", "such as `people/ann.yaml`");
    let [path] = options.paths.as_slice() else { return Err(usage()) };
    let path = path.to_str().ok_or_else(usage)?;
    let Claim::File(kind, _) = FileKind::of_path(path) else { return Err(usage()) };
    let mut text = Vec::new();
    let limit = reading::MAX_SIZE + 1;
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut text);
    read.map_err(|error| Stop::io("reading", Path::new("standard input"), &error))?;
    let size = u64::try_from(text.len()).unwrap_or(limit);
    let mut told = Told::default();
    let written = told.look(path, kind, &text, size);
    match (written, options.check) {
        (Some(written), false) => output::print(&written),
        (_, _) => {
            for (path, before, after) in &told.changed {
                output::print(&report::fmt::diff(path, before, after, output::style()));
            }
        }
    }
    let unlike = if options.check && !told.changed.is_empty() { Exit::Findings } else { Exit::Done };
    Ok(told.show(output::error).worst(unlike))
}
