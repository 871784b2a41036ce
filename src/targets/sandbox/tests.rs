use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::faults::Faulty;
use super::*;
use crate::access::{Conditions, Example};
use crate::targets::Principal;
use crate::targets::contract::{self, Break, Sample, World, contract};
use crate::targets::{KINDS, aws, gcp, github};

struct SandboxWorld {
    folder: TempDir,
    target: TargetType,
    native_ends: bool,
}

impl SandboxWorld {
    fn new(target: TargetType, native_ends: bool) -> Self {
        let world = SandboxWorld { folder: TempDir::new().unwrap(), target, native_ends };
        if native_ends {
            let text = format!(r#"{{ "version": 1, "as": "{target}", "native_ends": true, "entitlements": [] }}"#);
            fs::create_dir_all(world.path().parent().unwrap()).unwrap();
            fs::write(world.path(), text).unwrap();
        }
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("dualkey/play.json")
    }
}

impl World for SandboxWorld {
    fn samples(&self) -> Vec<Sample> {
        let spec = KINDS.real().find(|spec| spec.name == self.target).unwrap();
        assert!(!spec.examples.is_empty(), "{} has no examples", spec.name);
        let sample = |Example { kind, resources, permissions }: &Example| Sample {
            kind,
            resources: *resources,
            permissions: *permissions,
            principals: ["583231", "tom"],
        };
        spec.examples.iter().map(sample).collect()
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Faulty::new(Sandbox::open(self.path(), "sandbox:play", self.target, now()), Right::Read))
    }

    fn writer(&self) -> Box<dyn Writer> {
        Box::new(Faulty::new(Sandbox::open(self.path(), "sandbox:play", self.target, now()), Right::Write))
    }

    fn keeps_ends(&self) -> bool {
        self.native_ends
    }

    fn breaks(&self, fault: Option<Break>) -> bool {
        let text = match fault {
            None => "{}".to_owned(),
            Some(Break::Denied(resource)) => format!(r#"{{ "unread": ["{resource}"] }}"#),
            Some(Break::Busy) => r#"{ "flaky": 2 }"#.to_owned(),
            Some(Break::LostPage | Break::LostAnswer | Break::Crash { .. }) => return false,
        };
        fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        fs::write(self.path().with_extension("faults.json"), text).unwrap();
        true
    }

    fn plant(&self, held: &[Live], members: &Members) -> bool {
        let content = Content { native_ends: self.native_ends, members: members.clone(), ..Content::default() };
        let content = Content { entitlements: held.to_vec(), ..content };
        fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        fs::write(self.path(), file::render(&content, self.target).unwrap()).unwrap();
        true
    }
}

/// The names of one target, as a file lists them.
struct Listed(SandboxWorld);

impl World for Listed {
    fn samples(&self) -> Vec<Sample> {
        self.0.samples()
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.0.reader()
    }

    fn writer(&self) -> Box<dyn Writer> {
        self.0.writer()
    }

    fn keeps_ends(&self) -> bool {
        self.0.keeps_ends()
    }

    fn breaks(&self, fault: Option<Break>) -> bool {
        self.0.breaks(fault)
    }

    fn plant(&self, _: &[Live], _: &Members) -> bool {
        false
    }
}

fn listed() -> Listed {
    let world = SandboxWorld::new(aws::TYPE, false);
    let names = r#"{ "accounts": ["583231", "tom"], "permissions": { "account": ["DeveloperAccess", "AdministratorAccess"] } }"#;
    let text = format!(r#"{{ "version": 1, "as": "aws", "names": {names}, "entitlements": [] }}"#);
    fs::create_dir_all(world.path().parent().unwrap()).unwrap();
    fs::write(world.path(), text).unwrap();
    Listed(world)
}

// it stands in for every type there is
contract!(as_each_type, each KINDS.real().map(|spec| SandboxWorld::new(spec.name, false)));
contract!(with_names, listed());
contract!(with_native_ends, SandboxWorld::new(gcp::TYPE, true));

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn at(path: &Path) -> Sandbox {
    Sandbox::open(path, "sandbox:play", github::TYPE, now())
}

fn repository(verb: Verb, principal: &str) -> Call {
    Call {
        verb,
        kind: &github::kinds::REPOSITORY,
        resource: "northwind/api".into(),
        permission: "push".into(),
        principal: principal.into(),
        conditions: Conditions::NONE,
        number: None,
    }
}

fn grant(principal: &str) -> Call {
    repository(Verb::Grant { until: None }, principal)
}

fn made(path: &Path, call: &Call) -> Result<Done, TargetError> {
    contract::one(&mut at(path), call)
}

fn held(path: &Path) -> Vec<Live> {
    let reading = at(path).read(&scope(), Depth::Holders).unwrap();
    assert!(reading.unread.is_empty(), "{reading:?}");
    reading.held
}

fn scope() -> Scope {
    [(&github::kinds::REPOSITORY, "northwind/api")].into_iter().collect()
}

fn entry(permission: &str, principal: &str, more: &str) -> String {
    format!(
        r#"{{ "kind": "repository", "resource": "northwind/api", "permission": "{permission}", "principal": "{principal}"{more} }}"#
    )
}

fn whole(head: &str, entries: &[String]) -> String {
    format!("{{\n  \"version\": 1,\n  \"as\": \"github\",{head}\n  \"entitlements\": [\n{}\n]}}", entries.join(",\n"))
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_file_is_pretty_sorted_and_stable() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    for principal in ["tom", "583231"] {
        made(&path, &grant(principal)).unwrap();
    }
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @r#"
    {
      "version": 1,
      "as": "github",
      "native_ends": false,
      "entitlements": [
        {
          "kind": "repository",
          "resource": "northwind/api",
          "permission": "push",
          "principal": "583231"
        },
        {
          "kind": "repository",
          "resource": "northwind/api",
          "permission": "push",
          "principal": "tom"
        }
      ]
    }
    "#);
    assert_eq!(names_in(folder.path()), ["play.json", "play.json.lock"]);
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    made(&path, &repository(Verb::Revoke, "tom")).unwrap();
    assert!(!path.exists());
    let by_hand = whole("", &[entry("push", "tom", "")]);
    fs::write(&path, &by_hand).unwrap();
    made(&path, &grant("tom")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), by_hand);
}

#[test]
fn an_edit_by_hand_is_what_is_live() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    fs::write(&path, whole("", &[entry("push", "tom", ""), entry("admin", "nobody-knows", "")])).unwrap();
    let live = held(&path);
    assert_eq!(format!("{live:?}"), "[repository:northwind/api:admin nobody-knows, repository:northwind/api:push tom]");
}

#[test]
fn a_corrupt_file_is_named_by_place_and_never_touched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let tom = entry("push", "tom", "");
    let hours = r#", "conditions": [{ "hours": { "days": ["mon"], "between": "08:00-19:00", "timezone": "UTC" } }]"#;
    let cases = [
        String::new(),
        "[]".into(),
        "{}".into(),
        r#"{"version": 2}"#.into(),
        whole("", std::slice::from_ref(&tom)) + "{}",
        whole(" \"seed\": 1,", &[]),
        whole(" \"as\": \"github\",", &[]),
        whole("", &[]).replace("github", "aws"),
        whole("", &[tom.clone(), entry("admin", "tom", "")]),
        whole("", &[tom.clone(), entry("owner", "alice", "")]),
        whole("", &[tom.replace("repository", "account")]),
        whole("", &[tom.replace("northwind/api", "northwind"), tom]),
        whole("", &[entry("push", "", "")]),
        whole("", &[entry("push", "tom", r#", "note": "x""#)]),
        whole("", &[entry("push", "tom", r#", "until": "soon""#)]),
        whole("", &[entry("push", "tom", r#", "until": "2026-11-30T00:00:00Z""#)]),
        whole("", &[entry("push", "tom", hours)]),
    ];
    let mut found = String::new();
    for text in cases {
        fs::write(&path, &text).unwrap();
        let error = at(&path).read(&scope(), Depth::Holders).unwrap_err();
        let TargetError::Corrupt { line, column, why, .. } = &error else { panic!("{error}: {text}") };
        found += &format!("{line}:{column} {why}\n");
        assert_eq!(made(&path, &grant("alice")).unwrap_err().to_string(), error.to_string());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    insta::assert_snapshot!(found, @r"
    1:1 EOF while parsing a value
    1:1 invalid type: sequence, expected an object with `version`, `as` and `entitlements`
    1:2 missing field `version`
    1:14 version `2` is unknown, this program reads 1
    6:3 trailing characters
    3:24 unknown field `seed`, expected one of `version`, `as`, `native_ends`, `identity`, `clock`, `entitlements`, `members`, `ways_in`, `names`
    3:32 duplicate field `as`
    3:13 it is `as: aws`, but should be `as: github`
    6:96 `tom` holds a second permission on repository `northwind/api`
    6:98 `owner` is not a permission of repository: the permissions of `repository` are pull, triage, push, maintain, admin
    5:92 `account` is not a kind of github, which has repository, team, membership
    5:91 `northwind` is not a repository: a repository is written OWNER/NAME
    5:92 a principal is not empty and holds no control characters
    5:101 unknown field `note`, expected one of `kind`, `resource`, `permission`, `principal`, `conditions`, `until`, `latent`
    5:112 `soon` is not an instant
    6:2 `until` of `tom` on `northwind/api` needs `native_ends: true`
    5:190 a repository can't be held on conditions, here mon 08:00–19:00 UTC
    ");
    fs::write(&path, [b'{', 0xff]).unwrap();
    assert!(matches!(at(&path).read(&scope(), Depth::Holders), Err(TargetError::Corrupt { .. })));
}

#[test]
fn native_ends_end_at_their_instant() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let over = entry("push", "over", r#", "until": "2026-11-24T09:00:00Z""#);
    let soon = entry("push", "soon", r#", "until": "2026-11-24T09:00:00.000000001Z""#);
    let text = whole(" \"native_ends\": true,", &[over, soon, entry("push", "tom", "")]);
    fs::write(&path, text).unwrap();
    let holders = |mut sandbox: Sandbox| -> Vec<String> {
        sandbox
            .read(&scope(), Depth::Holders)
            .unwrap()
            .held
            .into_iter()
            .map(|live| live.principal.to_string())
            .collect()
    };
    assert_eq!(holders(at(&path)), ["soon", "tom"]);
    assert_eq!(holders(Sandbox::open(&path, "sandbox:play", github::TYPE, Timestamp::MIN)), ["over", "soon", "tom"]);
    made(&path, &repository(Verb::Revoke, "tom")).unwrap();
    assert_eq!(holders(Sandbox::open(&path, "sandbox:play", github::TYPE, Timestamp::MIN)), ["soon"]);
}

#[test]
fn names_the_target_does_not_have_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let account: Scope = [(&aws::kinds::ACCOUNT, "111122223333")].into_iter().collect();
    let malformed: Scope = [(&github::kinds::REPOSITORY, "Northwind/api")].into_iter().collect();
    for scope in [account, malformed] {
        let unread = at(&path).read(&scope, Depth::Holders).unwrap().unread;
        assert!(matches!(&unread[..], [(_, TargetError::Refused { .. })]), "{unread:?}");
    }
    for call in [grant(""), grant("a\nb"), Call { permission: "write".into(), ..grant("tom") }] {
        assert!(matches!(made(&path, &call), Err(TargetError::Refused { .. })), "{call:?}");
    }
    assert!(!path.exists());
}

#[test]
fn what_a_crash_left_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    fs::write(&path, whole("", &[entry("push", "tom", "")])).unwrap();
    fs::write(folder.path().join(".play.json.tmp"), "{ \"version\": 1, \"as").unwrap();
    fs::write(folder.path().join("play.json.lock"), "").unwrap();
    assert_eq!(held(&path).len(), 1);
    made(&path, &grant("alice")).unwrap();
    assert_eq!(held(&path).len(), 2);
    assert_eq!(names_in(folder.path()), ["play.json", "play.json.lock"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_and_a_mode_is_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    fs::write(&real, whole("", &[])).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&real, &link).unwrap();
    assert!(matches!(at(&link).read(&scope(), Depth::Holders), Err(TargetError::Refused { .. })));
    assert!(matches!(made(&link, &grant("tom")), Err(TargetError::Refused { .. })));
    assert!(matches!(at(folder.path()).read(&scope(), Depth::Holders), Err(TargetError::Refused { .. })));
    assert_eq!(names_in(folder.path()), ["link.json", "real.json"]);
    made(&real, &grant("tom")).unwrap();
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_folder_that_is_not_one_is_an_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let below = path.join("play.json");
    assert!(matches!(at(&below).read(&scope(), Depth::Holders), Err(TargetError::Io { .. })));
    assert!(matches!(made(&below, &grant("tom")), Err(TargetError::Io { .. })));
}

#[test]
fn a_lock_that_is_held_is_an_error_and_ends_with_its_holder() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let lock = store::lock(&path).unwrap();
    assert!(matches!(store::lock_within(&path, 2), Err(TargetError::Locked { .. })));
    assert_eq!(held(&path), [], "a reader doesn't wait");
    drop(lock);
    assert!(store::lock_within(&path, 1).is_ok());
}

/// Where the process that the next test starts finds the file, and its part in the names.
const CHILD: &str = "DUALKEY_TEST_SANDBOX_CHILD";

#[test]
fn processes_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let start = |number: u32| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "targets::sandbox::tests::child_of_processes_lose_nothing", "--ignored"])
            .env(CHILD, format!("{number} {}", path.display()))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut child in [start(0), start(1), start(2)] {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(held(&path).len(), 3 * 20);
}

#[test]
#[ignore = "run by processes_lose_nothing"]
fn child_of_processes_lose_nothing() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (number, path) = told.split_once(' ').unwrap();
    for i in 0..20 {
        made(Path::new(path), &grant(&format!("child-{number}-{i}"))).unwrap();
    }
}

#[test]
fn a_clock_in_the_file_is_told_and_outlives_a_write() {
    let world = SandboxWorld::new(github::TYPE, false);
    fs::create_dir_all(world.path().parent().unwrap()).unwrap();
    let open = || Sandbox::open(world.path(), "sandbox:play", github::TYPE, now());
    let clock = || open().hello().unwrap().clock;
    assert_eq!(clock(), None);
    let text = r#"{ "version": 1, "as": "github", "clock": "2026-11-24T09:00:00Z", "entitlements": [] }"#;
    fs::write(world.path(), text).unwrap();
    let call = Call {
        verb: Verb::Grant { until: None },
        kind: &github::kinds::REPOSITORY,
        resource: "northwind/api".to_owned(),
        permission: "push".to_owned(),
        principal: "583231".into(),
        conditions: Conditions::NONE,
        number: None,
    };
    contract::one(&mut open(), &call).unwrap();
    assert_eq!(clock(), Some("2026-11-24T09:00:00Z".parse().unwrap()));
    fs::write(world.path(), text.replace("2026-11-24T09:00:00Z", "noon")).unwrap();
    assert!(open().hello().unwrap_err().to_string().contains("`noon` is not an instant"));
}

#[test]
fn an_identity_in_the_file_is_told_and_outlives_a_write() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let identity = || at(&path).hello().unwrap().identity;
    assert_eq!(identity(), "sandbox:play", "it is taken for what is pinned");
    fs::write(&path, whole(" \"identity\": \"sandbox:other\",", &[])).unwrap();
    made(&path, &grant("tom")).unwrap();
    assert_eq!((identity().as_str(), held(&path).len()), ("sandbox:other", 1));
}

#[test]
fn who_is_no_account_is_taken_for_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("play.json");
    let group = entry("push", "tom", "").replace("\"tom\"", "{ \"group\": \"tom\" }");
    fs::write(&path, whole("", &[group])).unwrap();
    assert_eq!(held(&path)[0].principal, Principal::Group("tom".to_owned()));
    made(&path, &grant("tom")).unwrap();
    let holders = || held(&path).into_iter().map(|live| live.principal.to_string()).collect::<Vec<_>>();
    assert_eq!(holders(), ["tom", "group:tom"]);
    made(&path, &repository(Verb::Revoke, "tom")).unwrap();
    assert_eq!(holders(), ["group:tom"], "what the group holds is not what the account holds");
    for who in ["service:x", "everyone:all", "deleted:y", "unknown:z"] {
        made(&path, &grant(who)).unwrap();
    }
    assert_eq!(holders(), ["group:tom", "service:x", "everyone:all", "deleted:y", "unknown:z"]);
    made(&path, &repository(Verb::Revoke, "group:tom")).unwrap();
    assert_eq!(holders().len(), 4);
}
