//! Groups expanded to people, with the path that leads to each.

use std::collections::{BTreeMap, BTreeSet};

use super::id::{GroupId, PersonId};
use super::model::{Access, Member};

impl Access {
    /// The people behind members, each with the shortest path of groups to them (empty where named directly).
    pub fn expand(&self, members: &[Member]) -> BTreeMap<PersonId, Vec<GroupId>> {
        self.reached_people(members).into_iter().map(|(person, via)| (person.clone(), via)).collect()
    }

    /// The same in a row, sorted by person.
    pub fn reached_people<'a>(&'a self, members: &'a [Member]) -> Vec<(&'a PersonId, Vec<GroupId>)> {
        // most grants name one person, for whom nothing has to be followed
        if let [Member::Person(person)] = members {
            return vec![(person, Vec::new())];
        }
        let mut people: Vec<(&PersonId, Vec<GroupId>)> = Vec::with_capacity(members.len());
        let mut seen: BTreeSet<&GroupId> = BTreeSet::new();
        let mut layer: Vec<(Vec<GroupId>, &[Member])> = vec![(Vec::new(), members)];
        while !layer.is_empty() {
            let mut next = Vec::new();
            for (path, members) in layer {
                for member in members {
                    match member {
                        Member::Person(person) => people.push((person, path.clone())),
                        Member::Group(id) => {
                            let Some(group) = self.groups.get(id) else { continue };
                            // a group that was reached before, also through a cycle, adds nothing
                            if seen.insert(&group.id) {
                                let mut longer = path.clone();
                                longer.push(id.clone());
                                next.push((longer, group.members.as_slice()));
                            }
                        }
                    }
                }
            }
            layer = next;
        }
        // of several paths the first is the shortest
        people.sort_by(|a, b| a.0.cmp(b.0));
        people.dedup_by(|next, first| next.0 == first.0);
        people
    }

    /// The people of one group.
    pub fn group_people(&self, group: &GroupId) -> BTreeSet<PersonId> {
        self.expand(&[Member::Group(group.clone())]).into_keys().collect()
    }

    /// Every group that is reached from members, including through nesting.
    pub fn reached_groups<'a>(&'a self, members: impl IntoIterator<Item = &'a Member>) -> BTreeSet<GroupId> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Member> = members.into_iter().collect();
        while let Some(member) = open.pop() {
            if let Member::Group(id) = member
                && reached.insert(id.clone())
                && let Some(group) = self.groups.get(id)
            {
                open.extend(&group.members);
            }
        }
        reached
    }
}
