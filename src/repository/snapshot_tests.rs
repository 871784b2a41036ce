use super::super::MAX_FILE_BYTES;
use super::super::testing::Sandbox;
use super::*;

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.files().keys().map(RepoPath::as_str).collect()
}

fn messages(snapshot: &Snapshot) -> Vec<&str> {
    assert!(snapshot.findings().iter().all(|finding| finding.rule.code.id == "unsafe-path"));
    snapshot.findings().iter().map(|finding| finding.message.as_str()).collect()
}

#[test]
fn only_managed_files_are_read_and_both_sources_agree() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(&[
        ("dualkey.yaml", "version: 1\n"),
        ("README.md", "hello"),
        ("people/a/alice.yaml", "name: Alice\n"),
        ("docs/CODEOWNERS", "* @a\n"),
        ("docs/guide.md", "hello"),
        ("src/people/x.yaml", "hello"),
    ]);
    let repository = sandbox.open();
    let committed = Snapshot::of_commit(&repository, commit).unwrap();
    assert_eq!(paths(&committed), ["docs/CODEOWNERS", "dualkey.yaml", "people/a/alice.yaml"]);
    assert!(committed.findings().is_empty());
    assert_eq!(committed.source(), Source::Commit(commit));
    let alice = committed.file("people/a/alice.yaml").unwrap();
    assert_eq!((&*alice.content.bytes(), alice.mode), (&b"name: Alice\n"[..], Mode::Regular));

    let on_disk = Snapshot::of_work_tree(&repository).unwrap();
    assert_eq!(paths(&on_disk), paths(&committed));
    assert_eq!(on_disk.file("people/a/alice.yaml").unwrap().content, alice.content);
}

#[test]
fn a_commit_is_read_from_objects_and_shares_its_blobs() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(&[("dualkey.yaml", "a"), ("people/a.yaml", "same")]);
    let second = sandbox.commit(&[("dualkey.yaml", "b")]);
    std::fs::write(sandbox.dir().join("people/a.yaml"), "changed on disk").unwrap();
    let repository = sandbox.open();
    let first = Snapshot::of_commit(&repository, first).unwrap();
    let second = Snapshot::of_commit(&repository, second).unwrap();
    let bytes = |snapshot: &Snapshot| snapshot.file("people/a.yaml").unwrap().content.bytes();
    assert!(Arc::ptr_eq(&bytes(&first), &bytes(&second)));
    let on_disk = Snapshot::of_work_tree(&repository).unwrap();
    let held = |path: &str| on_disk.file(path).map(|file| file.content.bytes());
    let near = Snapshot::of_commit_near(&sandbox.open(), sandbox.oid("HEAD"), &Managed::default(), held).unwrap();
    let same = |path: &str| Arc::ptr_eq(&near.file(path).unwrap().content.bytes(), &held(path).unwrap());
    assert!(same("dualkey.yaml") && !same("people/a.yaml"));
    assert_eq!(&*near.file("people/a.yaml").unwrap().content.bytes(), b"same");
    assert_eq!(&*on_disk.file("people/a.yaml").unwrap().content.bytes(), b"changed on disk");
}

#[test]
fn links_submodules_and_unsafe_names_are_findings() {
    let sandbox = Sandbox::new();
    let blob = sandbox.blob(b"x");
    let elsewhere = sandbox.commit(&[]);
    let nested = sandbox.raw_tree(&[("100644", b"config", blob)]);
    let people = sandbox.raw_tree(&[
        ("40000", b"..", nested),
        ("40000", b".GIT", nested),
        ("100644", b"back\\slash.yaml", blob),
        ("100644", b"bob.yaml ", blob),
        ("100644", b"caf\xe9.yaml", blob),
        ("100664", b"group-writable.yaml", blob),
        ("100755", b"run.yaml", blob),
        ("160000", b"sub", elsewhere),
        ("120000", b"zoe.yaml", blob),
    ]);
    let root = sandbox.raw_tree(&[("120000", b"dualkey.yaml", blob), ("40000", b"people", people)]);
    let commit = sandbox.commit_tree(root, &[], "odd");
    let snapshot = Snapshot::of_commit(&sandbox.open(), commit).unwrap();
    assert_eq!(paths(&snapshot), ["people/group-writable.yaml", "people/run.yaml"]);
    assert_eq!(snapshot.file("people/run.yaml").unwrap().mode, Mode::Executable);
    assert_eq!(
        messages(&snapshot),
        [
            "`dualkey.yaml` is a symbolic link",
            "`people/..` is not a safe path: it has a component `.` or `..`",
            "`people/.GIT` is not a safe path: it names git's own folder",
            "`people/back\\x5cslash.yaml` is not a safe path: it holds a backslash or a slash inside a name",
            "`people/bob.yaml ` is not a safe path: a component ends in a dot or a space",
            "`people/caf\\xe9.yaml` has a name that is not UTF-8",
            "`people/sub` is a submodule",
            "`people/zoe.yaml` is a symbolic link",
        ]
    );
}

#[test]
fn names_that_differ_only_in_case_are_left_out_with_all_below() {
    let sandbox = Sandbox::new();
    let blob = sandbox.blob(b"x");
    let folder = sandbox.raw_tree(&[("100644", b"x.yaml", blob)]);
    let people = sandbox.raw_tree(&[
        ("100644", b"Bob.yaml", blob),
        ("40000", b"Team", folder),
        ("100644", b"alice.yaml", blob),
        ("100644", b"bob.yaml", blob),
        ("40000", b"team", folder),
        ("100644", b"twice.yaml", blob),
        ("100644", b"twice.yaml", blob),
        ("100644", b"\xc3\x84.yaml", blob),
        ("100644", b"\xc3\xa4.yaml", blob),
    ]);
    let root = sandbox.raw_tree(&[
        ("40000", b"Grants", folder),
        ("40000", b"README", folder),
        ("100644", b"codeowners", blob),
        ("40000", b"people", people),
    ]);
    let commit = sandbox.commit_tree(root, &[], "odd");
    let snapshot = Snapshot::of_commit(&sandbox.open(), commit).unwrap();
    assert_eq!(paths(&snapshot), ["people/alice.yaml"]);
    assert_eq!(
        messages(&snapshot),
        [
            "`Grants` is `grants` on systems that ignore case, but not here",
            "`codeowners` is `CODEOWNERS` on systems that ignore case, but not here",
            "`people/Bob.yaml` is the same path as another on systems that ignore case",
            "`people/Team` is the same path as another on systems that ignore case",
            "`people/twice.yaml` is the same path as another on systems that ignore case",
            "`people/Ä.yaml` is the same path as another on systems that ignore case",
        ]
    );
    assert_eq!(snapshot.findings()[2].related[0].message, "`people/bob.yaml`");
}

/// More than one thread reads of a commit and of the disk.
#[test]
fn many_files_are_all_read_and_one_that_is_gone_is_missed() {
    let sandbox = Sandbox::new();
    let files: Vec<(String, String)> =
        (0..2_500).map(|number| (format!("grants/g{number}.yaml"), format!("number {number}"))).collect();
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let commit = sandbox.commit(&texts);
    let linked = sandbox.beside("linked");
    sandbox.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    let open = || Repository::open(&linked).unwrap();
    for snapshot in [Snapshot::of_commit(&open(), commit).unwrap(), Snapshot::of_work_tree(&open()).unwrap()] {
        assert_eq!(snapshot.files().len(), files.len());
        assert!(texts.iter().all(|(path, text)| *snapshot.file(path).unwrap().content.bytes() == *text.as_bytes()));
    }
    let gone = sandbox.oid("HEAD:grants/g1234.yaml");
    let (folder, name) = (gone.to_string()[..2].to_owned(), gone.to_string()[2..].to_owned());
    std::fs::remove_file(sandbox.dir().join(".git/objects").join(folder).join(name)).unwrap();
    let error = Snapshot::of_commit(&open(), commit).unwrap_err();
    assert!(matches!(error, RepositoryError::Unreadable { oid, .. } if oid == gone), "{error}");
}

#[test]
fn a_large_file_is_known_by_its_size_only() {
    let sandbox = Sandbox::new();
    let limit = usize::try_from(MAX_FILE_BYTES).unwrap();
    let commit =
        sandbox.commit(&[("people/large.yaml", &"x".repeat(limit + 1)), ("people/just-fits.yaml", &"x".repeat(limit))]);
    let repository = sandbox.open();
    for snapshot in [Snapshot::of_commit(&repository, commit).unwrap(), Snapshot::of_work_tree(&repository).unwrap()] {
        let large = snapshot.file("people/large.yaml").unwrap();
        let oid = sandbox.oid("HEAD:people/large.yaml");
        assert_eq!(large.content, Content::TooLarge { size: MAX_FILE_BYTES + 1, oid });
        assert!(large.content.bytes().is_empty());
        let fits = snapshot.file("people/just-fits.yaml").unwrap();
        assert_eq!(fits.content.bytes().len(), limit);
    }
}

#[cfg(unix)]
#[test]
fn the_work_tree_is_read_without_following_links() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("people/a.yaml", "a"), (".gitignore", "people/ignored.yaml\n")]);
    std::fs::write(sandbox.beside("secret"), "outside").unwrap();
    std::os::unix::fs::symlink(sandbox.beside("secret"), sandbox.dir().join("people/link.yaml")).unwrap();
    std::os::unix::fs::symlink(sandbox.dir().join("people"), sandbox.dir().join("grants")).unwrap();
    std::fs::create_dir_all(sandbox.dir().join("people/nested/.git")).unwrap();
    std::fs::write(sandbox.dir().join("people/ignored.yaml"), "i").unwrap();
    let snapshot = Snapshot::of_work_tree(&sandbox.open()).unwrap();
    assert_eq!(paths(&snapshot), ["people/a.yaml", "people/ignored.yaml"]);
    assert_eq!(
        messages(&snapshot),
        [
            "`grants` is a symbolic link",
            "`people/link.yaml` is a symbolic link",
            "`people/nested/.git` is not a safe path: it names git's own folder",
        ]
    );
}

#[test]
fn a_missing_blob_is_an_error_and_never_an_empty_file() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(&[("people/a.yaml", "a")]);
    let oid = sandbox.oid("HEAD:people/a.yaml").to_string();
    std::fs::remove_file(sandbox.dir().join(format!(".git/objects/{}/{}", &oid[..2], &oid[2..]))).unwrap();
    let error = Snapshot::of_commit(&sandbox.open(), commit).unwrap_err();
    assert!(matches!(error, RepositoryError::Unreadable { .. }), "{error}");
}
