//! What dualkey says at the forge: Northwind's access repository with its pull requests at the stand-in for GitHub.

use std::process::Command;

use github_standin::world::Method;
use github_standin::{Server, World as Forge};

use crate::support::{NOW, Ran, World, finish, takes_now};

mod applied;
mod checks;
mod comment;
mod issue;
mod rendered;

/// What the token of a workflow may do that comments.
const WORKFLOW: &str = "contents=read pull_requests=write checks=write issues=write";

struct Company {
    world: World,
    server: Server,
    token: String,
}

impl Company {
    /// Northwind with its repository at the forge, an anchor, and nothing applied yet.
    fn open() -> Self {
        let mut forge = Forge::new("northwind", NOW.parse().unwrap());
        forge.add_owner("tomreed");
        for login in ["priyashah", "mallory"] {
            forge.add_member(login);
        }
        forge.add_repository("access");
        for login in ["priyashah", "mallory"] {
            forge.grant(login, "access", "write");
        }
        let id = forge.repository("access").unwrap().id;
        let token = forge.actions_token("access", WORKFLOW);
        let server = Server::start(forge);
        server.clock().run(1);
        let named = format!("repository: {{ name: northwind/access, id: {id}, api: \"{}\" }}", server.url());
        let world = World::edited(&[("dualkey.yaml", "branch: main }", &format!("branch: main, {named} }}"))]);
        let company = Company { world, server, token };
        company.sync();
        company
    }

    /// The forge has what was pushed.
    fn sync(&self) {
        self.server.world(|forge| forge.sync("access", &self.world.path("origin.git"), "tomreed"));
    }

    /// A pull request that lets Alice in; gives its number.
    fn proposed(&self) -> u64 {
        self.world.let_alice_in("alice");
        self.pull("alice")
    }

    fn pull(&self, branch: &str) -> u64 {
        self.sync();
        self.server.world(|forge| forge.open_pull("access", branch, "main", "tomreed"))
    }

    /// Somebody merges it.
    fn merge(&self, branch: &str, number: u64) {
        self.world.land(branch);
        let (tip, from) = (self.world.rev("main"), self.world.path("origin.git"));
        self.server.world(|forge| {
            forge.fetch("access", &from);
            forge.merge_pull_as("access", number, Method::Merge, "tomreed", &tip);
        });
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&self.world.repo());
        command.env("DUALKEY_FORGE_TOKEN", &self.token).env("GITHUB_API_URL", self.server.url()).args(args);
        if takes_now(args) {
            command.args(["--now", &self.world.now]);
        }
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        let ran = finish(self.command(args));
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&self.token), "a token was printed");
        ran
    }

    /// The same with the token of somebody else.
    #[track_caller]
    fn run_with(&self, token: &str, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env("DUALKEY_FORGE_TOKEN", token);
        finish(command)
    }

    /// Comments of a pull request, each with the number of whoever wrote it, oldest first.
    fn comments(&self, number: u64) -> Vec<(u64, String)> {
        let all = |forge: &mut Forge| {
            forge.comments("access", number).map(|comment| (comment.author, comment.body.clone())).collect()
        };
        self.server.world(all)
    }

    /// The only comment that there is.
    #[track_caller]
    fn comment(&self, number: u64) -> String {
        let comments = self.comments(number);
        assert_eq!(comments.len(), 1, "{comments:#?}");
        comments[0].1.clone()
    }

    /// The checks of a head by name: conclusion, title and summary, oldest first.
    fn checks(&self, head: &str, name: &str) -> Vec<(String, String, String)> {
        let told = |text: &Option<String>| text.clone().unwrap_or_default();
        self.server.world(|forge| {
            let of_head = forge.checks("access").filter(|run| run.head == head && run.name == name);
            of_head.map(|run| (told(&run.conclusion), told(&run.title), told(&run.summary))).collect()
        })
    }
}
