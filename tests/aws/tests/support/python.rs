//! Pinned packages of Python, installed below `target/` where they aren't there yet.

use std::path::{Path, PathBuf};
use std::process::Command;

/// botocore has the models that the cuts are made of; boto3 is the client that judges the stand-in.
pub const PACKAGES: [&str; 2] = ["boto3==1.44.8", "botocore==1.44.8"];

/// The interpreter of an environment that has the packages.
///
/// Test programs may run at once, so each makes its own: programs of such a folder name it, and it can't be moved.
pub fn interpreter(program: &str) -> PathBuf {
    let name = PACKAGES.join("-").replace("==", "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{program}-{name}"));
    let (done, python) = (folder.join("made"), folder.join("bin/python"));
    // a file says that it is whole
    if !done.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        run(Path::new("python3"), &["-m", "venv", folder.to_str().unwrap()]);
        let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
        run(&python, &[&quietly[..], &PACKAGES].concat());
        std::fs::write(done, "").unwrap();
    }
    python
}

/// What a program prints.
pub fn run(program: &Path, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {said}", arguments.join(" "));
    String::from_utf8(ran.stdout).unwrap()
}
