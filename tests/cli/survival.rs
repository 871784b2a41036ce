//! An apply that is stopped, killed or run twice at once leaves nothing that the next one doesn't finish.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use crate::support::{Ran, World, finish, scrubbed, start};

/// Looks until something is so. What it waits for comes, or the test never ends.
pub fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn signal(world: &World, name: &str, whom: &str) {
    let mut kill = scrubbed("kill", world.root.path());
    kill.args(["-s", name, "--", whom]);
    finish(kill).exits(0);
}

/// An apply under way, in a process group of its own, as a shell starts a command.
pub fn begin(world: &World, dir: &Path, args: &[&str]) -> Child {
    let mut command = world.command(dir);
    command.args(["apply", "--now", &world.now]).args(args);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    start(command)
}

pub fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Each push to the log touches `pushed` and waits for `go`.
fn slow_log(world: &World) -> (PathBuf, PathBuf) {
    let (pushed, go) = (world.path("pushed"), world.path("go"));
    let script = format!(
        "grep -q refs/dualkey/audit || exit 0\n: > '{}'\nwhile [ ! -e '{}' ]; do sleep 0.05; done\n",
        pushed.display(),
        go.display()
    );
    world.remote_hook("pre-receive", &script);
    (pushed, go)
}

pub fn lease(world: &World) -> serde_json::Value {
    let text = world.git_in(&world.path("origin.git"), &["show", "refs/dualkey/lease:lease.json"]);
    serde_json::from_str(&text).unwrap()
}

fn results(world: &World) -> Vec<serde_json::Value> {
    let log = world.dualkey(&["audit", "log", "--format", "json"]).exits(0).json();
    log["entries"].as_array().unwrap().iter().filter(|one| one["type"] == "result").cloned().collect()
}

/// What every target holds.
fn live(world: &World) -> [String; 3] {
    ["aws", "gcp", "github"].map(|target| world.live(target))
}

/// Runs until one run says that all is done; a run that died may still have a push on its way.
fn finished(world: &World) {
    let ran = (0..20).map(|_| world.timed(&["apply"])).find(|ran| ran.code == 0);
    assert!(ran.is_some(), "{:?}", world.timed(&["apply"]));
    world.timed(&["apply"]).exits(0).says("is applied already");
    world.dualkey(&["audit", "verify"]).exits(0);
}

#[test]
fn ctrl_c_before_the_first_write_is_recorded_and_the_push_under_way_goes_well() {
    let world = World::new();
    let (pushed, go) = slow_log(&world);
    let run = begin(&world, &world.repo(), &["--format", "json"]);
    until(|| pushed.exists());
    // to the whole group, as a terminal does
    signal(&world, "INT", &format!("-{}", run.id()));
    std::fs::write(go, "").unwrap();
    let ran = ended(run).exits(3).says("run-interrupted");
    let outcome = ran.json();
    assert_eq!(outcome["done"].as_array().unwrap().len(), 0);
    assert!(!outcome["not_started"].as_array().unwrap().is_empty());
    assert_eq!(live(&world), [""; 3]);
    assert_eq!(lease(&world)["released"], true);
    let results = results(&world);
    assert_eq!(results.len(), 1, "{results:#?}");
    assert_eq!(results[0]["refusals"][0]["code"], "run-interrupted");
    finished(&world);
}

#[test]
fn a_run_asked_to_end_finishes_the_operation_under_way_and_the_next_run_the_rest() {
    let world = World::new();
    let folder = world.repo().join(".git/dualkey");
    std::fs::create_dir_all(&folder).unwrap();
    // the second target is busy until the signal is there
    let busy = File::create(folder.join("gcp.json.lock")).unwrap();
    busy.lock().unwrap();
    let run = begin(&world, &world.repo(), &["--format", "json"]);
    until(|| folder.join("aws.json").exists());
    signal(&world, "TERM", &run.id().to_string());
    drop(busy);
    let outcome = ended(run).exits(4).says("run-interrupted").json();
    let (done, left) = (outcome["done"].as_array().unwrap(), outcome["not_started"].as_array().unwrap());
    assert!(!done.is_empty() && !left.is_empty(), "{outcome:#}");
    assert_eq!(outcome["failed"].as_array().unwrap().len(), 0);
    assert_eq!(lease(&world)["released"], true);
    assert_eq!(results(&world).len(), 1);
    let rest = world.timed(&["apply", "--format", "json"]).exits(0).json();
    assert_eq!(rest["done"].as_array().unwrap().len(), left.len());
    finished(&world);
}

#[test]
fn a_second_signal_ends_it_at_once_and_nothing_is_lost() {
    let world = World::new();
    let (pushed, go) = slow_log(&world);
    let run = begin(&world, &world.repo(), &[]);
    until(|| pushed.exists());
    let pid = run.id().to_string();
    signal(&world, "TERM", &pid);
    signal(&world, "INT", &pid);
    // the push still waits for its hook
    assert!((130..=143).contains(&ended(run).code));
    std::fs::write(go, "").unwrap();
    finished(&world);
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    /// Somewhere from nothing to `most`.
    fn part_of(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        most.mul_f64((self.0 >> 33) as f64 / (1_u64 << 31) as f64)
    }
}

/// How many runs are killed.
fn kills() -> u32 {
    std::env::var("DUALKEY_KILLS").map_or(10, |text| text.parse().unwrap())
}

/// Kills a run after a while, if it still runs.
fn killed(mut run: Child, after: Duration) {
    std::thread::sleep(after);
    let _ = run.kill();
    let _ = run.wait();
}

/// Twenty or so operations at three targets, taken and given.
fn unsettled() -> World {
    let world = World::new();
    let held = |principals: &[&str], kind: &str, resource: &str, permission: &str| -> Vec<String> {
        let one = |principal: &&str| {
            format!(
                r#"{{ "kind": "{kind}", "resource": "{resource}", "permission": "{permission}", "principal": "{principal}" }}"#
            )
        };
        principals.iter().map(one).collect()
    };
    // contractors hold what nobody declares
    let undeclared = held(&["820147", "900412"], "repository", "northwind/payments-api", "admin");
    let text = format!(r#"{{ "version": 1, "as": "github", "entitlements": [{}] }}"#, undeclared.join(", "));
    let folder = world.repo().join(".git/dualkey");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("github.json"), text).unwrap();
    world
}

#[test]
fn runs_that_are_killed_anywhere_end_where_an_undisturbed_one_does() {
    let undisturbed = unsettled();
    let began = std::time::Instant::now();
    finished(&undisturbed);
    // three runs and a verification take longer than one
    let one_run = began.elapsed() / 2;
    let end = live(&undisturbed);
    let mut dice = Dice(1);
    let mut left = kills();
    while left > 0 {
        let world = unsettled();
        for _ in 0..left.min(5) {
            killed(begin(&world, &world.repo(), &[]), dice.part_of(one_run));
            left -= 1;
        }
        finished(&world);
        assert_eq!(live(&world), end);
    }
}

/// Runs of the log that wrote: intent and result stand side by side, whoever else ran.
fn no_run_inside_another(world: &World) {
    let log = world.dualkey(&["audit", "log", "--format", "json"]).exits(0).json();
    let mut open: Option<String> = None;
    for entry in log["entries"].as_array().unwrap() {
        let run = entry["run"].as_str().map(ToOwned::to_owned);
        match entry["type"].as_str().unwrap() {
            "intent" => {
                assert!(open.is_none() || open == run, "{run:?} began inside {open:?}: {log:#}");
                open = run;
            }
            "result" => {
                assert_eq!(open.take(), run, "{log:#}");
            }
            _ => {}
        }
    }
}

#[test]
fn of_two_appliers_at_once_one_writes_at_a_time() {
    let edits = ["as: github", "as: aws", "as: gcp"].map(|from| {
        let target = from.trim_start_matches("as: ");
        (format!("{from} }}"), format!("{from}, file: live/{target}.json }}"))
    });
    let edits: Vec<(&str, &str, &str)> =
        edits.iter().map(|(from, to)| ("dualkey.yaml", from.as_str(), to.as_str())).collect();
    let world = World::edited(&edits);
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "second"]);
    let shared = world.repo().join("live");
    std::fs::create_dir(&shared).unwrap();
    std::os::unix::fs::symlink(&shared, world.path("second/live")).unwrap();
    let clones = [world.repo(), world.path("second")];
    let mut dice = Dice(7);
    for round in 0..kills().div_ceil(4) {
        let victim = (round % 2) as usize;
        let mut runs = clones.each_ref().map(|dir| Some(begin(&world, dir, &["--wait", "60"])));
        killed(runs[victim].take().unwrap(), dice.part_of(Duration::from_secs(2)));
        let other = ended(runs[1 - victim].take().unwrap());
        assert!([0, 3, 4].contains(&other.code), "{other:?}");
        no_run_inside_another(&world);
        // the next round has something to do again
        let _ = std::fs::remove_file(shared.join("aws.json"));
    }
    finished(&world);
    for target in ["github", "aws", "gcp"] {
        assert!(shared.join(format!("{target}.json")).exists());
    }
}
