//! A target's name that comes to mean another system.

use std::collections::BTreeMap;

use crate::access::reading::Step;
use crate::access::{Access, Target, TargetId};
use crate::finding::{Code, Finding, Rule, Severity};

/// A name that meant another system, where access was declared.
pub const TARGET_MOVED: Rule = Rule {
    code: Code {
        id: "target-moved",
        title: "a target's name comes to mean another system",
        why: "What was given is known by the target's name. Once that means another system, nobody looks at the old one any \
              more, and nothing that was given there ever ends.",
        example: "targets: { github: { type: github, organization: northwind, id: 77 } }     # the id was 9919",
        instead: "Give the new system a name of its own, move the grants there, and drop the old name: the next `apply` ends \
                  what was given at the old place.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What names of targets meant in older trees, where anything was reached through them.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Names of which nobody knows yet what they meant, each with what it means from here on.
    open: BTreeMap<TargetId, Meaning>,
    moved: BTreeMap<TargetId, Moved>,
}

/// What a name means.
#[derive(Clone, Debug)]
struct Meaning {
    system: String,
    is_embedded: bool,
}

#[derive(Clone, Debug)]
struct Moved {
    from: String,
    to: String,
    /// How many resources were reached there.
    resources: usize,
}

impl Places {
    /// What has to be looked for: of names that are new, whether they meant something before.
    pub fn wanted(base: &Access, head: &Access) -> Self {
        let meaning = |target: &Target| Meaning { system: system(target), is_embedded: target.is_embedded() };
        let open = head.config.targets.values().map(|target| (target.id.clone(), meaning(target))).collect();
        let mut places = Places { open, moved: BTreeMap::new() };
        places.look(base);
        // a name that means the same where the change starts needs no older tree
        let stays = |id: &TargetId, now: &Meaning| {
            base.config.targets.get(id).is_some_and(|before| system(before) == now.system)
        };
        places.open.retain(|id, now| !stays(id, now));
        places
    }

    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    pub fn is_some(&self) -> bool {
        !self.moved.is_empty()
    }

    /// True where an older tree with another such file may say more.
    pub fn wants(&self, path: &str) -> bool {
        !self.is_done() && (path == "dualkey.yaml" || path.starts_with("domains/"))
    }

    /// Looks in an older tree. The newest is asked first.
    pub fn look(&mut self, tree: &Access) {
        let known: Vec<&Target> = tree.config.targets.values().filter(|one| self.open.contains_key(&one.id)).collect();
        for target in known {
            let reached = tree.domains.values().flat_map(|domain| domain.resources.values());
            let resources = reached.filter(|resource| resource.target == target.id).count();
            // a name through which nothing was reached is free
            if resources > 0
                && let Some(to) = self.open.remove(&target.id)
                && to.system != system(target)
                // an embedded target that a real one takes the place of leaves nothing real behind
                && (to.is_embedded || !target.is_embedded())
            {
                self.moved.insert(target.id.clone(), Moved { from: system(target), to: to.system, resources });
            }
        }
    }

    /// A finding for each name that means another system from here on.
    pub fn moved(&self, head: &Access) -> Vec<Finding> {
        let finding = |(id, Moved { from, to, resources }): (&TargetId, &Moved)| {
            let resources = if *resources == 1 { "1 resource".to_owned() } else { format!("{resources} resources") };
            Finding::new(
                &TARGET_MOVED,
                head.config.place(&[Step::Key("targets"), Step::Key(id.as_str())]),
                format!(
                    "`{id}` meant `{from}`, with {resources}, and comes to mean `{to}`: what was given at the old place would \
                     stay there for ever"
                ),
                "give the new system a name of its own, move the grants there, and drop the old name",
            )
        };
        self.moved.iter().map(finding).collect()
    }
}

/// Which system it is, by its settings.
fn system(target: &Target) -> String {
    target.spec.system.unwrap_or(target.spec.pin)(&target.id, &target.settings)
}
