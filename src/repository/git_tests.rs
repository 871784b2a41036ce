use super::super::testing::Sandbox;
use super::super::{Failure, Snapshot};
use super::*;

fn failure(result: Result<impl Sized, RepositoryError>) -> (Failure, String) {
    let error = result.err().expect("it must fail");
    (error.failure(), error.to_string())
}

#[test]
fn only_a_repository_with_a_work_tree_is_opened() {
    let sandbox = Sandbox::new();
    let inner = sandbox.dir().join("people/team");
    std::fs::create_dir_all(&inner).unwrap();
    let repository = Repository::open(&inner).unwrap();
    assert_eq!(repository.work_dir().canonicalize().unwrap(), sandbox.dir());
    assert_eq!(repository.git_dir().canonicalize().unwrap(), sandbox.dir().join(".git"));

    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::open(nowhere.path()), Err(RepositoryError::NotARepository { .. })));
    let bare = sandbox.beside("bare.git");
    sandbox.git(&["init", "--quiet", "--bare", bare.to_str().unwrap()]);
    assert!(matches!(Repository::open(&bare), Err(RepositoryError::Bare { .. })));
}

#[test]
fn a_linked_work_tree_shares_the_git_folder() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(&[("dualkey.yaml", "1")]);
    let linked = sandbox.beside("linked");
    sandbox.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    let repository = Repository::open(&linked).unwrap();
    assert_eq!(repository.git_dir().canonicalize().unwrap(), sandbox.dir().join(".git"));
    assert_eq!(repository.head().unwrap(), commit);
    assert!(repository.ensure_complete().is_ok());
    assert_eq!(Snapshot::of_work_tree(&repository).unwrap().files().len(), 1);
}

#[test]
fn a_repository_without_a_commit_is_empty() {
    let sandbox = Sandbox::new();
    let repository = sandbox.open();
    assert!(repository.is_empty().unwrap());
    assert!(matches!(repository.head(), Err(RepositoryError::Empty)));
    assert!(matches!(repository.resolve("HEAD"), Err(RepositoryError::Empty)));
    assert!(matches!(repository.resolve("main"), Err(RepositoryError::UnknownRevision { .. })));
    sandbox.commit(&[]);
    assert!(!repository.is_empty().unwrap());
}

#[test]
fn revisions_are_resolved_to_commits() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("a", "1")]);
    let second = sandbox.commit(&[("a", "2")]);
    sandbox.git(&["tag", "-a", "-m", "one", "v1", "HEAD~1"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let repository = sandbox.open();
    let short = &second.to_string()[..10];
    for (rev, commit) in [
        ("main", second),
        ("HEAD", second),
        ("@", second),
        ("HEAD~1", first),
        ("main^", first),
        ("v1", first),
        ("v1^{commit}", first),
        ("refs/tags/v1", first),
        ("origin/main", first),
        (&second.to_string(), second),
        (short, second),
    ] {
        assert_eq!(repository.resolve(rev).unwrap(), commit, "{rev}");
    }
    for rev in ["", "nothing", "HEAD~9", "--all", "a..b", &"0".repeat(40)] {
        assert!(matches!(repository.resolve(rev), Err(RepositoryError::UnknownRevision { .. })), "{rev}");
    }
    assert!(matches!(repository.resolve("HEAD:a"), Err(RepositoryError::NotACommit { .. })));
    assert_eq!(repository.branch_tip("main").unwrap(), Some(second));
    assert_eq!(repository.branch_tip("v1").unwrap(), None);
    assert_eq!(repository.remote_branch_tip("origin", "main").unwrap(), Some(first));
}

#[test]
fn a_short_name_with_two_meanings_is_refused() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("a", "1")]);
    let second = sandbox.commit(&[("a", "2")]);
    let short = &first.to_string()[..7];
    for name in ["refs/tags/main", "refs/heads/heads/main", "refs/heads/refs/heads/main", &format!("refs/tags/{short}")]
    {
        sandbox.git(&["update-ref", name, "HEAD~1"]);
    }
    let repository = sandbox.open();
    for rev in ["main", "main~1", "main^{commit}", "heads/main", short] {
        let error = repository.resolve(rev).unwrap_err();
        assert!(
            matches!(&error, RepositoryError::AmbiguousRevision { meanings, .. } if meanings.len() == 2),
            "{rev}: {error}"
        );
        assert_eq!(error.failure(), Failure::Usage);
    }
    assert_eq!(repository.resolve("refs/heads/main").unwrap(), second);
    assert_eq!(repository.branch_tip("main").unwrap(), Some(second));
}

#[test]
fn a_branch_that_is_named_like_the_start_of_an_object_is_found() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("a", "1")]);
    let second = sandbox.commit(&[("a", "2")]);
    let repository = sandbox.open();
    for (digits, object) in [(4, first), (7, first), (12, first), (39, first), (8, sandbox.oid("HEAD:a"))] {
        let name = &object.to_string()[..digits];
        let [branch, tag, remote] =
            ["refs/heads/", "refs/tags/", "refs/remotes/origin/"].map(|folder| format!("{folder}{name}"));
        let meanings = |rev: &str| match repository.resolve(rev) {
            Err(RepositoryError::AmbiguousRevision { meanings, .. }) => meanings,
            other => panic!("{rev}: {other:?}"),
        };
        let object = format!("the object `{object}`");
        sandbox.git(&["update-ref", &remote, "HEAD"]);
        assert_eq!(meanings(name), [format!("`{remote}`"), object.clone()]);
        sandbox.git(&["update-ref", &branch, "HEAD"]);
        assert_eq!(repository.resolve(name).unwrap(), second, "{name}");
        assert_eq!(repository.resolve(&format!("{name}~1")).unwrap(), first, "{name}");
        sandbox.git(&["update-ref", "-d", &remote]);
        assert_eq!(repository.resolve(name).unwrap(), second, "{name}");
        sandbox.git(&["update-ref", &tag, "HEAD"]);
        assert_eq!(meanings(name), [format!("`{tag}`"), format!("`{branch}`")]);
        sandbox.git(&["update-ref", "-d", &branch]);
        assert_eq!(meanings(name), [format!("`{tag}`"), object]);
        sandbox.git(&["update-ref", "-d", &tag]);
    }
    for name in ["deadbeef", "0123"] {
        sandbox.git(&["branch", name]);
        assert_eq!(repository.resolve(name).unwrap(), second, "{name}");
    }
}

#[test]
fn history_that_is_not_all_here_is_not_judged() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("a", "1")]);
    let second = sandbox.commit(&[("a", "2")]);
    let url = format!("file://{}", sandbox.dir().display());
    let clone = |name: &str, options: &[&str], from: &str| {
        let dir = sandbox.beside(name);
        sandbox.git(&[&["clone", "--quiet"], options, &[from, dir.to_str().unwrap()]].concat());
        Repository::open(&dir).unwrap()
    };
    assert!(clone("full", &[], &url).ensure_complete().is_ok());
    let shallow = clone("shallow", &["--depth=1"], &url).ensure_complete();
    assert!(matches!(shallow, Err(RepositoryError::Shallow)), "{shallow:?}");
    let shared = clone("shared", &["--shared"], sandbox.dir().to_str().unwrap()).ensure_complete();
    assert!(matches!(shared, Err(RepositoryError::Alternates { .. })), "{shared:?}");
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    let partial = clone("partial", &["--filter=blob:none"], &url).ensure_complete();
    assert!(matches!(partial, Err(RepositoryError::Partial)), "{partial:?}");
    assert_eq!(failure(partial).0, Failure::Unjudged);

    std::fs::create_dir_all(sandbox.dir().join(".git/info")).unwrap();
    std::fs::write(sandbox.dir().join(".git/info/grafts"), format!("{second}\n")).unwrap();
    let repository = sandbox.open();
    assert!(matches!(repository.ensure_complete(), Err(RepositoryError::Grafted { .. })));
    assert_eq!(repository.first_parents(second).unwrap(), [second, first]);
    assert_eq!(repository.commit(second).unwrap().parents, [first]);
}

#[test]
fn a_replaced_object_is_read_as_it_is() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("dualkey.yaml", "true")]);
    let second = sandbox.commit(&[("dualkey.yaml", "also true")]);
    let blob = sandbox.oid("HEAD:dualkey.yaml");
    let forged = sandbox.blob(b"forged");
    let other = sandbox.commit_tree(sandbox.raw_tree(&[]), &[], "other");
    sandbox.git(&["replace", &blob.to_string(), &forged.to_string()]);
    sandbox.git(&["replace", &second.to_string(), &other.to_string()]);
    let repository = sandbox.open();
    assert!(repository.ensure_complete().is_ok());
    assert_eq!(repository.first_parents(second).unwrap(), [second, first]);
    let snapshot = Snapshot::of_commit(&repository, second).unwrap();
    assert_eq!(&*snapshot.file("dualkey.yaml").unwrap().content.bytes(), b"also true");
    assert_eq!(repository.managed_entries(second).unwrap()["dualkey.yaml"].oid, blob);
    assert_eq!(repository.resolve("HEAD~1").unwrap(), first);
}

#[test]
fn configuration_is_read_from_git() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "user.signingkey", "~/.ssh/id"]);
    let repository = sandbox.open();
    assert_eq!(repository.config("user.signingkey").unwrap().as_deref(), Some("~/.ssh/id"));
    assert_eq!(repository.config("dualkey.nothing").unwrap(), None);
    assert_eq!(repository.config("not a key").unwrap(), None);
}

#[test]
fn a_missing_object_names_itself() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("a", "1")]);
    let second = sandbox.commit(&[("a", "2")]);
    let name = first.to_string();
    std::fs::remove_file(sandbox.dir().join(format!(".git/objects/{}/{}", &name[..2], &name[2..]))).unwrap();
    let (failure, words) = failure(sandbox.open().first_parents(second));
    assert_eq!(failure, Failure::Unjudged);
    assert!(words.contains(&name), "{words}");
}
