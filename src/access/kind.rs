//! What the access model knows of a target's kinds. The values live in the targets' own folders.

use super::id::TargetId;
use super::target_type::TargetType;

/// Which permissions a kind has.
#[derive(Debug)]
pub enum Permissions {
    /// One value a person: the words from least to most. The highest of all grants holds.
    Ordered(&'static [&'static str]),
    /// Any number of values a person; the function says what is wrong with a word.
    Open(fn(&str) -> Result<(), &'static str>),
}

/// A sort of resource that entitlements reach.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub target: TargetType,
    /// How a resource of the kind is written, for messages: `ORGANIZATION/REPOSITORY`.
    pub shape: &'static str,
    /// Says what is wrong with a resource's name, in the one spelling that it has here.
    pub check_resource: fn(&str) -> Result<(), &'static str>,
    /// True where the target doesn't tell capitals from small letters in resources' names. They have one spelling here, in small
    /// letters; people may write them as the target does.
    pub folds_case: bool,
    /// True where the target numbers resources of the kind. A name may come to mean another one; a number never does.
    pub numbered: bool,
    pub permissions: Permissions,
    /// True where the owner of a target can make permissions that add something to one of the words. They are written
    /// `WORD+NAME`; only the highest word of all is known to allow what they add.
    pub extended: bool,
    /// What else people call permissions, and the word for each.
    pub synonyms: &'static [(&'static str, &'static str)],
    /// True where a permission on a resource can change who has access or reaches everything (an admin's).
    pub dangerous: fn(resource: &str, permission: &str) -> bool,
    /// True where a permission on a resource administers the whole target; its holders are the admins that guards count.
    pub administers: fn(resource: &str, permission: &str) -> bool,
    /// True for a permission that the target gives over everything at once and under no condition.
    pub basic: fn(&str) -> bool,
    /// True for a permission that changes what a git repository holds; false wherever the kind is none.
    pub pushes: fn(&str) -> bool,
    /// True where who holds something on a resource is in the group of that name, which may hold something itself.
    pub groups: bool,
    /// True where whoever holds it belongs to the organisation that has the target, so that all others come from outside.
    pub membership: bool,
    /// What a person must hold too, so that what they hold on a resource takes effect.
    pub requires: fn(resource: &str) -> Option<Required>,
    /// What the target itself can enforce.
    pub enforces: Enforces,
}

/// What has to be held so that something else takes effect; the least permission of it is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// The name of a kind of the same target.
    pub kind: &'static str,
    /// None for the resource that is the target itself, by its name in the access repository.
    resource: Option<String>,
}

impl Required {
    pub fn on(kind: &'static str, resource: &str) -> Self {
        Required { kind, resource: Some(resource.to_owned()) }
    }

    pub fn on_target(kind: &'static str) -> Self {
        Required { kind, resource: None }
    }

    /// The resource's name at a target.
    pub fn resource(self, target: &TargetId) -> String {
        self.resource.unwrap_or_else(|| target.to_string())
    }
}

/// What a target enforces by itself on a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforces {
    /// It takes away by itself what is over.
    pub ends: bool,
    /// It lets a permission hold in hours of the week only. Never on a kind that holds one value: which of two is the
    /// highest would hang on the clock.
    pub hours: bool,
    /// What is live tells whether its holder signs in with a second factor, and `apply` judges that. Elsewhere a role's `mfa`
    /// is `mfa-unknown`.
    pub mfa: bool,
}

// a kind is its name: names are unique over all targets
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(other.name)
    }
}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Kind {
    /// True where a person holds one value at a time.
    pub fn holds_one(&self) -> bool {
        matches!(self.permissions, Permissions::Ordered(_))
    }

    /// The one spelling that a resource's name has here.
    pub fn spelling(&self, name: &str) -> String {
        if self.folds_case { name.to_ascii_lowercase() } else { name.to_owned() }
    }

    /// Says what is wrong with a permission of this kind.
    pub fn check_permission(&self, permission: &str) -> Result<(), String> {
        let meant = self.synonyms.iter().find(|(word, _)| permission.eq_ignore_ascii_case(word));
        let meant = meant.map(|(_, word)| format!("did you mean `{word}`? ")).unwrap_or_default();
        match self.permissions {
            Permissions::Ordered(words) if words.contains(&permission) => Ok(()),
            Permissions::Ordered(words) if self.added(permission).is_some() => {
                let (word, name) = permission.split_once('+').unwrap_or_default();
                check_added(name).map_err(str::to_owned)?;
                if words.contains(&word) {
                    return Ok(());
                }
                Err(format!("before the `+` stands one of {}", words.join(", ")))
            }
            Permissions::Ordered(words) => {
                Err(format!("{meant}the permissions of `{}` are {}", self.name, words.join(", ")))
            }
            Permissions::Open(check) => check(permission).map_err(str::to_owned),
        }
    }

    /// What the owner of a target calls a permission that adds something to a word; None of a word itself.
    pub fn added<'p>(&self, permission: &'p str) -> Option<&'p str> {
        permission.split_once('+').filter(|_| self.extended).map(|(_, name)| name)
    }

    /// The word that a permission is, or adds something to.
    pub fn word<'p>(&self, permission: &'p str) -> &'p str {
        permission.split_once('+').filter(|_| self.extended).map_or(permission, |(word, _)| word)
    }

    /// True where who holds one permission may do all that another one allows.
    pub fn includes(&self, held: &str, asked: &str) -> bool {
        let Permissions::Ordered(words) = self.permissions else { return held == asked };
        if held == asked {
            return true;
        }
        match self.added(asked) {
            // nobody knows what it adds
            Some(_) => words.last() == Some(&held),
            None => self.rank(asked) > 0 && self.rank(held) >= self.rank(asked),
        }
    }

    /// Where a permission stands among those of a kind of one value: of two that are wanted the higher one is held.
    pub fn height(&self, permission: &str) -> (usize, bool) {
        (self.rank(permission), self.added(permission).is_some())
    }

    /// The place of a permission's word in the kind's order; 0 where the kind has none.
    pub fn rank(&self, permission: &str) -> usize {
        let permission = self.word(permission);
        match self.permissions {
            Permissions::Ordered(words) => words.iter().position(|w| *w == permission).map_or(0, |i| i + 1),
            Permissions::Open(_) => 0,
        }
    }
}

/// The name of a permission that the owner of a target made, as patterns and plans can hold it.
fn check_added(name: &str) -> Result<(), &'static str> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if name.is_empty() || name.len() > 100 || name.trim() != name {
        return Err("behind the `+` stands the name that the target's owner gave it");
    }
    if !name.chars().all(known) {
        return Err("the name behind the `+` holds only letters, digits, spaces, `-`, `_` and `.`");
    }
    Ok(())
}
