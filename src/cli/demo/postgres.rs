//! The story on a real server: its people work there in sessions of their own, and it plays today, since nobody can tell a
//! server what time it is.

mod server;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rand_core::{OsRng, RngCore as _};

use super::stage::Stage;
use super::{GRACE, TOM, surprise, temporary};
use crate::cli::process::Process;
use crate::cli::{Exit, NowOption, Stop, output};
use crate::hex;
use crate::targets::postgres::session::{Login, Session};
use server::{DATABASE, Server};

/// The access repository, before days, keys and the server are known.
const SHOP: &str = include_str!("postgres/shop.txtar");

const ALICE: &str = "people/alice.nguyen.yaml";

/// Where the log's checkpoint is kept, and what the pipeline runs.
const CHECKPOINT: &str = "../checkpoint";
const APPLY: &str = "dualkey apply --checkpoint ../checkpoint";

/// What the groups may do.
const PRIVILEGES: &str = "CREATE TABLE orders (id int);
     GRANT SELECT ON orders TO shop_ro; GRANT SELECT, INSERT ON orders TO shop_rw;
     REVOKE CONNECT, TEMPORARY ON DATABASE dualkey_demo FROM PUBLIC;
     GRANT CONNECT ON DATABASE dualkey_demo TO shop_visitors;
     GRANT shop_visitors TO alice_nguyen, bob_keller, grace_lin, dualkey_reader, dualkey;
     GRANT pg_signal_backend TO dualkey";

/// From version 16 on the writer needs this for each role and login that it manages.
const MANAGES: &str = "GRANT shop_ro, shop_rw, alice_nguyen, bob_keller, grace_lin TO dualkey
     WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";

/// Plays it, and leaves nothing behind.
pub fn run(programs: Option<&Path>) -> Result<Exit, Stop> {
    let process = Process::watched();
    let folder = temporary()?;
    let mut server = Server::open(programs)?;
    let told = story(folder.path(), &mut server, &process);
    let is_own = server.is_own();
    let closed = server.close();
    told?;
    closed?;
    let last =
        if is_own { "The server is stopped, and its folder is gone" } else { "What the story made there is dropped" };
    output::print(&format!("\n{}\n", output::style().dim(&format!("# {last}."))));
    Ok(Exit::Done)
}

fn story(folder: &Path, server: &mut Server, process: &Process) -> Result<(), Stop> {
    let people = people(server)?;
    let mut story = Story { stage: begin(folder, server, process, &people)?, people };
    story.propose()?;
    let hers = story.work()?;
    story.drift(server)?;
    story.end(&hers)
}

/// Now, by this machine's clock.
fn now() -> Result<Timestamp, Stop> {
    let now = NowOption { now: None }.clock()?.now;
    Ok(now.round(jiff::Unit::Second).unwrap_or(now))
}

/// A day, as files write it.
fn day(now: Timestamp, from_today: i64) -> Date {
    let today = now.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).date();
    today.saturating_add(from_today.days())
}

/// A password that nobody has to remember.
fn password() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    hex::encode(&bytes)
}

/// Those who log in during the story.
struct People {
    reader: Login,
    writer: Login,
    alice: Login,
    bob: Login,
}

/// Makes what dualkey finds at a server: database, groups and logins, and its own two accounts.
fn people(server: &mut Server) -> Result<People, Stop> {
    let session = server.session()?;
    server.make(
        &session,
        &format!("CREATE DATABASE {DATABASE} TEMPLATE template0"),
        &format!("DROP DATABASE {DATABASE} WITH (FORCE)"),
    )?;
    let superuser = server.superuser().clone();
    let mut make = |name: &str, words: &str| -> Result<Login, Stop> {
        let secret = password();
        let words = if words.ends_with("PASSWORD") { format!("{words} '{secret}'") } else { words.to_owned() };
        server.make(&session, &format!("CREATE ROLE {name} {words}"), &format!("DROP ROLE {name}"))?;
        Ok(superuser.of(DATABASE, name, &secret))
    };
    for group in ["shop_ro", "shop_rw", "shop_visitors"] {
        make(group, "")?;
    }
    make("grace_lin", "LOGIN PASSWORD")?;
    let people = People {
        // contractors wait for their access behind a locked login
        alice: make("alice_nguyen", "NOLOGIN PASSWORD")?,
        bob: make("bob_keller", "NOLOGIN PASSWORD")?,
        reader: make("dualkey_reader", "LOGIN PASSWORD")?,
        writer: make("dualkey", "LOGIN CREATEROLE PASSWORD")?,
    };
    let inside = server::open(&superuser.within(DATABASE))?;
    let managed = if inside.version() >= 16 { MANAGES } else { "" };
    // a server of somebody else keeps what it lets everybody do
    let closed = if server.is_own() { "REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC" } else { "" };
    inside.run(&format!("{PRIVILEGES}; {managed}; {closed}")).map_err(|why| server::unanswered(&why))?;
    Ok(people)
}

/// Genesis, log, and a server that is as declared.
fn begin(folder: &Path, server: &Server, process: &Process, people: &People) -> Result<Stage, Stop> {
    let (now, session) = (now()?, server.session()?);
    let at = server.superuser();
    let named =
        [("{{host}}", at.host()), ("{{port}}", at.port().to_string()), ("{{system}}", session.system().to_owned())];
    let mut files = named.iter().fold(SHOP.to_owned(), |files, (name, value)| files.replace(name, value));
    while let Some((before, rest)) = files.split_once("{{day:") {
        let told = rest.split_once("}}").and_then(|(days, after)| Some((days.parse::<i64>().ok()?, after)));
        // what stands before the first file is for readers of the archive
        let (value, after) = told.map_or(("N".to_owned(), rest), |(days, after)| (day(now, days).to_string(), after));
        files = format!("{before}{value}{after}");
    }
    let mut stage = Stage::build(folder, GRACE, &now.to_string(), &files, Arc::clone(process.stop()))?;
    for (right, login) in [("READER", &people.reader), ("WRITER", &people.writer)] {
        stage.keep(&format!("DUALKEY_{right}_SHOP_USER"), login.user().to_owned());
        stage.keep(&format!("DUALKEY_{right}_SHOP_PASSWORD"), login.password().to_owned());
    }
    for person in ["mei.tanaka", "priya.shah"] {
        stage.quiet(&format!("dualkey approve --genesis main --key ../keys/{person} --yes"))?;
    }
    let said = stage.quiet(&format!("dualkey audit init --genesis main --checkpoint {CHECKPOINT}"))?;
    let anchor = said.lines().find_map(|line| line.trim().strip_prefix("DUALKEY_ANCHOR="));
    stage.keep("DUALKEY_ANCHOR", anchor.ok_or_else(|| surprise("the answer of `audit init`"))?.to_owned());
    keep_checkpoint(&mut stage)?;
    stage.quiet(APPLY)?;
    keep_checkpoint(&mut stage)?;
    let whose = if server.is_own() { "in a temporary folder" } else { "the one that DATABASE_URL names" };
    stage.say(&format!(
        "Northwind's shop runs on PostgreSQL {}, {whose}. Its groups and logins are there, made by migrations: shop_ro reads \
         orders, shop_rw writes them; contractors are locked out. dualkey has an account that reads, and one with the \
         least rights that writes. Two people vouched for the first commit; it is applied. It is today.",
        session.version()
    ));
    Ok(stage)
}

/// The newest checkpoint of the log, as a pipeline has it in its environment.
fn keep_checkpoint(stage: &mut Stage) -> Result<(), Stop> {
    let newest = stage.read(CHECKPOINT)?;
    stage.keep("DUALKEY_CHECKPOINT", newest);
    Ok(())
}

struct Story {
    stage: Stage,
    people: People,
}

impl Story {
    /// Grace lets Alice in, somebody else approves it, and a third merges it.
    fn propose(&mut self) -> Result<(), Stop> {
        let stage = &mut self.stage;
        stage.say("Grace leads the shop's engineers and brings in Alice, of the vendor Globex, for six weeks.");
        stage.show(
            "dualkey new alice.nguyen --name \"Alice Nguyen\" --vendor globex --postgres alice_nguyen \\\n    --role \
             developer --on orders-writers logins --for 6w --reason \"Build the refund flow\"",
            0,
        )?;
        self.propose_by("alice-refunds", "Let Alice Nguyen build the refund flow")?;
        self.land("alice-refunds")
    }

    /// Commits what Grace wrote, and asks for somebody else's word.
    fn propose_by(&mut self, branch: &str, message: &str) -> Result<(), Stop> {
        self.stage.acts(GRACE);
        self.stage.at(&now()?.to_string());
        for line in [
            format!("git switch --quiet --create {branch}"),
            "git add --all".to_owned(),
            format!("git commit --quiet -m \"{message}\""),
            format!("git push --quiet --set-upstream origin {branch}"),
        ] {
            self.stage.show(&line, 0)?;
        }
        Ok(())
    }

    fn land(&mut self, branch: &str) -> Result<(), Stop> {
        let stage = &mut self.stage;
        stage.say("Priya owns the shop, looks at it and signs. Tom merges, and the pipeline applies.");
        stage.show(&format!("dualkey approve --head {branch} --key ../keys/priya.shah --yes"), 0)?;
        stage.acts(TOM);
        stage.quiet("git switch --quiet main")?;
        stage.show(&format!("git merge --quiet --no-ff --no-edit {branch}"), 0)?;
        stage.show("git push --quiet origin main", 0)?;
        stage.show(APPLY, 0)?;
        keep_checkpoint(stage)
    }

    /// Alice works, in a session that stays open.
    fn work(&mut self) -> Result<Working, Stop> {
        self.stage.say("Alice logs in and works.");
        let session = server::open(&self.people.alice)?;
        self.types("alice_nguyen=>", &session, "INSERT INTO orders VALUES (1)", true)?;
        self.types("alice_nguyen=>", &session, "SELECT count(*) FROM orders", true)?;
        Ok(Working { session, at: now()? })
    }

    /// Somebody goes around dualkey.
    fn drift(&mut self, server: &Server) -> Result<(), Stop> {
        self.stage
            .say("At night a database administrator unlocks Bob's login behind our back. He has no grant any more.");
        let admin = server.session()?;
        self.types("postgres=#", &admin, "ALTER ROLE bob_keller LOGIN", true)?;
        let bob = server::open(&self.people.bob)?;
        self.types("bob_keller=>", &bob, "SELECT current_user", true)?;
        self.stage.show("dualkey drift", 1)?;
        self.stage.show(APPLY, 0)?;
        keep_checkpoint(&mut self.stage)?;
        self.types("bob_keller=>", &bob, "SELECT current_user", false)
    }

    /// Alice leaves while she works.
    fn end(&mut self, hers: &Working) -> Result<(), Stop> {
        let today = day(now()?, 0);
        self.stage.say(&format!("Alice leaves early. Grace adds one line to {ALICE}: `ended: {today}`."));
        let file = self.stage.read(ALICE)?;
        self.stage.write(ALICE, &format!("{file}ended: {today}\n"))?;
        self.propose_by("alice-leaves", "Alice Nguyen has left")?;
        self.land("alice-leaves")?;
        self.stage.say("Her session is still open. Its next statement:");
        self.types("alice_nguyen=>", &hers.session, "INSERT INTO orders VALUES (2)", false)?;
        match self.people.alice.open() {
            Ok(_) => return Err(surprise("the lock of Alice's login")),
            Err(error) => {
                let words = error.to_string();
                let said = words.rsplit_once("`: ").map_or(words.as_str(), |(_, said)| said);
                self.stage.shows("alice_nguyen=> \\c", &[format!("FATAL: {said}")]);
            }
        }
        self.stage.show("dualkey drift", 0)?;
        self.stage.say("A year later the auditor asks what Alice could do while she worked.");
        self.stage.show(&format!("dualkey access alice.nguyen --at {}", hers.at), 0)?;
        self.stage.show("dualkey audit verify", 0)
    }

    /// Shows a statement with its answer. One that goes otherwise than expected ends the story.
    fn types(&self, prompt: &str, session: &Session, statement: &str, works: bool) -> Result<(), Stop> {
        let answer = session.run(statement);
        let is_expected = answer.is_ok() == works;
        let lines = answer.unwrap_or_else(|why| vec![format!("ERROR: {why}")]);
        self.stage.shows(&format!("{prompt} {statement};"), &lines);
        if is_expected { Ok(()) } else { Err(surprise("the server")) }
    }
}

/// A session that is open while its access ends.
struct Working {
    session: Session,
    at: Timestamp,
}
