//! What an organisation looks like now, as far as a scope asks for it: the read plan.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::client::{Api, Failure};
use super::organization::{
    About, Factor, Found, Invitation, Member, OrganizationRole, Repository, RepositoryInvitation, Team, Token, Who,
    custom_roles, failed, find, find_by_number, invitations, keys, logins, members, numbers, outside, repositories,
    repositories_by_node, repository_invitations, roles, team_role, teams, tokens,
};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// The organisation's login as it is declared.
    pub organization: String,
    /// Names of repositories, in small letters and without the organisation's.
    pub repositories: BTreeSet<String>,
    pub teams: bool,
    pub membership: bool,
    pub facts: bool,
    /// Whether it matters who signs in with a second factor.
    pub factors: bool,
    /// The numbers by which names of repositories are meant, where they are known.
    pub numbers: BTreeMap<String, u64>,
    /// By what queries name repositories that were seen before. Where all are known and few, only these are asked for.
    pub nodes: BTreeMap<String, String>,
    /// Other numbers by which names may have been known, and by what queries name those of them that were seen before.
    pub others: BTreeMap<String, BTreeSet<u64>>,
    pub more_nodes: BTreeSet<String>,
    /// Accounts that may have been invited to a repository; None where nobody knows.
    pub expected: Option<BTreeMap<String, BTreeSet<u64>>>,
    /// Accounts that files name.
    pub accounts: BTreeSet<u64>,
}

/// Where the whole list takes fewer requests than asking for each.
const FEW: usize = 50;

/// Somebody who was invited to the organisation and hasn't answered.
#[derive(Clone, Debug)]
pub(super) struct Invited {
    pub invitation: Invitation,
    /// None where an address was invited, or where nobody is called so any more.
    pub account: Option<u64>,
}

/// What an organisation looks like now. What wasn't asked for is empty.
pub(super) struct Picture {
    pub about: About,
    pub now: Timestamp,
    pub members: Vec<Member>,
    pub teams: Vec<Team>,
    pub repositories: Vec<Repository>,
    /// True where every repository is in the list.
    pub whole: bool,
    /// What names lead to that are not in the list.
    pub elsewhere: BTreeMap<String, Result<Option<Found>, Failure>>,
    /// What is meant by its number and isn't in the list.
    pub lost: BTreeMap<u64, Result<Option<Found>, Failure>>,
    /// Invitations by the repositories' numbers.
    pub open: BTreeMap<u64, Result<Vec<RepositoryInvitation>, Failure>>,
    pub roles: Vec<OrganizationRole>,
    /// Roles over repositories that the organisation made, each with what it stands on.
    pub custom: BTreeMap<String, String>,
    pub invited: Vec<Invited>,
    pub failed: Vec<Invitation>,
    /// The role that waits for somebody in a team, by the numbers of team and account.
    pub waiting: BTreeMap<(u64, u64), String>,
    pub beside: Beside,
    /// What the credential isn't told, with the permission that it takes.
    pub hidden: BTreeMap<&'static str, String>,
}

/// What is asked for facts alone.
#[derive(Default)]
pub(super) struct Beside {
    /// Who works on repositories from outside, and whose second factor is missing or can be phished; None where that isn't told.
    pub outside: Option<Vec<Who>>,
    pub factors: Option<Vec<(Who, Factor)>>,
    /// How accounts are called now; None where that wasn't asked.
    pub logins: Option<BTreeMap<u64, String>>,
    /// Keys: the repository's name, the title, whether it only reads, and who added it.
    pub keys: Vec<(String, String, bool, Option<String>)>,
    pub tokens: Vec<Token>,
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<Result<T, Failure>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T: Send + 'static> Task<T> {
    fn of(work: impl Future<Output = Result<T, Failure>> + Send + 'static) -> Self {
        Task(tokio::spawn(work))
    }

    async fn done(mut self) -> Result<T, Failure> {
        let stopped = |_| Err(Failure::Odd { why: "a part of the reading stopped".to_owned() });
        (&mut self.0).await.unwrap_or_else(stopped)
    }
}

/// Starts something that asks for itself.
macro_rules! start {
    ($api:expr, |$own:ident| $work:expr) => {{
        let $own = Arc::clone($api);
        Task::of(async move { $work.await })
    }};
}

/// Reads what is asked for. What fails names itself.
pub(super) async fn picture(
    api: &Arc<Api>,
    about: About,
    wish: &Wish,
    before: Option<&Picture>,
    now: Timestamp,
) -> Result<Picture, Failure> {
    let login = about.login.clone();
    let mut hidden = BTreeMap::new();
    let by_repository = !wish.repositories.is_empty();
    let org = login.clone();
    let of_members = start!(api, |api| members(&api, &org));
    let org = login.clone();
    let of_teams = (by_repository || wish.teams).then(|| start!(api, |api| teams(&api, &org)));
    let known: Option<BTreeSet<String>> = wish.repositories.iter().map(|name| wish.nodes.get(name).cloned()).collect();
    let known = known.map(|nodes| nodes.union(&wish.more_nodes).cloned().collect::<Vec<String>>());
    let few = known.filter(|nodes| !wish.facts && nodes.len() <= FEW);
    let whole_list = by_repository && few.is_none();
    let (org, with_keys) = (login.clone(), wish.facts);
    let of_repositories = by_repository.then(|| match few {
        Some(nodes) => start!(api, |api| repositories_by_node(&api, &nodes)),
        None => start!(api, |api| repositories(&api, &org, with_keys)),
    });
    let asks_invitations = wish.teams || wish.membership;
    let org = login.clone();
    let of_invited = asks_invitations.then(|| start!(api, |api| invitations(&api, &org)));
    let org = login.clone();
    let of_failed = (wish.membership && wish.facts).then(|| start!(api, |api| failed(&api, &org)));
    // what a run doesn't change isn't asked for again in it
    let asks_roles = by_repository && before.is_none();
    let org = login.clone();
    let of_roles = asks_roles.then(|| start!(api, |api| roles(&api, &org)));
    let org = login.clone();
    let of_custom = asks_roles.then(|| start!(api, |api| custom_roles(&api, &org)));
    let org = login.clone();
    let of_outside = wish.factors.then(|| start!(api, |api| outside(&api, &org, None)));
    let of_factors = wish.factors.then(|| {
        let [missing, insecure] = [Factor::Missing, Factor::Insecure].map(|factor| {
            let org = login.clone();
            start!(api, |api| outside(&api, &org, Some(factor)))
        });
        (missing, insecure)
    });
    let accounts = wish.accounts.clone();
    let of_logins = wish.facts.then(|| start!(api, |api| logins(&api, &accounts)));
    let org = login.clone();
    let of_tokens = (wish.facts && api.is_app()).then(|| start!(api, |api| tokens(&api, &org)));

    let members = of_members.done().await?;
    let teams = match of_teams {
        Some(task) => task.done().await?,
        None => Vec::new(),
    };
    let repositories = match of_repositories {
        Some(task) => task.done().await?,
        None => Vec::new(),
    };
    let invited = optional(of_invited, "invitations to the organisation", &mut hidden, api).await?.unwrap_or_default();
    let failed = optional(of_failed, "invitations that came to nothing", &mut hidden, api).await?.unwrap_or_default();
    let known_roles = || before.map(|before| before.roles.clone()).unwrap_or_default();
    let roles = optional(of_roles, "roles over the organisation", &mut hidden, api).await?.unwrap_or_else(known_roles);
    let known_custom = || before.map(|before| before.custom.clone()).unwrap_or_default();
    let custom = optional(of_custom, "custom repository roles", &mut hidden, api).await?.unwrap_or_else(known_custom);
    let mut beside = Beside {
        outside: optional(of_outside, "outside collaborators", &mut hidden, api).await?,
        factors: match of_factors {
            Some((missing, insecure)) => second_factors(missing, insecure, &mut hidden).await?,
            None => None,
        },
        logins: match of_logins {
            Some(task) => Some(task.done().await?),
            None => None,
        },
        tokens: optional(of_tokens, "fine-grained tokens", &mut hidden, api).await?.unwrap_or_default(),
        keys: Vec::new(),
    };

    let count = u64::try_from(repositories.len()).ok();
    let whole = whole_list && about.repositories().is_some_and(|all| count.is_some_and(|count| count >= all));
    let elsewhere = elsewhere(api, &login, wish, &repositories).await;
    let lost = lost(api, wish, &repositories).await;
    let meant = meant(wish, &repositories, &elsewhere);
    let open = open(api, wish, &repositories, (&meant, &members)).await;
    let invited = with_numbers(api, invited, &members).await?;
    let waiting = if wish.teams { waiting(api, &login, &teams).await? } else { BTreeMap::new() };
    if wish.facts {
        beside.keys = of_keys(api, &repositories, &meant, &mut hidden).await?;
    }
    Ok(Picture {
        about,
        now,
        members,
        teams,
        repositories,
        whole,
        elsewhere,
        lost,
        open,
        roles,
        custom,
        invited,
        failed,
        waiting,
        beside,
        hidden,
    })
}

/// What comes of something that the credential may not be told.
async fn optional<T: Send + 'static>(
    task: Option<Task<T>>,
    what: &'static str,
    hidden: &mut BTreeMap<&'static str, String>,
    api: &Api,
) -> Result<Option<T>, Failure> {
    let Some(task) = task else { return Ok(None) };
    match task.done().await {
        Ok(told) => Ok(Some(told)),
        Err(failure) if failure.is_hidden() => {
            // Enterprise Server adds people at once, and has no such lists
            if !(api.host().is_enterprise_server() && failure.status() == Some(404)) {
                hidden.insert(what, failure.missing().unwrap_or_default().to_owned());
            }
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// The name of a repository without its owner's, in small letters.
pub(super) fn short(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_lowercase()
}

/// Where the names lead that aren't in the list.
async fn elsewhere(
    api: &Arc<Api>,
    login: &str,
    wish: &Wish,
    repositories: &[Repository],
) -> BTreeMap<String, Result<Option<Found>, Failure>> {
    let listed: BTreeSet<String> = repositories.iter().map(|one| short(&one.name)).collect();
    let mut asked = Vec::new();
    for name in wish.repositories.iter().filter(|name| !listed.contains(*name)) {
        let (logins, name) = ([login.to_owned(), wish.organization.clone()], name.clone());
        asked.push((name.clone(), start!(api, |api| by_any_name(&api, &logins, &name))));
    }
    let mut found = BTreeMap::new();
    for (name, task) in asked {
        found.insert(name, task.done().await);
    }
    found
}

/// The repository of a name in an organisation that may have been called otherwise.
pub(super) async fn by_any_name(api: &Api, organization: &[String; 2], name: &str) -> Result<Option<Found>, Failure> {
    let [now, declared] = organization;
    let found = find(api, &format!("{now}/{name}")).await?;
    if found.is_some() || now.eq_ignore_ascii_case(declared) {
        return Ok(found);
    }
    let before = format!("{declared}/{name}");
    let found = find(api, &before).await?;
    // whoever is called so now has repositories of their own
    Ok(found.filter(|found| !found.name.eq_ignore_ascii_case(&before)))
}

/// What became of repositories that are meant by their numbers and aren't in the list.
async fn lost(
    api: &Arc<Api>,
    wish: &Wish,
    repositories: &[Repository],
) -> BTreeMap<u64, Result<Option<Found>, Failure>> {
    let listed: BTreeSet<u64> = repositories.iter().map(|one| one.id).collect();
    let numbers: BTreeSet<u64> = wish.numbers.values().copied().filter(|number| !listed.contains(number)).collect();
    let asked: Vec<_> =
        numbers.into_iter().map(|number| (number, start!(api, |api| find_by_number(&api, number)))).collect();
    let mut found = BTreeMap::new();
    for (number, task) in asked {
        found.insert(number, task.done().await);
    }
    found
}

/// Which repositories the names lead to, and which are meant by them.
fn meant(
    wish: &Wish,
    repositories: &[Repository],
    elsewhere: &BTreeMap<String, Result<Option<Found>, Failure>>,
) -> BTreeMap<u64, BTreeSet<String>> {
    let listed = repositories.iter().map(|one| (one.id, short(&one.name)));
    let listed = listed.filter(|(_, name)| wish.repositories.contains(name));
    let led = elsewhere.iter().filter_map(|(name, found)| Some((found.as_ref().ok()?.as_ref()?.id, name.clone())));
    let numbered = wish.numbers.iter().map(|(name, number)| (*number, name.clone()));
    let others = wish.others.iter();
    let others = others.flat_map(|(name, numbers)| numbers.iter().map(|number| (*number, name.clone())));
    let mut meant: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for (number, name) in listed.chain(led).chain(numbered).chain(others) {
        meant.entry(number).or_default().insert(name);
    }
    meant
}

/// Invitations of those repositories where one can be open: where somebody is expected who isn't in.
async fn open(
    api: &Arc<Api>,
    wish: &Wish,
    repositories: &[Repository],
    (meant, members): (&BTreeMap<u64, BTreeSet<String>>, &[Member]),
) -> BTreeMap<u64, Result<Vec<RepositoryInvitation>, Failure>> {
    let inside: BTreeSet<u64> = members.iter().map(|member| member.who.id).collect();
    let mut asked = Vec::new();
    for repository in repositories {
        let Some(names) = meant.get(&repository.id) else { continue };
        let is_in = |id: &u64| {
            let direct = || repository.direct.iter().flatten().any(|direct| direct.who.id == *id);
            inside.contains(id) || direct()
        };
        let may_be_open = wish.expected.as_ref().is_none_or(|expected| {
            names.iter().filter_map(|name| expected.get(name)).any(|accounts| !accounts.iter().all(is_in))
        });
        if may_be_open {
            let name = repository.name.clone();
            asked.push((repository.id, start!(api, |api| repository_invitations(&api, &name))));
        }
    }
    let mut found = BTreeMap::new();
    for (id, task) in asked {
        found.insert(id, task.done().await);
    }
    found
}

/// Invitations with the numbers of those whom they are for.
async fn with_numbers(api: &Api, invitations: Vec<Invitation>, members: &[Member]) -> Result<Vec<Invited>, Failure> {
    let known: BTreeMap<&str, u64> = members.iter().map(|one| (one.who.login.as_str(), one.who.id)).collect();
    let logins: Vec<String> = invitations.iter().filter_map(|one| one.login.clone()).collect();
    let unknown: Vec<String> = logins.into_iter().filter(|login| !known.contains_key(login.as_str())).collect();
    let numbers = numbers(api, &unknown).await?;
    let number = |login: &String| numbers.get(login).or_else(|| known.get(login.as_str())).copied();
    let invited = invitations.into_iter();
    Ok(invited.map(|one| Invited { account: one.login.as_ref().and_then(number), invitation: one }).collect())
}

/// The roles that wait in teams for those who were invited.
async fn waiting(api: &Api, login: &str, teams: &[Team]) -> Result<BTreeMap<(u64, u64), String>, Failure> {
    let mut found = BTreeMap::new();
    for team in teams {
        for who in &team.invited {
            if let Some(role) = team_role(api, login, &team.slug, &who.login).await? {
                found.insert((team.id, who.id), role);
            }
        }
    }
    Ok(found)
}

type Keys = Vec<(String, String, bool, Option<String>)>;

/// The keys of those repositories of the scope that have any.
async fn of_keys(
    api: &Arc<Api>,
    repositories: &[Repository],
    meant: &BTreeMap<u64, BTreeSet<String>>,
    hidden: &mut BTreeMap<&'static str, String>,
) -> Result<Keys, Failure> {
    let mut asked = Vec::new();
    let in_scope = |one: &&Repository| one.keys.unwrap_or_default() > 0 && meant.contains_key(&one.id);
    for repository in repositories.iter().filter(in_scope) {
        let name = repository.name.clone();
        asked.push((repository.name.clone(), start!(api, |api| keys(&api, &name))));
    }
    let mut found = Vec::new();
    for (name, task) in asked {
        let told = optional(Some(task), "who added deploy keys", hidden, api).await?.unwrap_or_default();
        found.extend(told.into_iter().map(|key| (name.clone(), key.title, key.read_only, key.added_by)));
    }
    Ok(found)
}

/// Those whose second factor is missing or can be phished; None where the credential isn't told.
async fn second_factors(
    missing: Task<Vec<Who>>,
    insecure: Task<Vec<Who>>,
    hidden: &mut BTreeMap<&'static str, String>,
) -> Result<Option<Vec<(Who, Factor)>>, Failure> {
    let mut found = Vec::new();
    for (task, factor) in [(missing, Factor::Missing), (insecure, Factor::Insecure)] {
        match task.done().await {
            Ok(told) => found.extend(told.into_iter().map(|who| (who, factor))),
            // only owners are told
            Err(failure) if failure.is_hidden() || failure.status() == Some(422) => {
                hidden.insert("second factors of outside collaborators", "an owner's token".to_owned());
                if factor == Factor::Missing {
                    return Ok(None);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(found))
}
