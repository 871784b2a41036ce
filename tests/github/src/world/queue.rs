//! The merge queue.

use super::refs::PullKey;
use super::{Event, Id, Method, Movement, Oid, Queued, Refusal, Rule, World};

impl World {
    /// Somebody puts a pull request into the merge queue of its base; returns what the base becomes with it.
    pub fn enqueue(&mut self, repository: &str, number: u64, by: &str) -> Oid {
        self.queue_up(repository, number, by, None)
    }

    /// The same, where the base is to become a commit that a test made as GitHub would have.
    pub fn enqueue_as(&mut self, repository: &str, number: u64, by: &str, head: &str) {
        self.queue_up(repository, number, by, Some(head));
    }

    fn queue_up(&mut self, repository: &str, number: u64, by: &str, made: Option<&str>) -> Oid {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        let code = &self.repositories[&key.0].code;
        let branch = code.pulls[&number].base.clone();
        assert!(code.queued(number).is_none(), "it waits in the queue already");
        let rules = self.rules_of(&self.repositories[&key.0], &branch);
        let method = rules.iter().find_map(|rule| match rule {
            Rule::MergeQueue(method) => Some(*method),
            _ => None,
        });
        let method: Method = method.unwrap_or_else(|| panic!("`{branch}` has no merge queue"));
        if let Err(why) = self.is_mergeable(key) {
            panic!("{number} can't be put into the queue: {}", why.message);
        }
        let last = code.queues.get(&branch).and_then(|queue| queue.last()).map(|entry| entry.head.clone());
        let base = last.unwrap_or_else(|| code.branches[&branch].clone());
        let head = match made {
            Some(head) => head.to_owned(),
            None => self.make_merge(key, method, self.merge_queue_account(), &base),
        };
        let (id, at) = (self.number(55_000), self.now);
        let entry = Queued { number, at, by: actor, base, head: head.clone(), id };
        let code = &mut self.repositories.get_mut(&key.0).expect("found by number").code;
        code.queues.entry(branch).or_default().push(entry);
        self.happen(key, actor, Event::Queued);
        head
    }

    /// Somebody takes a pull request out of the merge queue.
    pub fn dequeue(&mut self, repository: &str, number: u64, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.leave_queue(key, actor, "The pull request was removed by a person");
    }

    /// Takes a pull request out of its queue, if it waits in one. Entries behind it stay as they were built.
    pub(crate) fn leave_queue(&mut self, key: PullKey, actor: Id, reason: &str) {
        let code = &mut self.repositories.get_mut(&key.0).expect("found by number").code;
        let mut left = None;
        for queue in code.queues.values_mut() {
            if let Some(at) = queue.iter().position(|entry| entry.number == key.1) {
                left = Some(queue.remove(at).head);
            }
        }
        if let Some(head) = left {
            self.happen(key, actor, Event::Unqueued(reason.to_owned(), head));
        }
    }

    /// The queue merges its first entries in one go.
    ///
    /// Rules are held against each of them; checks must have passed on what the base becomes.
    pub fn merge_group(&mut self, repository: &str, branch: &str, entries: usize) -> Result<(), Refusal> {
        let id = self.named(repository).id;
        let queue = self.repositories[&id].code.queues.get(branch).cloned().unwrap_or_default();
        let group = queue.get(..entries).expect("as many entries wait");
        let last = group.last().expect("at least one entry").head.clone();
        let actor = self.merge_queue_account();
        for entry in group {
            let repository = &self.repositories[&id];
            self.rules_allow(repository, (entry.number, branch), entry.by, &last, true)?;
        }
        let code = &mut self.repositories.get_mut(&id).expect("found by number").code;
        code.queues.insert(branch.to_owned(), queue[entries..].to_vec());
        for entry in group {
            let made = self.objects_of(&self.repositories[&id]).between(&entry.base, &entry.head);
            self.set_merged((id, entry.number), actor, entry.head.clone(), entry.base.clone(), made);
        }
        self.move_branch(id, branch, Some(last), actor, Movement::QueueMerge);
        for entry in group {
            self.drop_merged_head((id, entry.number), actor);
        }
        Ok(())
    }

    /// The account by which the queue acts.
    fn merge_queue_account(&self) -> Id {
        self.known("github-merge-queue[bot]")
    }
}
