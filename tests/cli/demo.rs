use super::support::{World, stable};

#[test]
fn the_whole_story_is_told() {
    let world = World::empty();
    let ran = world.dualkey_in(world.root.path(), &["demo", "--keep", "play"]).exits(0);
    assert_eq!(ran.stderr, "");
    // a command is typed as it is; everything else fits a terminal
    let long = ran.stdout.lines().find(|line| line.chars().count() > 80 && !line.starts_with(['$', ' ']));
    assert_eq!(long, None);
    assert!(ran.stdout.lines().count() <= 195, "{} lines", ran.stdout.lines().count());
    stable(|| insta::assert_snapshot!(ran.stdout));
    // what is kept can be gone on with
    let kept = |arguments: &[&str]| world.dualkey_in(&world.path("play/access"), arguments);
    kept(&["audit", "verify"]).exits(0);
    kept(&["drift", "--now", "2027-01-05T07:00:00Z"]).exits(0);
    kept(&["apply", "--log-key", "../log-key", "--now", "2027-01-05T07:00:00Z"]).exits(0);
}

#[test]
fn a_folder_that_is_there_is_not_touched() {
    let world = World::empty();
    std::fs::create_dir(world.path("mine")).unwrap();
    let ran = world.dualkey_in(world.root.path(), &["demo", "--keep", "mine"]).exits(2);
    assert!(ran.stderr.contains("name a new folder"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(std::fs::read_dir(world.path("mine")).unwrap().count(), 0);
}

/// A line without what differs from run to run.
fn plain(line: &str) -> String {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let ids = words.filter(|word| word.len() >= 10 && word.bytes().all(|b| b.is_ascii_hexdigit()));
    ids.fold(line.to_owned(), |line, id| line.replace(id, "ID"))
}

#[test]
fn the_readme_shows_what_is_printed() {
    let world = World::empty();
    let ran = world.dualkey_in(world.root.path(), &["demo"]).exits(0);
    let told: Vec<String> = ran.stdout.lines().map(plain).collect();
    let readme = include_str!("../../README.md");
    let sections = readme.split("## What is in an access repository").next().unwrap();
    let blocks: Vec<&str> = sections.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 5);
    for line in blocks.iter().flat_map(|block| block.lines()).filter(|line| *line != "…" && !line.ends_with("[y/N] y"))
    {
        assert!(told.contains(&plain(line)), "the README says `{line}`");
    }
}
