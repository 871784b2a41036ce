//! Stories in which GitHub's pull requests prove approvals: a real repository with a bare remote, and the stand-in that speaks
//! of the same commits. Its clock stands still unless a story moves it, and each command is told what it shows.

use std::path::PathBuf;
use std::process::Command;

use github_standin::world::Method;
use github_standin::{Server, World as Hub};
use jiff::SignedDuration;

use crate::support::{ALICE, ALICE_GRANT, NOW, Ran, World, finish, takes_now};

mod advice;
mod approvers;
mod content;
mod landed;
mod partial;
mod repair;
mod replay;

/// People of Northwind who have an account.
const LOGINS: [(&str, &str, u64); 6] = [
    ("priya.shah", "priyashah", 204_117),
    ("grace.lin", "grace-lin", 318_840),
    ("omar.diallo", "omardiallo", 441_902),
    ("tom.reed", "tomreed", 127_755),
    ("mei.tanaka", "mei-tanaka", 156_093),
    ("lena.vogt", "lvogt", 507_716),
];

/// The access repository on both sides.
pub struct Forge {
    pub world: World,
    pub server: Server,
    token: String,
}

impl Forge {
    /// Northwind, whose approvals are reviews, applied once.
    pub fn open() -> Self {
        let forge = Forge::begun(&[]);
        forge.run(&["apply"]).exits(0);
        forge
    }

    /// The same before its first apply, with some texts replaced before the genesis.
    pub fn begun(edits: &[(&str, &str, &str)]) -> Self {
        let mut hub = Hub::new("northwind", NOW.parse().unwrap());
        for (_, login, _) in LOGINS {
            hub.add_owner(login);
        }
        hub.add_repository("access");
        let token = hub.actions_token("access", "contents=read pull_requests=read");
        let id = hub.repository("access").unwrap().id;
        let numbers: Vec<u64> = LOGINS.iter().map(|(_, login, _)| hub.account(login).unwrap().id).collect();
        let server = Server::start(hub);
        let proof = format!(
            "evidence: github, repository: {{ name: northwind/access, id: {id}, api: \"{}\" }}, branch: main",
            server.url()
        );
        let people: Vec<[String; 3]> = LOGINS
            .iter()
            .zip(&numbers)
            .map(|((person, login, id), number)| {
                [
                    format!("people/{person}.yaml"),
                    format!("login: {login}, id: {id}"),
                    format!("login: {login}, id: {number}"),
                ]
            })
            .collect();
        let mut all: Vec<(&str, &str, &str)> = vec![("dualkey.yaml", "evidence: signatures, branch: main", &proof)];
        all.extend(people.iter().map(|[path, from, to]| (path.as_str(), from.as_str(), to.as_str())));
        all.extend(edits);
        let world = World::with_stand_ins(&all);
        let forge = Forge { world, server, token };
        forge.sync("main", "tomreed");
        forge
    }

    /// Lets somebody push a branch to where it is in the clone.
    pub fn sync(&self, branch: &str, by: &str) {
        let repo = self.world.repo();
        self.server.world(|hub| hub.sync_branch("access", &repo, branch, by));
    }

    /// Lets time pass on the forge.
    pub fn pass(&self, minutes: i64) {
        self.server.world(|hub| hub.pass(SignedDuration::from_mins(minutes)));
    }

    /// The program with the token of a workflow, at the forge's time.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&self.world.repo());
        command.args(args).env("GITHUB_TOKEN", &self.token).env("GITHUB_API_URL", self.server.url());
        if takes_now(args) && !args.contains(&"--at") {
            command.args(["--now", &self.server.clock().now().to_string()]);
        }
        command
    }

    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Ran {
        let ran = finish(self.command(args));
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&self.token), "a token was printed");
        ran
    }

    /// The same where nobody can ask the forge.
    #[track_caller]
    pub fn offline(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env_remove("GITHUB_TOKEN");
        finish(command)
    }

    /// Tom writes Alice's access onto a branch, pushes it, and opens a pull request five minutes later.
    pub fn let_alice_in(&self) -> u64 {
        self.world.let_alice_in("alice");
        self.pushed("alice", "tomreed");
        self.open_pull("alice", "main", "tomreed")
    }

    pub fn open_pull(&self, branch: &str, base: &str, by: &str) -> u64 {
        let number = self.server.world(|hub| hub.open_pull("access", branch, base, by));
        self.keep_head(number, branch);
        number
    }

    /// Somebody pushes a branch of the clone to the remote.
    pub fn pushed(&self, branch: &str, by: &str) {
        self.world.git(&["push", "-q", "-f", "origin", branch]);
        self.sync(branch, by);
        self.pass(5);
    }

    /// The forge keeps the head of a pull request.
    pub fn keep_head(&self, number: u64, branch: &str) {
        let (origin, head) = (self.world.path("origin.git"), self.world.rev(branch));
        self.world.git(&["push", "-q", "origin", branch]);
        self.world.git_in(&origin, &["update-ref", &format!("refs/pull/{number}/head"), &head]);
    }

    pub fn approve(&self, number: u64, by: &str) {
        self.server.world(|hub| hub.approve("access", number, by));
        self.pass(5);
    }

    /// Merges a pull request as GitHub does, and brings the clone to it. Gives the commit.
    pub fn merge(&self, number: u64, branch: &str, method: Method) -> String {
        self.world.git(&["switch", "-q", "main"]);
        match method {
            Method::Merge => drop(self.world.git(&["merge", "-q", "--no-ff", "-m", "Merge a pull request", branch])),
            Method::Squash => {
                self.world.git(&["merge", "-q", "--squash", branch]);
                self.world.commit("Squash a pull request");
            }
            Method::Rebase => drop(self.world.git(&["cherry-pick", "--allow-empty", &format!("main..{branch}")])),
        }
        self.merged(number, method)
    }

    /// Takes what main is in the clone for the merge of a pull request.
    pub fn merged(&self, number: u64, method: Method) -> String {
        let (repo, tip) = (self.world.repo(), self.world.rev("main"));
        self.server.world(|hub| {
            hub.fetch("access", &repo);
            hub.merge_pull_as("access", number, method, "tomreed", &tip);
        });
        self.world.git(&["push", "-q", "origin", "main"]);
        self.pass(5);
        tip
    }

    /// Who was given what by the sandbox.
    pub fn has_alice(&self) -> bool {
        self.world.live("github").contains("583231")
    }

    /// What landed is refused with this code, and gives nothing.
    #[track_caller]
    pub fn is_refused(&self, code: &str) {
        let before = self.world.live("github");
        let ran = self.run(&["verify"]).says(&format!("refused[{code}]"));
        assert_ne!(ran.code, 0);
        let ran = self.run(&["apply"]).says(code);
        assert_ne!(ran.code, 0);
        assert_eq!(self.world.live("github"), before);
    }

    /// Alice's pull request after a story was told about it is merged, and refused with this code.
    #[track_caller]
    pub fn alice_is_refused(code: &str, story: impl FnOnce(&Forge, u64)) {
        let forge = Forge::open();
        let number = forge.let_alice_in();
        story(&forge, number);
        forge.merge(number, "alice", Method::Merge);
        forge.is_refused(code);
    }

    /// A fresh clone of the remote beside the first.
    pub fn fresh(&self) -> PathBuf {
        let url = format!("file://{}", self.world.path("origin.git").display());
        self.world.git_in(self.world.root.path(), &["clone", "-q", &url, "fresh"]);
        self.world.path("fresh")
    }
}

/// Another file of Alice's grant.
pub fn wider_grant() -> String {
    ALICE_GRANT.replace("[payments-api]", "[payments-api, payments-web]")
}

/// Alice with another name.
pub fn renamed_alice() -> String {
    ALICE.replace("Alice Nguyen", "Alice Nguyen-Smith")
}
