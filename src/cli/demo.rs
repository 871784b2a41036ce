//! `dualkey demo`

#[cfg(all(unix, feature = "postgres"))]
mod postgres;
mod stage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Exit, Stop, output};
use crate::report::escape::terminal;
use stage::Stage;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey demo                 in a temporary folder\n  \
                        dualkey demo --keep play     and keep the repository to play with\n  \
                        dualkey demo --postgres      on a real server, which is gone afterwards")]
pub struct Options {
    /// Keep the repository, its remote and the keys in this new folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Play another story, today, on a real server of PostgreSQL: one that DATABASE_URL names, or a new one by the programs
    /// in this folder [default: those of this machine]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, conflicts_with = "keep")]
    postgres: Option<Option<PathBuf>>,
}

/// The company, as files after lines `-- PATH --`.
const NORTHWIND: &str = include_str!("demo/northwind.txtar");

const GRACE: (&str, &str, &str) = ("grace.lin", "Grace Lin", "grace@northwind.example");
const TOM: (&str, &str, &str) = ("tom.reed", "Tom Reed", "tom@northwind.example");

const GRANT: &str = "grants/payments-staging/alice.nguyen-developer.yaml";
const TOMS: &str = "grants/payments/tom-refunds.yaml";
const GITHUB: &str = ".git/dualkey/github.json";

pub fn run(options: &Options) -> Result<Exit, Stop> {
    if let Some(programs) = &options.postgres {
        return on_postgres(programs.as_deref());
    }
    match &options.keep {
        Some(folder) => {
            std::fs::create_dir(folder).map_err(|error| {
                Stop::usage(
                    format!("making `{}` failed: {error}", folder.display()),
                    "name a new folder in one that is there",
                )
            })?;
            story(folder)?;
            let kept = terminal(&folder.display().to_string());
            let help = "apply needs --log-key ../log-key, approve --key ../keys/PERSON";
            output::print(&format!("\nkept: go on in {kept}/access;\n  {help}\n"));
        }
        None => {
            story(temporary()?.path())?;
        }
    }
    Ok(Exit::Done)
}

fn temporary() -> Result<tempfile::TempDir, Stop> {
    let made = tempfile::Builder::new().prefix("dualkey-demo-").tempdir();
    made.map_err(|error| Stop::io("making a folder in", &std::env::temp_dir(), &error))
}

#[cfg(all(unix, feature = "postgres"))]
fn on_postgres(programs: Option<&Path>) -> Result<Exit, Stop> {
    postgres::run(programs)
}

#[cfg(not(all(unix, feature = "postgres")))]
fn on_postgres(_: Option<&Path>) -> Result<Exit, Stop> {
    Err(Stop::usage(
        "this dualkey was built without a client of PostgreSQL",
        "build it with the feature `postgres`, which is on by default",
    ))
}

fn story(folder: &Path) -> Result<(), Stop> {
    let mut stage = Stage::build(folder, GRACE, "2026-11-23T08:00:00Z", NORTHWIND, Arc::default())?;
    begin(&mut stage)?;
    propose(&mut stage)?;
    approve(&mut stage)?;
    land(&mut stage)?;
    drift(&mut stage)?;
    end(&mut stage)?;
    prove(&mut stage)
}

/// The genesis, the log, and targets that are as declared.
fn begin(stage: &mut Stage) -> Result<(), Stop> {
    for person in ["mei.tanaka", "sven.olsen"] {
        stage.quiet(&format!(
            "dualkey approve --genesis main --key ../keys/{person} --yes --now 2026-11-23T08:00:00Z"
        ))?;
    }
    let said = stage.quiet("dualkey audit init --genesis main --now 2026-11-23T08:10:00Z")?;
    let anchor = said.lines().find_map(|line| line.trim().strip_prefix("DUALKEY_ANCHOR="));
    let anchor = anchor.ok_or_else(|| surprise("the answer of `audit init`"))?;
    stage.keep("DUALKEY_ANCHOR", anchor.to_owned());
    stage.quiet("dualkey apply --now 2026-11-23T08:20:00Z")?;
    stage.say(
        "Northwind, a payments company: 12 people and a robot, 3 vendors, 5 domains, 8 roles, 20 grants, on sandboxes \
         for GitHub, AWS and Google Cloud. Two people vouched for the first commit; it is applied. The log's key is in \
         the environment, as in a pipeline, and `--now` says what time it is.",
    );
    Ok(())
}

fn propose(stage: &mut Stage) -> Result<(), Stop> {
    stage.at("2026-11-23T09:00:00Z");
    stage.say("Grace leads the payments engineers and brings in Alice, of the vendor Globex, for six weeks.");
    stage.show(
        "dualkey new alice.nguyen --name \"Alice Nguyen\" --vendor globex --github alice-nw:583231 \\\n    --role \
         developer --on payments-api --for 6w --reason \"Build the refund flow\" \\\n    --ticket PAY-1423 --now \
         2026-11-23T09:00:00Z",
        0,
    )?;
    stage.say("By hand she sets a later end, and in tom-refunds.yaml makes Tom, who deploys, a developer.");
    let grant = stage.read(GRANT)?;
    stage.write(GRANT, &grant.replace("until: 2027-01-03", "until: 2027-03-31"))?;
    stage.write(
        TOMS,
        "to: [tom.reed]\nrole: developer\ndomain: payments-staging\nresources: [payments-api]\nfrom: 2026-11-23\nuntil: \
         2027-01-03\nreason: Help with the refund flow\n",
    )?;
    stage.show("dualkey lint --now 2026-11-23T09:00:00Z", 1)?;
    stage.say("She takes both back and looks at what is left.");
    stage.write(GRANT, &grant)?;
    stage.remove(TOMS)?;
    stage.show("dualkey plan --now 2026-11-23T09:00:00Z", 0)?;
    for line in [
        "git switch --quiet --create alice-refunds",
        "git add people grants",
        "git commit --quiet -m \"Let Alice Nguyen build the refund flow\"",
        "git push --quiet --set-upstream origin alice-refunds",
    ] {
        stage.show(line, 0)?;
    }
    Ok(())
}

fn approve(stage: &mut Stage) -> Result<(), Stop> {
    stage.at("2026-11-23T10:00:00Z");
    stage.say("Grace may approve, but not her own change; Bob is of Alice's vendor. Priya looks at it and signs.");
    stage.show("dualkey approve --head alice-refunds --yes --now 2026-11-23T10:00:00Z", 3)?;
    stage.show("dualkey approve --head alice-refunds --key ../keys/bob.keller --yes --now 2026-11-23T10:00:00Z", 3)?;
    stage.show("dualkey approve --head alice-refunds --key ../keys/priya.shah --yes --now 2026-11-23T10:00:00Z", 0)
}

fn land(stage: &mut Stage) -> Result<(), Stop> {
    stage.show("dualkey verify --head alice-refunds --now 2026-11-23T10:00:00Z", 0)?;
    stage.say("Tom merges, and the pipeline applies.");
    stage.acts(TOM);
    stage.quiet("git switch --quiet main")?;
    stage.show("git merge --quiet --no-ff --no-edit alice-refunds", 0)?;
    stage.show("git push --quiet origin main", 0)?;
    stage.show("dualkey apply --now 2026-11-23T11:00:00Z", 0)
}

fn drift(stage: &mut Stage) -> Result<(), Stop> {
    stage.at("2026-12-01T08:00:00Z");
    stage.say("A week later somebody makes Bob an admin behind our back, in .git/dualkey/github.json.");
    let live = stage.read(GITHUB)?;
    stage.write(GITHUB, &promoted(&live)?)?;
    stage.show("dualkey drift --now 2026-12-01T08:00:00Z", 1)?;
    stage.show("dualkey apply --now 2026-12-01T08:00:00Z", 0)
}

/// The sandbox with Bob as an admin.
fn promoted(live: &str) -> Result<String, Stop> {
    let wrong = || surprise("the sandbox");
    let mut live: serde_json::Value = serde_json::from_str(live).map_err(|_| wrong())?;
    let entitlements = live.get_mut("entitlements").and_then(|list| list.as_array_mut()).ok_or_else(wrong)?;
    let bobs = entitlements.iter_mut().find(|entry| {
        let is = |key: &str, value: &str| entry.get(key).and_then(serde_json::Value::as_str) == Some(value);
        is("principal", "402668") && is("resource", "northwind/payments-web")
    });
    let permission = bobs.and_then(|entry| entry.get_mut("permission")).ok_or_else(wrong)?;
    *permission = "admin".into();
    Ok(format!("{live:#}\n"))
}

fn end(stage: &mut Stage) -> Result<(), Stop> {
    stage.at("2027-01-05T06:00:00Z");
    stage.say("January. Nobody commits anything; the schedule runs.");
    stage.show("dualkey apply --only-ends --now 2027-01-05T06:00:00Z", 0)
}

fn prove(stage: &mut Stage) -> Result<(), Stop> {
    stage.say("A year later the auditor asks what Alice could do in December.");
    stage.show("dualkey access alice.nguyen --at 2026-12-15", 0)?;
    stage.show("dualkey audit verify", 0)?;
    stage.show("dualkey audit export ../log", 0)?;
    stage.say("One byte of the copy is changed, in log/tile/entries/000.p/12: Alice may stay until July.");
    let tile = "../log/tile/entries/000.p/12";
    let forged = forged(stage.bytes(tile)?)?;
    stage.write_bytes(tile, &forged)?;
    stage.show("dualkey audit verify --export ../log", 1)
}

/// The log's entries with one digit of Alice's end changed where it was approved.
fn forged(mut entries: Vec<u8>) -> Result<Vec<u8>, Stop> {
    let end = b"\"after\":[[\"2026-11-23T00:00:00Z\",\"2027-01-04";
    let at = entries.windows(end.len()).position(|bytes| bytes == end);
    let month = at.and_then(|at| entries.get_mut(at + end.len() - 4));
    *month.ok_or_else(|| surprise("the log"))? = b'7';
    Ok(entries)
}

/// Something isn't there that the story put there.
fn surprise(what: &str) -> Stop {
    Stop::new(
        Exit::Unjudged,
        format!("{what} doesn't hold what the demo expects"),
        "this is a fault of dualkey; please report it",
    )
}
