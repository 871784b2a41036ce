//! Who calls: Apps, their installations, and tokens with what they may do.

use super::{Account, Id, SecondFactor, World};
use jiff::{SignedDuration, Timestamp};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use std::collections::{BTreeMap, BTreeSet};

/// The App as which workflows act.
pub(crate) const ACTIONS: &str = "github-actions";

/// Accounts by which GitHub itself acts: login, number, and the address that their commits have.
const OWN_ACCOUNTS: [(&str, Id, &str); 3] = [
    ("web-flow", 19_864_447, "noreply@github.com"),
    ("github-actions[bot]", 41_898_282, "41898282+github-actions[bot]@users.noreply.github.com"),
    ("github-merge-queue[bot]", 118_344_674, "118344674+github-merge-queue[bot]@users.noreply.github.com"),
];

/// How much of a permission a token has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// May look.
    Read,
    /// May change.
    Write,
}

impl Permission {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Permission::Read => "read",
            Permission::Write => "write",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Permission> {
        [Permission::Read, Permission::Write].into_iter().find(|permission| permission.word() == word)
    }
}

/// Permissions by name, as an App's settings name them.
pub type Permissions = BTreeMap<String, Permission>;

/// An App.
#[derive(Debug, Clone)]
pub struct App {
    /// Its number.
    pub id: Id,
    /// Its name in paths.
    pub slug: String,
    /// The other name that its assertions may be issued by.
    pub client_id: String,
    /// The account that it acts as.
    pub account: Id,
    /// What checks the signature of its assertions. GitHub's own App gives none out.
    pub(crate) key: Option<RsaPublicKey>,
    /// What it asks for.
    pub permissions: Permissions,
}

/// An App in an organisation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its number.
    pub id: Id,
    /// The App.
    pub app: Id,
    /// The organisation.
    pub organization: Id,
    /// What the organisation allowed.
    pub permissions: Permissions,
    /// The repositories it was given; all, if none are named.
    pub repositories: Option<BTreeSet<Id>>,
    /// The organisation holds it still.
    pub suspended: bool,
    /// When it was installed.
    pub created: Timestamp,
}

/// What kind of token it is, and what it may do.
#[derive(Debug, Clone)]
pub enum TokenKind {
    /// A classic token of a person.
    Classic {
        /// Whose it is.
        user: Id,
        /// `repo`, `read:org`, `admin:org`.
        scopes: BTreeSet<String>,
    },
    /// A fine-grained token of a person, for the organisation.
    FineGrained {
        /// Whose it is.
        user: Id,
        /// What it may do.
        permissions: Permissions,
        /// The repositories it was given; all, if none are named.
        repositories: Option<BTreeSet<Id>>,
    },
    /// A token of an installation. That of a workflow is one, for one repository.
    Installation {
        /// The installation.
        installation: Id,
        /// What it may do.
        permissions: Permissions,
        /// The repositories it was narrowed to; all, if none are named.
        repositories: Option<BTreeSet<Id>>,
    },
}

/// A token.
#[derive(Debug, Clone)]
pub struct Token {
    /// A short name for logs and limits. It isn't the secret.
    pub name: String,
    /// What it may do.
    pub kind: TokenKind,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// It was authorised for single sign-on.
    pub authorized: bool,
    /// Requests an hour.
    pub hourly: u32,
}

impl Token {
    /// The person whose token it is.
    pub(crate) fn user(&self) -> Option<Id> {
        match &self.kind {
            TokenKind::Classic { user, .. } | TokenKind::FineGrained { user, .. } => Some(*user),
            TokenKind::Installation { .. } => None,
        }
    }

    /// Whether it has permissions of its own, and not only the scopes of a classic one.
    pub(crate) fn names_permissions(&self) -> bool {
        !matches!(self.kind, TokenKind::Classic { .. })
    }

    /// What it may do of a permission. A classic token's scopes are taken for the permissions that they stand for.
    pub(crate) fn permission(&self, name: &str) -> Option<Permission> {
        match &self.kind {
            TokenKind::FineGrained { permissions, .. } | TokenKind::Installation { permissions, .. } => {
                permissions.get(name).copied()
            }
            TokenKind::Classic { scopes, .. } => {
                let has = |scope: &str| scopes.contains(scope);
                let organization = name == "members" || name.starts_with("organization_");
                match (organization, has("admin:org"), has("repo")) {
                    (true, true, _) | (false, _, true) => Some(Permission::Write),
                    (true, false, _) if has("read:org") || has("write:org") => Some(Permission::Read),
                    _ => None,
                }
            }
        }
    }

    /// Whether a repository is among those that the token was given.
    pub(crate) fn covers(&self, repository: Id) -> bool {
        match &self.kind {
            TokenKind::Classic { .. } => true,
            TokenKind::FineGrained { repositories, .. } | TokenKind::Installation { repositories, .. } => {
                repositories.as_ref().is_none_or(|given| given.contains(&repository))
            }
        }
    }
}

fn permissions(of: &str) -> Permissions {
    of.split_whitespace()
        .map(|part| {
            let (name, word) = part.split_once('=').unwrap_or_else(|| panic!("`{part}` isn't `permission=read`"));
            let permission = Permission::from_word(word).unwrap_or_else(|| panic!("`{word}` isn't read or write"));
            (name.to_owned(), permission)
        })
        // every token that names permissions has this one
        .chain([("metadata".to_owned(), Permission::Read)])
        .collect()
}

impl Account {
    /// Whether GitHub itself acts by it.
    pub(super) fn is_githubs_own(&self) -> bool {
        OWN_ACCOUNTS.iter().any(|(_, id, _)| *id == self.id)
    }
}

impl World {
    /// Makes a secret of the right shape. It is made of what it is for, so that runs are alike; it opens nothing else.
    fn secret(&mut self, prefix: &str, length: usize) -> String {
        use sha2::Digest;
        let number = self.number(1);
        let mut secret = prefix.to_owned();
        let mut block = 0_u32;
        while secret.len() < prefix.len() + length {
            let hash = sha2::Sha256::digest(format!("{prefix}{number}.{block}"));
            secret.extend(
                hash.iter().map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuv"[usize::from(byte & 31)])),
            );
            block += 1;
        }
        secret.truncate(prefix.len() + length);
        secret
    }

    fn keep(&mut self, secret: &str, token: Token) {
        self.tokens.insert(secret.to_owned(), token);
    }

    /// Makes a classic token of a person. `scopes` are parted by spaces.
    pub fn classic_token(&mut self, login: &str, scopes: &str) -> String {
        let secret = self.secret("ghp_", 36);
        let user = self.known(login);
        let scopes = scopes.split_whitespace().map(str::to_owned).collect();
        let kind = TokenKind::Classic { user, scopes };
        let name = format!("classic:{login}");
        self.keep(&secret, Token { name, kind, expires: None, authorized: true, hourly: 5_000 });
        secret
    }

    /// Makes a fine-grained token of a person for the organisation: `members=read administration=write`.
    pub fn fine_grained_token(&mut self, login: &str, of: &str) -> String {
        let secret = self.secret("github_pat_", 82);
        let user = self.known(login);
        let kind = TokenKind::FineGrained { user, permissions: permissions(of), repositories: None };
        let name = format!("fine-grained:{login}");
        self.keep(&secret, Token { name, kind, expires: None, authorized: true, hourly: 5_000 });
        secret
    }

    /// Registers an App and installs it in the organisation for all repositories.
    ///
    /// `public_key` is its public key as PKCS#1 PEM; assertions are checked with it.
    pub fn install_app(&mut self, slug: &str, public_key: &str, of: &str) -> (Id, Id) {
        let key = RsaPublicKey::from_pkcs1_pem(public_key).expect("a public key as PKCS#1 PEM");
        let app = self.number(900_000);
        let client_id = format!("Iv23li{app:014}");
        let account = self.add_bot(slug);
        let permissions = permissions(of);
        let slug = slug.to_owned();
        self.apps
            .insert(app, App { id: app, slug, client_id, account, key: Some(key), permissions: permissions.clone() });
        let id = self.number(61_000_000);
        let created = self.now;
        let organization = self.main;
        let repositories = None;
        let installation = Installation { id, app, organization, permissions, repositories, suspended: false, created };
        self.installations.insert(id, installation);
        (app, id)
    }

    /// Suspends an installation, or lets it go on.
    pub fn suspend(&mut self, installation: Id, suspended: bool) {
        self.installations.get_mut(&installation).expect("an installation that was made").suspended = suspended;
    }

    /// Makes a token of an installation, which lives an hour.
    pub fn installation_token(&mut self, installation: Id) -> String {
        let of = self.installations.get(&installation).expect("an installation that was made");
        let (permissions, repositories) = (of.permissions.clone(), of.repositories.clone());
        self.narrowed_token(installation, permissions, repositories)
    }

    pub(crate) fn narrowed_token(
        &mut self,
        installation: Id,
        permissions: Permissions,
        repositories: Option<BTreeSet<Id>>,
    ) -> String {
        // of the shape and length that GitHub gives since 2026
        let app = self.installations[&installation].app;
        let parts = [36, 300, 172].map(|length| self.secret("", length));
        let secret = format!("ghs_{app}_{}", parts.join("."));
        let kind = TokenKind::Installation { installation, permissions, repositories };
        let expires = Some(self.now + SignedDuration::from_hours(1));
        let name = format!("installation:{installation}");
        self.keep(&secret, Token { name, kind, expires, authorized: true, hourly: 5_000 });
        secret
    }

    /// Makes the token that a workflow of a repository has, as if another App than GitHub's own ran it.
    pub fn workflow_token(&mut self, installation: Id, repository: &str, of: &str) -> String {
        let id = self.known_repository(repository).id;
        let secret = self.narrowed_token(installation, permissions(of), Some(BTreeSet::from([id])));
        let token = self.tokens.get_mut(&secret).expect("it was just made");
        token.name = format!("workflow:{repository}");
        token.hourly = 1_000;
        secret
    }

    /// Makes the accounts by which GitHub itself acts.
    pub(super) fn add_own_accounts(&mut self) {
        let created = self.now - SignedDuration::from_hours(24 * 3_000);
        for (login, id, email) in OWN_ACCOUNTS {
            let account = Account {
                id,
                login: login.to_owned(),
                name: None,
                second_factor: SecondFactor::Secure,
                managed: false,
                bot: login.ends_with("[bot]"),
                mannequin: false,
                emails: vec![email.to_owned()],
                signing_keys: Vec::new(),
                created,
            };
            self.accounts.insert(id, account);
        }
    }

    /// The App as which workflows act.
    pub(crate) fn actions_app(&mut self) -> Id {
        let id = 15_368;
        let account = self.known(&format!("{ACTIONS}[bot]"));
        self.apps.entry(id).or_insert_with(|| App {
            id,
            slug: ACTIONS.to_owned(),
            client_id: "Iv1.05c79e9ad1f6bdfa".to_owned(),
            account,
            key: None,
            permissions: Permissions::new(),
        });
        id
    }

    /// Makes the token that a run of a workflow has in its repository. It acts as `github-actions[bot]`.
    pub fn actions_token(&mut self, repository: &str, of: &str) -> String {
        let (app, organization, created) = (self.actions_app(), self.main, self.now);
        let there = self.installations.values().find(|it| it.app == app).map(|it| it.id);
        let id = there.unwrap_or_else(|| {
            let id = self.number(61_000_000);
            let (permissions, repositories, suspended) = (Permissions::new(), None, false);
            let installation = Installation { id, app, organization, permissions, repositories, suspended, created };
            self.installations.insert(id, installation);
            id
        });
        self.workflow_token(id, repository, of)
    }

    /// The token behind a secret, to be narrowed, ended or taken from single sign-on.
    pub fn token_mut(&mut self, secret: &str) -> &mut Token {
        self.tokens.get_mut(secret).expect("a token that was made")
    }
}
