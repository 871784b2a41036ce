use std::path::PathBuf;
use std::sync::Barrier;

use super::super::Failure;
use super::super::testing::Sandbox;
use super::*;

const LEASE: &str = "refs/dualkey/lease";

/// A clone with a commit on `main`, and the bare remote `origin` it was pushed to.
fn with_remote() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("a", "1")]);
    let bare = sandbox.beside("remote.git");
    sandbox.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", &format!("file://{}", bare.display())]);
    sandbox.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
    (sandbox, bare)
}

fn record(repository: &Repository, text: &str) -> Oid {
    let files = [("record".to_owned(), text.as_bytes().to_vec())].into();
    repository.write_commit(&files, &[], "record", 0).unwrap()
}

/// What must hold wherever the refs live.
fn swaps_are_all_or_nothing(repository: &Repository, state: &StateRefs<'_>) {
    let [a, b] = ["a", "b"].map(|text| record(repository, text));
    state.refresh(&[]).unwrap();
    state.compare_and_swap(LEASE, None, Some(a)).unwrap();
    assert_eq!(state.get(LEASE).unwrap(), Some(a));
    for (expected, new) in [(None, Some(b)), (Some(b), Some(a)), (Some(b), None), (None, Some(a)), (None, None)] {
        let error = state.compare_and_swap(LEASE, expected, new).unwrap_err();
        assert!(matches!(error, SwapError::Moved { actual, .. } if actual == Some(a)), "{expected:?} {new:?}: {error}");
        assert_eq!(error.failure(), Failure::Refused);
    }
    let audit = "refs/heads/audit-log";
    let swap = |name: &str, expected, new| Swap { name: name.to_owned(), expected, new };
    let half = [swap(audit, None, Some(b)), swap(LEASE, Some(b), None)];
    assert!(matches!(state.swap_all(&half), Err(SwapError::Moved { name, .. }) if name == LEASE));
    state.refresh(&[audit]).unwrap();
    assert_eq!(state.get(audit).unwrap(), None);
    state.swap_all(&[swap(audit, None, Some(b)), swap(LEASE, Some(a), Some(b))]).unwrap();
    state.refresh(&[audit]).unwrap();
    assert_eq!((state.get(audit).unwrap(), state.get(LEASE).unwrap()), (Some(b), Some(b)));
    assert_eq!(state.list("refs/dualkey/").unwrap(), [(LEASE.to_owned(), b)]);
    state.compare_and_swap(LEASE, Some(b), None).unwrap();
    assert_eq!(state.get(LEASE).unwrap(), None);
    assert!(matches!(state.compare_and_swap(LEASE, Some(b), None), Err(SwapError::Moved { actual: None, .. })));
    for bad in ["lease", "refs/dualkey/a b", "refs/dualkey-mirror/x", "refs/x\ndelete refs/y", "--all"] {
        let error = state.compare_and_swap(bad, None, Some(a)).unwrap_err();
        assert!(matches!(error, SwapError::Repository(RepositoryError::InvalidRefName { .. })), "{bad}: {error}");
    }
}

#[test]
fn swaps_on_the_local_repository() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(&[]);
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    assert_eq!(state.remote(), None);
    assert_eq!(state.branch_tip().unwrap(), Some(commit));
    swaps_are_all_or_nothing(&repository, &state);
}

#[test]
fn swaps_on_a_remote() {
    let (sandbox, bare) = with_remote();
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    assert_eq!(state.remote().as_deref(), Some("origin"));
    swaps_are_all_or_nothing(&repository, &state);
    assert_eq!(
        sandbox.git_in(&bare, &["for-each-ref", "--format=%(refname)"], b""),
        "refs/heads/audit-log\nrefs/heads/main"
    );
    assert!(repository.references("refs/dualkey/").unwrap().is_empty());
}

#[test]
fn a_refresh_follows_the_remote_and_remembers_what_was() {
    let (sandbox, bare) = with_remote();
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    let first = sandbox.oid("main");
    assert_eq!(state.branch_tip().unwrap(), None);
    state.refresh(&["refs/heads/log"]).unwrap();
    assert_eq!((state.branch_tip().unwrap(), state.previous("refs/heads/main")), (Some(first), None));

    let other = sandbox.beside("other");
    sandbox.git(&["clone", "--quiet", bare.to_str().unwrap(), other.to_str().unwrap()]);
    sandbox.git_in(&other, &["commit", "--quiet", "--allow-empty", "-m", "two"], b"");
    sandbox.git_in(&other, &["tag", "v1"], b"");
    sandbox.git_in(
        &other,
        &["push", "--quiet", "origin", "main", "v1", "main:refs/heads/log", "main:refs/dualkey/approvals/x/ann"],
        b"",
    );
    let second = sandbox.git_in(&other, &["rev-parse", "main"], b"").parse().unwrap();
    let upstream = repository.remote_branch_tip("origin", "main").unwrap();
    state.refresh(&["refs/heads/log"]).unwrap();
    assert_eq!((state.branch_tip().unwrap(), state.previous("refs/heads/main")), (Some(second), Some(first)));
    assert_eq!(state.get("refs/heads/log").unwrap(), Some(second));
    assert_eq!(state.list("refs/dualkey/approvals/").unwrap(), [("refs/dualkey/approvals/x/ann".to_owned(), second)]);
    // nothing but the mirror has moved
    assert_eq!(repository.remote_branch_tip("origin", "main").unwrap(), upstream);
    assert!(repository.references("refs/tags/").unwrap().is_empty());
    assert!(!sandbox.dir().join(".git/FETCH_HEAD").exists());

    sandbox.git_in(&bare, &["update-ref", "refs/heads/main", &first.to_string()], b"");
    sandbox.git_in(&bare, &["update-ref", "-d", "refs/heads/log"], b"");
    sandbox.git_in(&bare, &["update-ref", "-d", "refs/dualkey/approvals/x/ann"], b"");
    state.refresh(&["refs/heads/log"]).unwrap();
    assert_eq!((state.branch_tip().unwrap(), state.previous("refs/heads/main")), (Some(first), Some(second)));
    assert_eq!((state.get("refs/heads/log").unwrap(), state.previous("refs/heads/log")), (None, Some(second)));
    assert!(state.list("refs/dualkey/").unwrap().is_empty());
}

#[test]
fn of_many_runs_one_takes_the_lease() {
    for remote in [false, true] {
        let (sandbox, bare) = with_remote();
        let named = remote.then(|| bare.to_str().unwrap());
        if !remote {
            sandbox.git(&["remote", "remove", "origin"]);
        }
        let start = Barrier::new(4);
        let wins: usize = std::thread::scope(|scope| {
            let runs: Vec<_> = ["a", "b", "c", "d"]
                .map(|text| {
                    let (sandbox, start) = (&sandbox, &start);
                    scope.spawn(move || {
                        let repository = sandbox.open();
                        let state = StateRefs::open(&repository, named, "main").unwrap();
                        let mine = record(&repository, text);
                        start.wait();
                        usize::from(state.compare_and_swap(LEASE, None, Some(mine)).is_ok())
                    })
                })
                .into();
            runs.into_iter().map(|run| run.join().unwrap()).sum()
        });
        assert_eq!(wins, 1, "remote: {remote}");
    }
}

#[cfg(unix)]
#[test]
fn a_remote_that_says_no_is_quoted() {
    use std::os::unix::fs::PermissionsExt;
    let (sandbox, bare) = with_remote();
    let hook = bare.join("hooks/pre-receive");
    std::fs::create_dir_all(bare.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'only the applier may write' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, Some("origin"), "main").unwrap();
    let error = state.compare_and_swap(LEASE, None, Some(record(&repository, "a"))).unwrap_err();
    assert!(matches!(&error, SwapError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("only the applier may write"), "{error}");
    assert_eq!(error.failure(), Failure::Refused);
    assert_eq!(state.get(LEASE).unwrap(), None);
}

#[test]
fn a_remote_that_is_not_there_is_unreachable() {
    let (sandbox, bare) = with_remote();
    std::fs::remove_dir_all(&bare).unwrap();
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    let error = state.refresh(&[]).unwrap_err();
    assert!(matches!(error, RepositoryError::Unreachable { .. }), "{error}");
    assert_eq!(error.failure(), Failure::Unjudged);
    let error = state.compare_and_swap(LEASE, None, Some(record(&repository, "a"))).unwrap_err();
    assert!(matches!(error, SwapError::Unreachable { .. }), "{error}");
}

#[test]
fn the_remote_is_the_named_one_else_the_upstream_else_origin() {
    let (sandbox, bare) = with_remote();
    let repository = sandbox.open();
    let remote =
        |named: Option<&str>, branch: &str| StateRefs::open(&repository, named, branch).map(|state| state.remote());
    sandbox.git(&["remote", "add", "company", bare.to_str().unwrap()]);
    sandbox.git(&["config", "branch.main.remote", "company"]);
    sandbox.git(&["config", "branch.local.remote", "."]);
    assert_eq!(remote(None, "main").unwrap().as_deref(), Some("company"));
    assert_eq!(remote(None, "other").unwrap().as_deref(), Some("origin"));
    assert_eq!(remote(None, "local").unwrap(), None);
    assert_eq!(remote(Some("https://me:secret@x.example/a"), "main").unwrap().as_deref(), Some("https://x.example/a"));
    assert_eq!(remote(Some(bare.to_str().unwrap()), "main").unwrap().as_deref(), bare.to_str());
    for bad in ["", "--upload-pack=x", "nowhere/at/all"] {
        assert!(matches!(remote(Some(bad), "main"), Err(RepositoryError::UnknownRemote { .. })), "{bad}");
    }
    assert!(matches!(remote(None, "a b"), Err(RepositoryError::InvalidRefName { .. })));
}

/// Puts refs to the tip of `main` on the remote, whatever their names, as a server may that keeps refs in another way.
fn pack(sandbox: &Sandbox, bare: &std::path::Path, names: impl Iterator<Item = String>) {
    let main = sandbox.oid("main");
    let mut lines: Vec<String> = names.map(|name| format!("{main} {name}\n")).collect();
    lines.sort_by(|a, b| a.split(' ').nth(1).cmp(&b.split(' ').nth(1)));
    std::fs::write(
        bare.join("packed-refs"),
        format!("# pack-refs with: peeled fully-peeled sorted \n{}", lines.concat()),
    )
    .unwrap();
}

#[test]
fn branch_and_log_are_known_though_nobody_can_list_the_statements() {
    let (sandbox, bare) = with_remote();
    sandbox.git(&["push", "--quiet", "origin", "main:refs/heads/log"]);
    let long = format!("/{}", "x".repeat(200)).repeat(19);
    pack(&sandbox, &bare, (0..1200).map(|number| format!("refs/dualkey/approvals/{number}{long}")));
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    let error = state.refresh(&["refs/heads/log"]).unwrap_err();
    assert!(
        matches!(&error, RepositoryError::Unreachable { words, .. } if words.contains("it said more than")),
        "{error}"
    );
    let first = Some(sandbox.oid("main"));
    assert_eq!((state.branch_tip().unwrap(), state.get("refs/heads/log").unwrap()), (first, first));
}

#[test]
fn a_name_that_is_too_long_for_a_file_is_nobodys_statement() {
    let (sandbox, bare) = with_remote();
    let plain = "refs/dualkey/approvals/x/ann".to_owned();
    let long = [236, 241, 256, 300].map(|length| format!("refs/dualkey/approvals/{}/ann", "x".repeat(length)));
    pack(&sandbox, &bare, long.iter().cloned().chain([plain.clone()]));
    let repository = sandbox.open();
    let state = StateRefs::open(&repository, None, "main").unwrap();
    for _ in 0..2 {
        state.refresh(&[]).unwrap();
        let names: Vec<String> = state.list("refs/dualkey/").unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [plain.clone(), long[0].clone()]);
    }
}
