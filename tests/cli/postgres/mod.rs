//! Stories on real servers of PostgreSQL: what is declared is what the server then does.
//!
//! They play today: a server has the machine's clock, and nobody can tell it another time than the rest of the machine. So no
//! story names a day. All that is declared is counted from today, is over or begun by a day at least, and today is one day
//! for a whole run of the tests, however late it is when they start. What is near an end in minutes is told as instants.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::place::Place;
use crate::support::{Ran, World};

#[path = "../../postgres/server.rs"]
mod server;
#[path = "../../postgres/session.rs"]
mod session;

mod bad_input;
mod demo;
mod duties;
mod findings;
mod story;
mod survival;

use server::{SUPERUSER, Server, Setup};
use session::Session;

/// The access repository, before keys, days and the server are known.
const SHOP: &str = include_str!("shop.txtar");

/// What has to be run by a superuser before the first plan.
const ROLES: &str = "
    CREATE ROLE shop_ro; CREATE ROLE shop_rw; CREATE ROLE shop_audit;
    CREATE TABLE orders (id int);
    GRANT SELECT ON orders TO shop_ro; GRANT SELECT, INSERT ON orders TO shop_rw;
    CREATE ROLE alice_nguyen LOGIN; CREATE ROLE grace_lin LOGIN; CREATE ROLE tom_reed LOGIN;
    CREATE ROLE dualkey_reader LOGIN; CREATE ROLE dualkey LOGIN CREATEROLE;
    GRANT pg_signal_backend TO dualkey;";

/// The rights of the writer, for each role and login that it manages.
const RIGHTS: &str = "
    GRANT shop_ro, shop_rw, shop_audit, alice_nguyen, grace_lin TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;";

/// The access repository of a shop with its log, and the server that it speaks of.
struct Shop {
    world: World,
    server: Server,
}

#[expect(clippy::disallowed_methods, reason = "a real server has today's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn day(from_today: i64) -> Date {
    Shop::day(from_today)
}

/// Runs a command to its end, by today's clock: a real server can't be told what time it is.
#[track_caller]
fn finish_today(mut command: Command) -> Ran {
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

impl Place for Shop {
    fn here(&self) -> &World {
        &self.world
    }

    fn here_mut(&mut self) -> &mut World {
        &mut self.world
    }

    fn today() -> Date {
        static TODAY: LazyLock<Date> = LazyLock::new(|| now().to_zoned(jiff::tz::TimeZone::UTC).date());
        *TODAY
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&self.world.path("repo"));
        command.env("DUALKEY_READER_SHOP_USER", "dualkey_reader").env("DUALKEY_WRITER_SHOP_USER", "dualkey");
        command.args(args);
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        finish_today(self.command(args))
    }

    fn value(&self, what: &str, _: &str) -> Option<String> {
        Some(match what {
            "system" => self.system(),
            "socket" => self.server.socket().display().to_string(),
            "port" => self.server.port.to_string(),
            _ => return None,
        })
    }
}

impl Shop {
    /// With a genesis, and nothing applied.
    fn open(version: u32) -> Self {
        Shop::with(version, &Setup::default())
    }

    fn with(version: u32, setup: &Setup) -> Self {
        let server = Server::with(version, setup);
        let shop = Shop { world: World::empty(), server };
        shop.sql(ROLES);
        if version >= 16 {
            shop.sql(RIGHTS);
        }
        shop.found(SHOP)
    }

    /// The program as if this machine's clock were so many minutes ahead of the server's, or behind it.
    #[track_caller]
    fn run_at(&self, minutes: i64, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env("DUALKEY_STAND_INS", "1").args(["--now", &(now() + minutes.minutes()).to_string()]);
        finish_today(command)
    }

    /// An apply that goes on beside the test.
    fn begin(&self) -> Child {
        self.command(&["apply"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    #[track_caller]
    fn session(&self, user: &str) -> Session {
        self.login(user).unwrap()
    }

    fn login(&self, user: &str) -> Result<Session, String> {
        Session::open(self.server.socket(), self.server.port, user)
    }

    /// What the server is pinned by.
    fn system(&self) -> String {
        self.sql("SELECT system_identifier FROM pg_control_system()").remove(0)
    }

    /// What a superuser is answered.
    #[track_caller]
    fn sql(&self, statements: &str) -> Vec<String> {
        self.session(SUPERUSER).run(statements).unwrap_or_else(|why| panic!("{statements}: {why}"))
    }

    /// Who is in what, and who can log in, but for dualkey's own.
    fn live(&self) -> String {
        let mut live = String::new();
        let members = "SELECT DISTINCT roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members
                        WHERE member::regrole::text NOT IN ('dualkey', 'tom_reed') AND roleid::regrole::text !~ '^pg_' ORDER BY 1, 2, 3";
        for row in self.sql(members) {
            writeln!(live, "{row}").unwrap();
        }
        let logins =
            "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname !~ '^(dualkey|postgres|tom_reed)' ORDER BY 1";
        writeln!(live, "logins: {}", self.sql(logins).join(" ")).unwrap();
        live
    }

    /// Alice of Globex may write to the shop for a month.
    fn let_alice_in(&self) {
        let (from, until) = (day(-1), day(30));
        self.world.write(
            "people/alice.nguyen.yaml",
            &format!(
                "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\nengagement: {{ from: {from}, \
                 until: {until} }}\naccounts: {{ postgres: alice_nguyen }}\n"
            ),
        );
        self.world.write(
            "grants/alice-writes.yaml",
            &format!(
                "to: [alice.nguyen]\nrole: writer\ndomain: shop\nresources: [writers, logins]\nfrom: {from}\nuntil: \
                 {until}\nreason: Build the refund flow\n"
            ),
        );
    }
}
