//! A server to play on: one that is started here and leaves nothing behind, or one that somebody names.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cli::{Exit, Stop, output};
use crate::targets::postgres::session::{Login, Session};

/// The database that the story plays in.
pub const DATABASE: &str = "dualkey_demo";

/// Roles that the story makes, in an order in which they can be dropped: who gave something to others comes last.
const ROLES: [&str; 8] =
    ["shop_ro", "shop_rw", "shop_visitors", "alice_nguyen", "bob_keller", "grace_lin", "dualkey_reader", "dualkey"];

/// Where Debian keeps the programs of each version, which it leaves off the path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The variable that names a server.
const GIVEN: &str = "DATABASE_URL";

/// How long a new server may take to let us in.
const LONGEST: Duration = Duration::from_secs(60);

/// Whom servers run as where we are root, the best first: nobody has the least to lose.
const OTHERS: [&str; 2] = ["nobody", "postgres"];

/// The server of a story.
pub struct Server {
    superuser: Login,
    /// What was made there so far, as statements that take it away again, the last first.
    made: Vec<String>,
    own: Option<Own>,
}

/// A server that ends with its story, however that ends.
struct Own {
    /// Its data and its socket.
    folder: TempDir,
    watch: Child,
}

impl Server {
    /// The one that `DATABASE_URL` names, or a new one by the programs of a folder or of this machine.
    pub fn open(programs: Option<&Path>) -> Result<Self, Stop> {
        let given = std::env::var(GIVEN).ok().filter(|url| programs.is_none() && !url.is_empty());
        let server = match given {
            Some(url) => {
                let superuser = Login::parse(&url).map_err(|why| {
                    Stop::usage(
                        format!("{GIVEN} names no server: {why}"),
                        "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE",
                    )
                })?;
                Server { superuser, made: Vec::new(), own: None }
            }
            None => {
                let path = std::env::var_os("PATH");
                let found = match programs {
                    Some(folder) => Some(folder.to_owned()).filter(|folder| holds_programs(folder)),
                    None => find(path.as_deref(), Path::new(DEBIAN)),
                };
                Server::start(&found.ok_or_else(|| missing(programs))?)?
            }
        };
        let session = server.session()?;
        if !session.is_superuser() {
            return Err(Stop::usage(
                format!("`{}` is no superuser of the server that {GIVEN} names", server.superuser.user()),
                "name a superuser of a server to play on; the story makes roles, and drops them at its end",
            ));
        }
        server.is_free(&session)?;
        drop(session);
        Ok(server)
    }

    /// Makes a server of its own in a temporary folder. It listens at a socket alone.
    fn start(programs: &Path) -> Result<Self, Stop> {
        let failed = |why: &str| {
            let help =
                "run it as another user, or name a server by DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/DATABASE";
            Stop::usage(format!("PostgreSQL of {} doesn't start: {why}", programs.display()), help)
        };
        let folder = tempfile::Builder::new().prefix("dualkey-pg-").tempdir();
        let folder = folder.map_err(|error| Stop::io("making a folder in", &std::env::temp_dir(), &error))?;
        let user = match is_root() {
            true => Some(
                other_user(&fs::read_to_string("/etc/passwd").unwrap_or_default())
                    .ok_or_else(|| failed("servers refuse to run as root, and this machine has no user `nobody`"))?,
            ),
            false => None,
        };
        let superuser = "postgres";
        let password = super::password();
        let secret = folder.path().join("password");
        fs::write(&secret, &password).map_err(|error| Stop::io("writing", &secret, &error))?;
        for path in [&secret, folder.path()] {
            let mode = if path == folder.path() { 0o700 } else { 0o600 };
            fs::set_permissions(path, PermissionsExt::from_mode(mode))
                .map_err(|error| Stop::io("closing", path, &error))?;
            if let Some((uid, gid)) = user {
                chown(path, Some(uid), Some(gid)).map_err(|error| Stop::io("giving away", path, &error))?;
            }
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", superuser]);
        initdb.arg("--pwfile").arg(&secret).arg("--pgdata").arg(folder.path().join("data"));
        let made = as_user(&mut initdb, user).output().map_err(|error| failed(&error.to_string()))?;
        if !made.status.success() {
            return Err(failed(&last_line(&made.stderr)));
        }
        // where it stays, only the server's own user can read it, and the server goes with the story
        let _ = fs::remove_file(&secret);
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(programs.join("postgres")).arg(folder.path());
        as_user(&mut watch, user).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // a signal of the terminal ends the story, and the story its server
        let watch = watch.process_group(0).spawn().map_err(|error| failed(&error.to_string()))?;
        let own = Own { folder, watch };
        own.wait().map_err(|why| failed(&why))?;
        let superuser = Login::at_socket(own.folder.path(), superuser, &password);
        Ok(Server { superuser, made: Vec::new(), own: Some(own) })
    }

    /// True where it was started for the story.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    pub fn superuser(&self) -> &Login {
        &self.superuser
    }

    /// A session of the superuser, in the database that the server was named with.
    pub fn session(&self) -> Result<Session, Stop> {
        open(&self.superuser)
    }

    /// Refuses a server where something has a name that the story needs: it may be somebody's.
    fn is_free(&self, session: &Session) -> Result<(), Stop> {
        let names = ROLES.map(|role| format!("'{role}'")).join(", ");
        let asked = format!(
            "SELECT 'ROLE ' || rolname FROM pg_roles WHERE rolname IN ({names})
              UNION SELECT 'DATABASE ' || datname FROM pg_database WHERE datname = '{DATABASE}' ORDER BY 1"
        );
        let there = session.run(&asked).map_err(|why| unanswered(&why))?;
        if there.is_empty() {
            return Ok(());
        }
        let drops: Vec<String> = there.iter().map(|one| format!("DROP {one};")).collect();
        Err(Stop::usage(
            format!(
                "the server that {GIVEN} names has what the story makes, and it touches nothing of others: {}",
                there.join(", ")
            ),
            format!("name another server; if an earlier story left them, a superuser runs: {}", drops.join(" ")),
        ))
    }

    /// Makes something that is taken away again when the story ends.
    pub fn make(&mut self, session: &Session, statement: &str, undo: &str) -> Result<(), Stop> {
        session.run(statement).map_err(|why| unanswered(&why))?;
        self.made.push(undo.to_owned());
        Ok(())
    }

    /// Takes away what was made, or the whole server.
    pub fn close(mut self) -> Result<(), Stop> {
        self.clear()
    }

    fn clear(&mut self) -> Result<(), Stop> {
        let mut left: Vec<String> = std::mem::take(&mut self.made);
        if let Some(mut own) = self.own.take() {
            own.stop();
            return Ok(());
        }
        if left.is_empty() {
            return Ok(());
        }
        left.reverse();
        left.sort_by_key(|undo| ROLES.iter().position(|role| undo.ends_with(&format!(" {role}"))));
        let session = self.session().map_err(|_| left_behind(&left))?;
        let kept: Vec<String> = left.into_iter().filter(|undo| session.run(undo).is_err()).collect();
        if kept.is_empty() { Ok(()) } else { Err(left_behind(&kept)) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(stop) = self.clear() {
            output::error(&stop.text(output::error_style()));
        }
    }
}

fn left_behind(undo: &[String]) -> Stop {
    Stop::new(
        Exit::Unjudged,
        format!("what the story made at the server that {GIVEN} names could not all be taken away"),
        format!("a superuser runs: {};", undo.join("; ")),
    )
}

/// Opens a session, or says why not.
pub fn open(login: &Login) -> Result<Session, Stop> {
    login.open().map_err(|error| Stop::refused(Exit::Usage, vec![error.refusal()]))
}

pub fn unanswered(why: &str) -> Stop {
    Stop::new(
        Exit::Unjudged,
        format!("the server says: {why}"),
        "see its log; the demo needs a server of version 13 or later",
    )
}

/// Runs a server until the pipe from the story breaks, and takes its folder away then.
const WATCH: &str = r#"
    exec 3<&0
    "$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=40 >"$2/log" 2>&1 </dev/null 3<&- &
    server=$!
    { cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null; } &
    wait $server
    : >"$2/ended"
    cat <&3 >/dev/null
    rm -rf "$2"
"#;

impl Own {
    /// Returns when it lets people in.
    fn wait(&self) -> Result<(), String> {
        let (folder, since) = (self.folder.path(), Instant::now());
        let file = folder.join("data/postmaster.pid");
        let is_ready = || {
            fs::read_to_string(&file).is_ok_and(|text| text.lines().nth(7).is_some_and(|word| word.trim() == "ready"))
        };
        while !is_ready() {
            if folder.join("ended").exists() || since.elapsed() > LONGEST {
                let log = fs::read(folder.join("log")).unwrap_or_default();
                return Err(last_line(&log));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn stop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop();
    }
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim().to_owned()
}

/// The program in surroundings that can't change what it does.
fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    let kept = ["PATH", "LD_LIBRARY_PATH", "TMPDIR"].into_iter();
    command.env_clear().envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?)))).env("LC_ALL", "C");
    command.current_dir("/").stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// User and group of somebody who isn't root, as `/etc/passwd` has them.
fn other_user(passwd: &str) -> Option<(u32, u32)> {
    let of = |name: &str| {
        let mut fields =
            passwd.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?.skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    OTHERS.into_iter().find_map(of)
}

fn holds_programs(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// The folder of `initdb` and `postgres`: one of the path, else that of the newest version that Debian keeps.
fn find(path: Option<&OsStr>, debian: &Path) -> Option<PathBuf> {
    let on_path = path.and_then(|path| std::env::split_paths(path).find(|folder| holds_programs(folder)));
    on_path.or_else(|| {
        let versions = fs::read_dir(debian).ok()?.filter_map(Result::ok);
        let numbered = versions.filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        });
        numbered.filter(|(_, folder)| holds_programs(folder)).max().map(|(_, folder)| folder)
    })
}

fn missing(named: Option<&Path>) -> Stop {
    let place = match named {
        Some(folder) => format!("in `{}`", folder.display()),
        None => format!("on your path or in {DEBIAN}"),
    };
    Stop::usage(
        format!("there is no PostgreSQL to start: no folder {place} holds `initdb` and `postgres`"),
        format!(
            "install PostgreSQL 15 to 18 (`apt-get install postgresql`, `dnf install postgresql-server`, `brew install \
             postgresql@18`), name its folder by `--postgres=DIR`, or name a server to play on by \
             {GIVEN}=postgres://SUPERUSER:PASSWORD@HOST:PORT/DATABASE"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_and_then_where_debian_keeps_them() {
        let place = tempfile::tempdir().unwrap();
        let make = |folder: &str, programs: &[&str]| {
            let folder = place.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            programs.iter().for_each(|program| fs::write(folder.join(program), "").unwrap());
            folder
        };
        let both = ["initdb", "postgres"];
        let (half, whole) = (make("half", &["initdb"]), make("whole", &both));
        let debian = place.path().join("debian");
        let path = |folders: &[&PathBuf]| std::env::join_paths(folders).unwrap();
        assert_eq!(find(Some(&path(&[&half])), &debian), None);
        assert_eq!(find(None, &debian), None);
        make("debian/9/bin", &both);
        let newest = make("debian/16/bin", &both);
        make("debian/17/bin", &["psql"]);
        make("debian/common/bin", &both);
        assert_eq!(find(Some(&path(&[&half])), &debian), Some(newest));
        assert_eq!(find(Some(&path(&[&half, &whole])), &debian), Some(whole));
    }

    #[test]
    fn root_hands_the_server_to_somebody_with_less_to_lose() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\npostgres:x:104:111::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(other_user(passwd), Some((65534, 65533)));
        assert_eq!(other_user(&passwd.replace("nobody:", "no:")), Some((104, 111)));
        assert_eq!(other_user("nobody:*:-2:-2::/:/bin/false\n"), None);
    }

    #[test]
    fn whoever_gave_something_is_dropped_last() {
        assert_eq!(ROLES.last(), Some(&"dualkey"));
    }
}
