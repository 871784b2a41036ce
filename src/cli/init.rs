//! `dualkey init`

mod files;
mod github;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::context::{self, Clock, Look};
use super::shared::LogKeyOption;
use super::written::{self, Files};
use super::{Exit, NowOption, Stop, audit, output};
use crate::access::{LastRead, OrganizationId, PersonId};
use crate::audit::LogKey;
use crate::doctor::codeowners;
use crate::report::escape::terminal;
use crate::repository::{Repository, SigningKey, program};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey init access      one admin: you, from git's settings\n  \
                        dualkey init access --admin priya.shah=priya.pub \\\n      \
                        --admin mei.tanaka=mei.pub --admin sven.olsen=sven.pub\n  \
                        dualkey init access --admin priya.shah=priya.pub --account priya.shah=priyashah:583231 \\\n      \
                        --github northwind/access:734512 --organization-id 9919      on GitHub: approvals by pull\n      \
                        requests there, and the access of that organisation")]
pub struct Options {
    #[command(flatten)]
    now: NowOption,
    /// The folder of the new repository
    dir: PathBuf,
    /// Somebody who approves: id and file of the public SSH key; once for each [default: you, from git's settings]
    #[arg(long, value_name = "ID=KEYFILE")]
    admin: Vec<String>,
    /// The organization's id [default: the OWNER of --github, else the folder's name]
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Where the private half of the log's key goes, outside of any repository [default: DIR.log-key]
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    /// Prove approvals by pull requests of this repository on GitHub, and write its workflows and rulesets
    #[arg(long, value_name = "OWNER/NAME:ID")]
    github: Option<String>,
    /// The number of OWNER at GitHub, whose access is to be managed; `gh api orgs/OWNER --jq .id` prints it [default:
    /// embedded targets stand in, and nothing real is changed]
    #[arg(long, value_name = "NUMBER", requires = "github", value_parser = clap::value_parser!(u64).range(1..))]
    organization_id: Option<u64>,
    /// An admin's account at GitHub; once for each
    #[arg(long, value_name = "ID=LOGIN:NUMBER", requires = "github")]
    account: Vec<String>,
}

/// The file without which there is no access repository.
const SETTINGS: &str = "dualkey.yaml";

/// What dualkey.yaml says that isn't the same for all.
#[derive(Debug)]
struct Settings<'a> {
    organization: &'a str,
    branch: &'a str,
    log_key: &'a str,
    /// Where it is on GitHub, if pull requests prove approvals.
    home: Option<&'a Home>,
    /// The number of the organisation on GitHub whose access is managed; None where embedded targets stand in.
    managed: Option<u64>,
    /// What is typed for the file of the log's private key.
    key_file: &'a str,
    /// And for that of its first checkpoint, on GitHub.
    checkpoint: &'a str,
}

/// A repository on GitHub.
#[derive(Debug)]
struct Home {
    /// OWNER/NAME
    name: String,
    id: u64,
}

impl Home {
    /// The organisation or user whose repository it is.
    fn owner(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }
}

/// Somebody who approves from the first day.
#[derive(Debug)]
struct Admin {
    id: PersonId,
    name: String,
    email: Option<String>,
    /// The public key's line.
    key: String,
    /// Login and number at GitHub.
    account: Option<(String, u64)>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let home = options.github.as_deref().map(github::home).transpose()?;
    let dir = std::path::absolute(&options.dir).map_err(|error| Stop::io("finding", &options.dir, &error))?;
    // `access/.` and `access` are one folder, whose name is needed
    let dir: PathBuf = dir.components().collect();
    let clock = options.now.clock()?;
    let organization = organization(options, home.as_ref(), &dir)?;
    let mut admins = admins(options)?;
    accounts(options, &mut admins)?;
    let key_file = key_file(options, &dir)?;
    let begun = dir.join(".git").symlink_metadata().is_ok();
    let name = format!("{organization}-access");
    let kept = kept_key(&key_file, &dir, &name)?;
    let is_new = kept.is_none();
    let log_key = match kept {
        Some(key) => key,
        None => LogKey::generate(&name, &mut rand_core::OsRng).map_err(|error| Stop::of(Exit::Usage, &error))?,
    };
    let branch = match begun {
        true => git(&["symbolic-ref", "--short", "HEAD"], Some(&dir))?,
        false => "main".to_owned(),
    };
    let typed = typed(options, &key_file);
    // pipelines keep the log's checkpoint from the first run on
    let checkpoint = home.as_ref().map(|_| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        format!("../{name}.checkpoint")
    });
    let settings = Settings {
        organization: organization.as_str(),
        branch: &branch,
        log_key: &log_key.verifier().to_string(),
        home: home.as_ref(),
        managed: options.organization_id,
        key_file: &typed,
        checkpoint: checkpoint.as_deref().unwrap_or_default(),
    };
    let mut files = files::files(&settings, &admins)?;
    refuse_to_overwrite(&dir, &files)?;
    if !begun {
        std::fs::create_dir_all(&dir).map_err(|error| Stop::io("making", &dir, &error))?;
        // what git makes by its own defaults may be what nothing here can read
        let first = format!("--initial-branch={branch}");
        let formats = [("GIT_DEFAULT_HASH", "sha1"), ("GIT_DEFAULT_REF_FORMAT", "files")];
        git_with(&["init", "--quiet", &first], Some(&dir), &formats)?;
    }
    if is_new {
        audit::write_secret(&key_file, &log_key)?;
    }
    let repository = Repository::open(&dir)?.reading_settings(crate::access::managed_by);
    if home.is_some() {
        let owners = owners(&repository, &files, clock)?;
        refuse_to_overwrite(&dir, std::slice::from_ref(&owners))?;
        files.push(owners);
    }
    // the settings come last: where they aren't there, a run was cut off, and the next one finishes it
    let (settings, others): (Files, Files) =
        files.into_iter().map(|(path, text)| (path, Some(text))).partition(|(path, _)| path == SETTINGS);
    written::write(&repository, &others)?;
    written::write(&repository, &settings)?;
    let revision = context::load_or_show(&repository, Look::WorkTree, &mut LastRead::default())?;
    let findings = crate::plan::findings_of(&revision, clock.now);
    if let Some(home) = home.as_ref().filter(|home| !home.owner().eq_ignore_ascii_case(organization.as_str())) {
        output::warn(&terminal(&format!(
            "warning: `{}` is not of `{organization}`: correct `approval.repository` or `organization` in dualkey.yaml if one \
             of them is mistyped\n",
            home.name
        )));
    }
    output::print(&said(options, organization.as_str(), &admins, &key_file, checkpoint.as_deref()));
    if let Some(home) = &home {
        output::print(&of_github(home, options.organization_id, &admins));
    }
    if !findings.is_empty() {
        output::print("\n");
        context::show_findings(&findings, &revision);
    }
    Ok(if crate::lint::blocked(&findings) { Exit::Findings } else { Exit::Done })
}

/// Whom GitHub asks for reviews, as the files say.
fn owners(repository: &Repository, files: &[(String, String)], clock: Clock) -> Result<(String, String), Stop> {
    let texts: Files = files.iter().map(|(path, text)| (path.clone(), Some(text.clone()))).collect();
    let revision = written::foreseen_anew(repository, &texts)?;
    Ok((codeowners::PATH.to_owned(), codeowners::text(&revision.access, clock.now)))
}

/// Gives the admins their accounts at GitHub.
fn accounts(options: &Options, admins: &mut [Admin]) -> Result<(), Stop> {
    for text in &options.account {
        let (person, account) = github::account(text)?;
        let Some(admin) = admins.iter_mut().find(|admin| admin.id.as_str() == person) else {
            let message = format!("`{}` is no admin, so their account isn't needed", person.escape_debug());
            return Err(Stop::usage(message, "name them by `--admin`, or leave the account out"));
        };
        admin.account = Some(account);
    }
    Ok(())
}

/// What comes after that on GitHub.
fn of_github(home: &Home, managed: Option<u64>, admins: &[Admin]) -> String {
    let unknown: Vec<&str> = admins.iter().filter(|one| one.account.is_none()).map(|one| one.id.as_str()).collect();
    let accounts = match unknown.is_empty() {
        true => String::new(),
        false => format!(
            "  before that, add `accounts: {{ github: {{ login: LOGIN, id: NUMBER }} }}` to the files of\n  {}, and run \
             `dualkey doctor --fix`: reviews count for those whose account is known\n",
            unknown.join(", ")
        ),
    };
    let targets = match managed {
        Some(_) => String::new(),
        None => format!(
            "  nothing real is changed yet, since embedded targets stand in: before that, write into `targets` of\n  \
             dualkey.yaml `github: {{ organization: {0}, id: NUMBER }}` instead of them;\n  `gh api orgs/{0} --jq .id` prints \
             the number (or begin anew with --organization-id NUMBER)\n",
            home.owner()
        ),
    };
    format!(
        "  then what GITHUB.md lists, in its order; `dualkey doctor` says what of it is open, apart from secrets and\n  \
         variables, which it can't see\n{targets}{accounts}"
    )
}

/// The file of the log's key as it is typed after `cd` into the repository.
fn typed(options: &Options, key_file: &Path) -> String {
    match &options.log_key {
        None => format!("../{}", key_file.file_name().unwrap_or_default().display()),
        Some(_) => key_file.display().to_string(),
    }
}

/// What was made, and what comes next.
fn said(options: &Options, organization: &str, admins: &[Admin], key_file: &Path, checkpoint: Option<&str>) -> String {
    let ids: Vec<&str> = admins.iter().map(|admin| admin.id.as_str()).collect();
    let dir = terminal(&options.dir.display().to_string());
    let key = terminal(&typed(options, key_file));
    let style = output::style();
    let sign = match admins.len() {
        1 => "",
        _ => "     # two of them, each with their own key",
    };
    let single = if admins.len() == 1 { " --single" } else { "" };
    let unknown: Vec<&str> = admins.iter().filter(|a| a.email.is_none()).map(|a| a.id.as_str()).collect();
    let emails = match unknown.is_empty() {
        true => String::new(),
        false => format!(
            "  add `emails: [ADDRESS]` to the files of {}: what comes from an address\n  that nobody has needs one \
             approval more\n",
            unknown.join(", ")
        ),
    };
    let kept = checkpoint.map(|file| format!(" --checkpoint {}", terminal(file))).unwrap_or_default();
    let enter = if dir == "." { String::new() } else { format!("  cd {dir}\n") };
    format!(
        "{} {}\n  {} holds the private half of the log's \
         key: keep it where only `apply` runs,\n  never in a repository\n{emails}\n{}\n{enter}  dualkey targets --unapproved     # what each target is and tells, and what its credentials can do\n  git add --all && git commit -S -m \
         \"Start the access repository\"\n  dualkey approve --genesis HEAD{sign}\n  dualkey audit init --genesis \
         HEAD{single} --log-key {key}{kept}\n",
        style.green("made"),
        style.wrap(&format!("{dir}, the access repository of {organization}, approved by {}", ids.join(", ")), 5, "  "),
        terminal(&key_file.file_name().unwrap_or_default().display().to_string()),
        style.bold("next"),
    )
}

fn organization(options: &Options, home: Option<&Home>, dir: &Path) -> Result<OrganizationId, Stop> {
    let help = "name it with `--organization NAME`: lower-case letters, digits, `.`, `_` and `-`";
    let name = match (&options.organization, home) {
        (Some(name), _) => name.clone(),
        (None, Some(home)) => home.owner().to_lowercase(),
        (None, None) => dir.file_name().unwrap_or_default().to_string_lossy().to_lowercase(),
    };
    OrganizationId::parse(&name).map_err(|error| Stop::usage(error.to_string(), help))
}

fn admins(options: &Options) -> Result<Vec<Admin>, Stop> {
    let mut admins = Vec::new();
    for text in &options.admin {
        let (id, file) = text.split_once('=').ok_or_else(|| {
            Stop::usage(format!("`{text}` is not ID=KEYFILE"), "write it as `--admin priya.shah=priya.pub`")
        })?;
        let id = PersonId::parse(id)
            .map_err(|error| Stop::usage(error.to_string(), "write it as `--admin priya.shah=priya.pub`"))?;
        let key = public_key(Path::new(file))?;
        admins.push(Admin { name: name_of(&id), id, email: email_of(&key), key, account: None });
    }
    if admins.is_empty() {
        admins.push(from_git()?);
    }
    let mut ids = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for admin in &admins {
        // a key is what its first two words say; the third is a comment
        let key: Vec<&str> = admin.key.split(' ').take(2).collect();
        if ids.insert(&admin.id, ()).is_some() {
            return Err(Stop::usage(format!("`{}` is named twice", admin.id), "name each admin once"));
        }
        if let Some(other) = keys.insert(key, &admin.id) {
            return Err(Stop::usage(
                format!("`{other}` and `{}` have the same key", admin.id),
                "give each admin a key of their own: two keys mean two people",
            ));
        }
    }
    Ok(admins)
}

/// The comment of a key, where it is an address.
fn email_of(key: &str) -> Option<String> {
    let comment = key.splitn(3, ' ').nth(2)?.trim();
    let (local, host) = comment.split_once('@')?;
    let is_address = !local.is_empty() && host.contains('.') && !comment.contains(char::is_whitespace);
    is_address.then(|| comment.to_owned())
}

/// A name for people, made of an id.
fn name_of(id: &PersonId) -> String {
    let words = id.as_str().split(['.', '_', '-']).filter(|word| !word.is_empty());
    let words: Vec<String> = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        })
        .collect();
    words.join(" ")
}

/// Whoever git says is working here.
fn from_git() -> Result<Admin, Stop> {
    let setting = |key: &str| -> Result<String, Stop> {
        git(&["config", "--get", key], None).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
            Stop::usage(
                format!("git doesn't know your {key}, so it can't make you the admin"),
                "set it with `git config --global`, or name the admins: `--admin ID=KEYFILE`",
            )
        })
    };
    let name = setting("user.name")?;
    let email = setting("user.email")?;
    let format = git(&["config", "--get", "gpg.format"], None).ok();
    let key = SigningKey::named(&setting("user.signingkey")?, format.as_deref())?;
    let key = match key {
        SigningKey::Agent(text) => one_key(&text, "git's user.signingkey")?,
        SigningKey::File(path) => public_key(&path)?,
    };
    let of = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        PersonId::parse(&words.map(str::to_lowercase).collect::<Vec<_>>().join("."))
    };
    let local = email.split('@').next().unwrap_or_default();
    let plain = if name.is_ascii() { of(&name) } else { of(local) };
    let id = plain.or_else(|_| of(local)).map_err(|_| {
        Stop::usage("git's user.name makes no id", "name yourself: `--admin ID=KEYFILE`, such as priya.shah=priya.pub")
    })?;
    Ok(Admin { id, name, email: Some(email), key, account: None })
}

/// The public half of a key, from its file or the `.pub` beside it.
fn public_key(file: &Path) -> Result<String, Stop> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| Stop::io("reading", path, &error));
    let mut text = read(file)?;
    if text.starts_with("-----BEGIN") {
        let mut beside = file.as_os_str().to_owned();
        beside.push(".pub");
        text = read(Path::new(&beside))?;
    }
    one_key(&text, &file.display().to_string())
}

fn one_key(text: &str, place: &str) -> Result<String, Stop> {
    let make = "make one with `ssh-keygen -t ed25519`, and name the file that ends in .pub";
    let text = text.trim();
    let key = ssh_key::PublicKey::from_openssh(text)
        .map_err(|_| Stop::usage(format!("`{place}` holds no public SSH key"), make))?;
    let signs = matches!(
        key.algorithm(),
        ssh_key::Algorithm::Ed25519
            | ssh_key::Algorithm::SkEd25519
            | ssh_key::Algorithm::Ecdsa { .. }
            | ssh_key::Algorithm::SkEcdsaSha2NistP256
    );
    if !signs {
        let message = format!("the key in `{place}` is of a kind that proves nothing here, such as RSA or DSA");
        return Err(Stop::usage(message, make));
    }
    Ok(text.to_owned())
}

/// A key inside a repository would be committed sooner or later.
fn key_file(options: &Options, dir: &Path) -> Result<PathBuf, Stop> {
    let file = match &options.log_key {
        Some(file) => std::path::absolute(file).map_err(|error| Stop::io("finding", file, &error))?,
        None => {
            let mut file = dir.as_os_str().to_owned();
            file.push(".log-key");
            PathBuf::from(file)
        }
    };
    match file.ancestors().skip(1).find(|folder| *folder == dir || folder.join(".git").exists()) {
        None => Ok(file),
        Some(repository) => Err(Stop::usage(
            format!("the log's private key would lie in the repository `{}`", repository.display()),
            "name a place outside of it with `--log-key FILE`, or another DIR",
        )),
    }
}

/// The key of a run that was cut off before it was done; None where there is none.
fn kept_key(file: &Path, dir: &Path, name: &str) -> Result<Option<LogKey>, Stop> {
    if file.symlink_metadata().is_err() {
        return Ok(None);
    }
    let unfinished = dir.join(".git").exists() && dir.join(SETTINGS).symlink_metadata().is_err();
    let key = LogKeyOption::of_file(file).ok().filter(|_| unfinished);
    let ours = key.filter(|key| key.verifier().to_string().starts_with(&format!("{name}+")));
    ours.map(Some).ok_or_else(|| {
        Stop::usage(
            format!("`{}` is there already", file.display()),
            "move it away, or name another place with `--log-key FILE`",
        )
    })
}

/// What a run that was cut off wrote is as it would be written again.
fn refuse_to_overwrite(dir: &Path, files: &[(String, String)]) -> Result<(), Stop> {
    let whole = dir.join(SETTINGS).symlink_metadata().is_ok();
    let is_other = |(path, text): &&(String, String)| {
        let place = dir.join(path);
        let same = || std::fs::read(&place).is_ok_and(|bytes| bytes == text.as_bytes());
        place.symlink_metadata().is_ok() && (whole || !same())
    };
    if let Some((path, _)) = files.iter().find(is_other) {
        let what = if whole { SETTINGS } else { path };
        return Err(Stop::usage(
            format!("`{}` has a {what} already, so nothing was written", dir.display()),
            "name a folder that is new or empty",
        ));
    }
    Ok(())
}

/// Runs `git` and gives what it printed, apart from variables that would point it elsewhere.
fn git(arguments: &[&str], dir: Option<&Path>) -> Result<String, Stop> {
    git_with(arguments, dir, &[])
}

fn git_with(arguments: &[&str], dir: Option<&Path>, variables: &[(&str, &str)]) -> Result<String, Stop> {
    let mut command = program("git");
    command.envs(variables.iter().copied());
    for name in
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_TEMPLATE_DIR"]
    {
        command.env_remove(name);
    }
    if let Some(dir) = dir {
        command.current_dir(dir);
    }
    let answer = command.args(arguments).output().map_err(|error| {
        Stop::usage(format!("the program `git` can't be run: {error}"), "install git, and see that it is on your path")
    })?;
    if answer.status.success() {
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    } else {
        let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        Err(Stop::usage(format!("`git {}` failed: {words}", arguments.join(" ")), "see what git says above"))
    }
}
