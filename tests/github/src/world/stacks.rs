//! Pull requests that stand on one another and are merged together.

use super::{Id, Method, Movement, Refusal, World};

/// Pull requests that stand on one another.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its number everywhere.
    pub id: Id,
    /// Its number in the repository.
    pub number: u64,
    /// Pull requests, the lowest first.
    pub pulls: Vec<u64>,
}

impl World {
    /// Makes a stack of pull requests, the lowest first: each goes to the branch of the one below it.
    pub fn stack(&mut self, repository: &str, pulls: &[u64]) -> u64 {
        for pair in pulls.windows(2) {
            let (below, above) = (self.pull(repository, pair[0]), self.pull(repository, pair[1]));
            assert_eq!(above.base, below.head, "{} doesn't stand on {}", pair[1], pair[0]);
        }
        let id = self.number(310_000);
        let stacks = &mut self.known_repository(repository).code.stacks;
        let number = stacks.len() as u64 + 1;
        stacks.push(Stack { id, number, pulls: pulls.to_vec() });
        number
    }

    /// Somebody merges the lowest pull requests of a stack up to one of them, by one movement of the branch below all.
    ///
    /// Rules of that branch are held against each. What stands above is made anew by GitHub and loses its approvals.
    pub fn merge_stack(&mut self, repository: &str, up_to: u64, method: Method, by: &str) -> Result<(), Refusal> {
        let (id, actor) = (self.named(repository).id, self.known(by));
        let code = &self.repositories[&id].code;
        let stack = code.stacks.iter().find(|stack| stack.pulls.contains(&up_to)).expect("a stack that was made");
        let open: Vec<u64> = stack.pulls.iter().copied().filter(|number| code.pulls[number].is_open()).collect();
        let cut = open.iter().position(|number| *number == up_to).expect("an open pull request") + 1;
        let base = code.pulls[&open[0]].base.clone();
        for number in &open[..cut] {
            let repository = &self.repositories[&id];
            self.is_mergeable((id, *number))?;
            self.rules_allow_method(repository, (*number, &base), actor, method)?;
            let head = &repository.code.pulls[number].head_oid;
            self.rules_allow(repository, (*number, &base), actor, head, false)?;
        }
        let mut tip = self.repositories[&id].code.branches[&base].clone();
        for number in &open[..cut] {
            let repository = &self.repositories[&id];
            let commits = self.commits_of(repository, &repository.code.pulls[number]);
            let merged = self.make_merge((id, *number), method, actor, &tip);
            let made = self.objects_of(&self.repositories[&id]).between(&tip, &merged);
            self.set_merged((id, *number), actor, merged.clone(), tip, made);
            if let Some(merged) = &mut self.pull_mut((id, *number)).merged {
                merged.commits = commits;
            }
            tip = merged;
        }
        self.move_branch(id, &base, Some(tip.clone()), actor, Movement::PullMerge);
        let mut below = self.pull(repository, up_to).head_oid.clone();
        for (place, number) in open[cut..].iter().enumerate() {
            let (head, from) =
                (self.pull(repository, *number).head.clone(), self.pull(repository, *number).base.clone());
            let known = std::mem::replace(&mut below, self.tip(repository, &head));
            tip = self.made_anew(repository, &head, &known, &tip, by);
            match place {
                0 => self.follow_base((id, *number), &from, &base, actor),
                _ => self.dismiss_approvals((id, *number), actor, None),
            }
            self.move_branch(id, &head, Some(tip.clone()), actor, Movement::ForcePush);
        }
        for number in &open[..cut] {
            self.drop_merged_head((id, *number), actor);
        }
        Ok(())
    }
}
