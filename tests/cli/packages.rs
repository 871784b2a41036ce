//! Published packages that something is held against, brought below `target/` where they aren't there yet.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::{finish, scrubbed};

/// Two tests may want the same one.
static ONE_BY_ONE: Mutex<()> = Mutex::new(());

/// Makes a folder below `target/` by filling one beside it, so that a run that was stopped leaves nothing half.
fn made(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let _held = ONE_BY_ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = base.join(name);
    if !folder.exists() {
        std::fs::create_dir_all(base).unwrap();
        let making = tempfile::tempdir_in(base).unwrap();
        fill(making.path());
        std::fs::rename(making.keep(), &folder).unwrap();
    }
    folder
}

/// The folder of an unpacked package of npm. Its name says the version, so another version is another folder.
pub fn npm(package: &str, version: &str) -> PathBuf {
    let name = format!("npm-{}-{version}", package.replace(['@', '/'], "-"));
    let folder = made(&name, |making| {
        // npm's own settings say where packages come from
        let home = std::env::var_os("HOME").map_or_else(|| making.to_owned(), PathBuf::from);
        let mut pack = scrubbed("npm", &home);
        for (name, value) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            if upper.starts_with("NPM_CONFIG_") || upper.ends_with("_PROXY") || upper == "NODE_EXTRA_CA_CERTS" {
                pack.env(name, value);
            }
        }
        pack.current_dir(making).args(["pack", "--silent", "--ignore-scripts", &format!("{package}@{version}")]);
        let archive = finish(pack).exits(0).stdout;
        let mut unpack = scrubbed("tar", making);
        unpack.current_dir(making).args(["xzf", archive.trim()]);
        finish(unpack).exits(0);
    });
    folder.join("package")
}

/// The folder of the programs of Python packages, each with its version: `zizmor==1.32.0`.
pub fn python(packages: &[&str]) -> PathBuf {
    let _held = ONE_BY_ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = packages.join("-").replace("==", "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    let (done, programs) = (folder.join("made"), folder.join("bin"));
    // programs of such a folder name it, so it can't be moved: a file says that it is whole
    if !done.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        let run = |program: &Path, arguments: &[&str]| {
            // where packages come from is said by pip's own settings and variables
            let ran = std::process::Command::new(program).args(arguments).output().unwrap();
            assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        };
        run(Path::new("python3"), &["-m", "venv", folder.to_str().unwrap()]);
        let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
        run(&programs.join("python"), &[&quietly[..], packages].concat());
        std::fs::write(done, "").unwrap();
    }
    programs
}
