//! Checks of commits.

use super::{CheckRun, Id, World};

impl World {
    /// A workflow checks a commit and comes to a conclusion: `success`, `failure`; returns the number of the run.
    pub fn check(&mut self, repository: &str, oid: &str, name: &str, conclusion: &str) -> Id {
        let (network, app) = (self.named(repository).id, self.actions_app());
        assert!(self.commit(repository, oid).is_some(), "`{repository}` has no commit {oid}");
        let id = self.add_check(network, app, name, oid);
        let now = self.now;
        let run = self.check_mut(network, id);
        run.status = "completed".to_owned();
        run.conclusion = Some(conclusion.to_owned());
        run.completed = Some(now);
        id
    }

    pub(crate) fn check_mut(&mut self, repository: Id, run: Id) -> &mut CheckRun {
        let code = &mut self.repositories.get_mut(&repository).expect("found by number").code;
        code.checks.get_mut(&run).expect("found by number")
    }

    pub(crate) fn add_check(&mut self, repository: Id, app: Id, name: &str, head: &str) -> Id {
        let (id, started) = (self.number(2_050_000_000), self.now);
        let run = CheckRun {
            id,
            app,
            name: name.to_owned(),
            head: head.to_owned(),
            external_id: None,
            details_url: None,
            status: "queued".to_owned(),
            conclusion: None,
            started,
            completed: None,
            title: None,
            summary: None,
            text: None,
            annotations: Vec::new(),
        };
        self.repositories.get_mut(&repository).expect("found by number").code.checks.insert(id, run);
        id
    }

    /// Checks of a repository in the order of their beginning.
    pub fn checks(&self, repository: &str) -> impl Iterator<Item = &CheckRun> {
        self.named(repository).code.checks.values()
    }
}
