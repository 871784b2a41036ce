//! The format of a sandbox's file: strict to read, sorted and indented to write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::principal::{PrincipalIn, PrincipalOut};
use crate::access::{Conditions, Kind, TargetType};
use crate::targets::{KINDS, Latent, Live, Members, Names, Principal};

/// The only version of the format.
const VERSION: u64 = 1;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Content {
    /// True where the target itself ends what has an `until`.
    pub native_ends: bool,
    /// Which target it says it is.
    pub identity: Option<String>,
    /// The time that it says it is.
    pub clock: Option<Timestamp>,
    /// Without doubles; in the order of the file.
    pub entitlements: Vec<Live>,
    /// Who is in which group, beside those who hold something that makes them members.
    pub members: Members,
    /// In the order of the file.
    pub ways_in: Vec<WayIn>,
    /// Which names exist, where that is said.
    pub names: Known,
}

/// The names that exist; what isn't listed may be anything that is well formed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Known {
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<BTreeSet<String>>,
    /// By kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resources: BTreeMap<String, BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    permissions: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    fn is_empty(&self) -> bool {
        *self == Known::default()
    }

    /// The names of that sort, where they are listed.
    pub fn of(&self, names: Names) -> Option<&BTreeSet<String>> {
        match names {
            Names::Accounts => self.accounts.as_ref(),
            Names::Resources(kind) => self.resources.get(kind.name),
            Names::Permissions(kind) => self.permissions.get(kind.name),
        }
    }
}

/// A way to a resource that is no entitlement.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WayIn {
    pub kind: String,
    pub resource: String,
    /// What it is.
    pub words: String,
}

/// What is wrong with a file, and where: just behind it. Line and column count from 1, columns in bytes.
#[derive(Debug)]
pub struct Fault {
    pub line: usize,
    pub column: usize,
    pub why: String,
}

/// The kind of that name, if the target type has it and the resource is one of it.
pub fn check_resource(target: TargetType, kind: &str, resource: &str) -> Result<&'static Kind, String> {
    let found = check_kind(target, kind)?;
    (found.check_resource)(resource).map_err(|why| format!("`{resource}` is not a {kind}: {why}"))?;
    Ok(found)
}

fn check_kind(target: TargetType, kind: &str) -> Result<&'static Kind, String> {
    let Some(found) = KINDS.get(kind).filter(|k| k.target == target) else {
        let known: Vec<&str> = KINDS.all().filter(|k| k.target == target).map(|k| k.name).collect();
        return Err(format!("`{kind}` is not a kind of {target}, which has {}", known.join(", ")));
    };
    Ok(found)
}

/// The kind of an entitlement, if all its parts are well formed.
pub fn check(
    target: TargetType,
    kind: &str,
    resource: &str,
    permission: &str,
    principal: &str,
) -> Result<&'static Kind, String> {
    let found = check_resource(target, kind, resource)?;
    found.check_permission(permission).map_err(|why| format!("`{permission}` is not a permission of {kind}: {why}"))?;
    check_principal(principal)?;
    Ok(found)
}

fn check_principal(name: &str) -> Result<(), String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("a principal is not empty and holds no control characters".to_owned());
    }
    Ok(())
}

/// Says so where a kind can't keep conditions.
pub fn check_conditions(kind: &Kind, conditions: &Conditions) -> Result<(), String> {
    if conditions.enforceable(kind) {
        Ok(())
    } else {
        Err(format!("a {} can't be held on conditions, here {conditions}", kind.name))
    }
}

/// So much of what a file says is repeated where it is wrong.
const SHOWN: usize = 300;

/// Reads a file whole, or says what is wrong with it.
pub fn parse(text: &[u8], target: TargetType) -> Result<Content, Fault> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let content = Whole(target).deserialize(&mut json).and_then(|content| json.end().map(|()| content));
    content.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        let why: String = message.strip_suffix(&place).unwrap_or(&message).chars().take(SHOWN).collect();
        Fault { line: line.max(1), column: column.max(1), why }
    })
}

/// The file's text, in the order of [`Live`].
pub fn render(content: &Content, target: TargetType) -> serde_json::Result<String> {
    let mut sorted: Vec<&Live> = content.entitlements.iter().collect();
    sorted.sort();
    let entitlements = sorted
        .into_iter()
        .map(|live| EntryOut {
            kind: live.kind.name,
            resource: &live.resource,
            permission: &live.permission,
            principal: PrincipalOut(&live.principal),
            conditions: &live.conditions,
            until: live.until.map(|until| until.to_string()),
            latent: live.latent,
        })
        .collect();
    let members = content.members.iter().map(|(group, members)| (&**group, members.iter().map(PrincipalOut).collect()));
    let whole = WholeOut {
        version: VERSION,
        target,
        native_ends: content.native_ends,
        identity: content.identity.as_deref(),
        clock: content.clock.map(|clock| clock.to_string()),
        entitlements,
        members: members.collect(),
        ways_in: &content.ways_in,
        names: &content.names,
    };
    serde_json::to_string_pretty(&whole).map(|text| text + "\n")
}

#[derive(Serialize)]
struct WholeOut<'a> {
    version: u64,
    #[serde(rename = "as")]
    target: TargetType,
    native_ends: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    entitlements: Vec<EntryOut<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    members: BTreeMap<&'a str, Vec<PrincipalOut<'a>>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ways_in: &'a [WayIn],
    #[serde(skip_serializing_if = "Known::is_empty")]
    names: &'a Known,
}

#[derive(Serialize)]
struct EntryOut<'a> {
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: PrincipalOut<'a>,
    #[serde(skip_serializing_if = "Conditions::is_empty")]
    conditions: &'a Conditions,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latent: Option<Latent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryIn {
    kind: String,
    resource: String,
    permission: String,
    principal: PrincipalIn,
    #[serde(default)]
    conditions: Conditions,
    until: Option<String>,
    latent: Option<Latent>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Version,
    As,
    NativeEnds,
    Identity,
    Clock,
    Entitlements,
    Members,
    WaysIn,
    Names,
}

/// Reads the whole file. Checks run while the reader stands at what they speak of, so that errors carry the place.
struct Whole(TargetType);

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `version`, `as` and `entitlements`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let (mut version, mut target, mut native_ends, mut clock, mut entitlements) = (None, None, None, None, None);
        let (mut identity, mut members, mut ways_in, mut names) = (None, None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Version => {
                    let found: u64 = map.next_value()?;
                    if found != VERSION {
                        return Err(A::Error::custom(format!("version `{found}` is unknown, this program reads 1")));
                    }
                    once(&mut version, found, "version")?;
                }
                Field::As => {
                    let found: String = map.next_value()?;
                    if found != self.0.as_str() {
                        return Err(A::Error::custom(format!("it is `as: {found}`, but should be `as: {}`", self.0)));
                    }
                    once(&mut target, found, "as")?;
                }
                Field::NativeEnds => once(&mut native_ends, map.next_value::<bool>()?, "native_ends")?,
                Field::Identity => once(&mut identity, map.next_value::<String>()?, "identity")?,
                Field::Clock => once(&mut clock, instant(&map.next_value::<String>()?)?, "clock")?,
                Field::Entitlements => {
                    once(&mut entitlements, map.next_value_seed(Entitlements(self.0))?, "entitlements")?;
                }
                Field::Members => once(&mut members, groups(map.next_value()?)?, "members")?,
                Field::Names => once(&mut names, self.names(map.next_value()?)?, "names")?,
                Field::WaysIn => once(&mut ways_in, self.ways_in(map.next_value()?)?, "ways_in")?,
            }
        }
        version.ok_or_else(|| A::Error::missing_field("version"))?;
        target.ok_or_else(|| A::Error::missing_field("as"))?;
        let entitlements: Vec<Live> = entitlements.ok_or_else(|| A::Error::missing_field("entitlements"))?;
        let native_ends = native_ends.unwrap_or(false);
        if let Some(live) = entitlements.iter().find(|live| live.until.is_some() && !native_ends) {
            return Err(A::Error::custom(format!(
                "`until` of `{}` on `{}` needs `native_ends: true`",
                live.principal, live.resource
            )));
        }
        let (members, ways_in) = (members.unwrap_or_default(), ways_in.unwrap_or_default());
        let names = names.unwrap_or_default();
        Ok(Content { native_ends, identity, clock, entitlements, members, ways_in, names })
    }
}

impl Whole {
    fn names<E: Error>(&self, names: Known) -> Result<Known, E> {
        for kind in names.resources.keys().chain(names.permissions.keys()) {
            check_kind(self.0, kind).map_err(E::custom)?;
        }
        Ok(names)
    }

    fn ways_in<E: Error>(&self, ways: Vec<WayIn>) -> Result<Vec<WayIn>, E> {
        for way in &ways {
            check_resource(self.0, &way.kind, &way.resource).map_err(E::custom)?;
        }
        Ok(ways)
    }
}

fn groups<E: Error>(groups: BTreeMap<String, BTreeSet<PrincipalIn>>) -> Result<Members, E> {
    for name in groups
        .iter()
        .flat_map(|(group, members)| [group.as_str()].into_iter().chain(members.iter().map(|m| m.0.name())))
    {
        check_principal(name).map_err(E::custom)?;
    }
    let plain =
        |(group, members): (String, BTreeSet<PrincipalIn>)| (group, members.into_iter().map(|one| one.0).collect());
    Ok(groups.into_iter().map(plain).collect())
}

fn once<T, E: Error>(slot: &mut Option<T>, value: T, name: &'static str) -> Result<(), E> {
    if slot.replace(value).is_some() { Err(E::duplicate_field(name)) } else { Ok(()) }
}

fn instant<E: Error>(text: &str) -> Result<Timestamp, E> {
    text.parse().map_err(|_| E::custom(format!("`{text}` is not an instant")))
}

struct Entitlements(TargetType);

impl<'de> DeserializeSeed<'de> for Entitlements {
    type Value = Vec<Live>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Live>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entitlements {
    type Value = Vec<Live>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entitlements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Live>, A::Error> {
        let (mut entitlements, mut held) = (Vec::new(), BTreeSet::new());
        while let Some(live) = seq.next_element_seed(Entry { target: self.0, held: &mut held })? {
            entitlements.push(live);
        }
        Ok(entitlements)
    }
}

/// What may be there only once: kind, resource, principal, whether it is held and, where several may be held, permission
/// and conditions.
type Slot = (&'static str, String, Principal, bool, Option<(String, Conditions)>);

struct Entry<'a> {
    target: TargetType,
    held: &'a mut BTreeSet<Slot>,
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = Live;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Live, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = Live;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entitlement with `kind`, `resource`, `permission` and `principal`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Live, A::Error> {
        let EntryIn { kind, resource, permission, principal: PrincipalIn(principal), conditions, until, latent } =
            EntryIn::deserialize(MapAccessDeserializer::new(map))?;
        let kind = check(self.target, &kind, &resource, &permission, principal.name()).map_err(A::Error::custom)?;
        check_conditions(kind, &conditions).map_err(A::Error::custom)?;
        let until = until.as_deref().map(instant).transpose()?;
        let several = (!kind.holds_one()).then(|| (permission.clone(), conditions.clone()));
        if !self.held.insert((kind.name, resource.clone(), principal.clone(), latent.is_none(), several)) {
            let what = if kind.holds_one() { "a second permission" } else { "the same permission twice" };
            return Err(A::Error::custom(format!("`{principal}` holds {what} on {} `{resource}`", kind.name)));
        }
        Ok(Live { kind, resource, permission, principal, conditions, until, latent })
    }
}
