//! An organisation of any size, the same each time: what the benchmark measures and a test keeps clean.
//!
//! Of 100 files some 79 are grants and 19 people; the rest are domains, vendors, roles, groups, bridges and policies.
//! A person holds about four grants. A contractor has one domain as home, an employee works in several.

use std::fmt::Write as _;
use std::path::Path;

/// The instant at which nothing of the organisation is over or about to end.
pub const NOW: &str = "2026-11-23T09:00:00Z";

/// The digest of the rule that waivers speak of; a finding says when it is another.
const RULE_DIGEST: &str = "sha256:9e0ae08769a88f6a76bdb7712ccc2eea598d8e29ededa0f7aee5c94c2954a88f";

const FIRST_NAMES: [&str; 24] = [
    "ada", "ben", "chloe", "dario", "emre", "farah", "goran", "hana", "ines", "jonas", "kavya", "liam", "mei", "nadia",
    "omar", "petra", "quinn", "rosa", "sven", "tara", "umut", "vera", "wei", "yara",
];
const LAST_NAMES: [&str; 20] = [
    "adler", "brandt", "castro", "dogan", "evans", "fischer", "garcia", "haddad", "ivanov", "jensen", "kim", "lopez",
    "moreau", "nguyen", "olsen", "patel", "rossi", "silva", "tanaka", "weber",
];
const REASONS: [&str; 8] = [
    "Build the refund flow together with the payments team",
    "Looks after the nightly reconciliation and its alerts until the new ledger has taken over",
    "Follow what is being built",
    "Move the reports from the old warehouse, with the team that has written them",
    "Answers questions of customers that need a look at the logs of the payment service",
    "Yearly test of the checkout",
    "Keeps the exports running that the bank fetches every night, also over the holidays",
    "Helps the platform team to move its jobs to the new cluster; agreed with the owners of the domain",
];
const WORDS: [&str; 10] =
    ["billing", "ledger", "search", "fraud", "payouts", "reports", "mobile", "identity", "risk", "support"];

/// One file: its path and its text.
pub type File = (String, String);

/// The numbers of an organisation.
#[derive(Clone, Copy, Debug)]
struct Size {
    people: usize,
    domains: usize,
    vendors: usize,
    teams: usize,
    roles: usize,
}

impl Size {
    fn of(grants: usize) -> Self {
        Size {
            people: grants * 24 / 100 + 8,
            domains: grants / 200 + 5,
            vendors: grants / 500 + 2,
            teams: grants / 100 + 2,
            roles: grants / 1000,
        }
    }

    /// Domains that are open to contractors: four of five.
    fn open_domain(self, n: usize) -> usize {
        let n = n % (self.domains / 5 * 4);
        n / 4 * 5 + n % 4
    }

    /// The fifth of five is production.
    fn production(self, n: usize) -> usize {
        n % (self.domains / 5) * 5 + 4
    }

    /// The domain in which a contractor or service is at home.
    fn home(self, person: usize) -> usize {
        self.open_domain(person / 2)
    }
}

/// What a person is, by number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Employee,
    Contractor,
    Service,
}

/// All files of the organisation with so many grants (at least 20), in no order.
pub fn files(grants: usize) -> impl Iterator<Item = File> {
    let size = Size::of(grants);
    let fixed = [config(), attributes(), approvals(), duties(), limits(), waivers(size)];
    fixed
        .into_iter()
        .chain((0..size.people).map(move |n| person(n, size)))
        .chain((0..size.vendors).map(move |n| vendor(n, size)))
        .chain((0..size.domains).map(move |n| domain(n, size)))
        .chain((0..size.domains).map(move |n| owners(n, size)))
        .chain((0..size.teams).map(move |n| team(n, size)))
        .chain(roles(size))
        .chain((0..grants).map(move |n| grant(n, size)))
        .chain((0..size.people).filter(|n| is_bridged(*n)).map(move |n| bridge(n, size)))
}

/// A grant of a contractor, and its text with a later end.
pub fn changed(grants: usize) -> File {
    let (path, text) = grant(9, Size::of(grants));
    (path, text.replace("until: 2027-02-", "until: 2027-03-"))
}

/// Writes the files below a folder.
pub fn write(root: &Path, grants: usize) -> std::io::Result<usize> {
    let mut count = 0;
    for (path, text) in files(grants) {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
        count += 1;
    }
    Ok(count)
}

fn config() -> File {
    let text = "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  \
                github: { type: sandbox, as: github }\n  aws: { type: sandbox, as: aws }\n  \
                gcp: { type: sandbox, as: gcp }\nmanage: contractors\n\
                approval: { evidence: signatures, branch: main }\n\
                audit: { ref: refs/dualkey/audit, key: \"northwind+13bb2a06+AQm4G1EDZ0t5eeb1f6C57VmMQaDQGVxK6tq7pbhAhk2A\" }\n";
    ("dualkey.yaml".to_owned(), text.to_owned())
}

fn attributes() -> File {
    (".gitattributes".to_owned(), "* text=auto eol=lf\n".to_owned())
}

fn approvals() -> File {
    let text = "# every rule that matches must be met\napprovals:\n  \
                - { change: access, count: 1, from: domain-owners }\n  \
                - { change: access, risk: privileged, count: 1, from: \"group:owners-0000\" }\n  \
                - { change: removal, count: 1, from: [domain-owners, sponsors] }\n  \
                - { change: bridge, count: 1, from: domain-owners }\n  \
                - { change: identity, count: 1, from: \"group:owners-0000\" }\n  \
                - { change: policy, count: 1, from: \"group:owners-0000\" }\n";
    ("policies/approvals.yaml".to_owned(), text.to_owned())
}

fn duties() -> File {
    let text = "duties:\n  - id: develop-and-deploy\n    title: Nobody both writes and deploys what runs in production\n    \
                sets:\n      develop: { duties: [develop] }\n      \
                deploy: { duties: [deploy], environments: [production] }\n    at_most: 1\n  \
                - id: payment-duties\n    title: Nobody both enters a payee and approves payments\n    sets:\n      \
                enter: { duties: [create-payee] }\n      approve: { duties: [approve-payment] }\n  \
                - id: ledger-and-payments\n    title: Who writes the ledger enters no payees\n    sets:\n      \
                write: { entitlements: [\"repository:northwind/ledger-*:push\"] }\n      \
                enter: { roles: [payee-clerk] }\n";
    ("policies/duties.yaml".to_owned(), text.to_owned())
}

fn limits() -> File {
    let text = "limits:\n  removals: { count: 10, fraction: 5% }\n  grants: { contractor_max_duration: 180 days }\n  \
                waivers: { max_duration: 90 days }\nprotected: [\"account:*:BreakGlassAdmin\"]\n";
    ("policies/limits.yaml".to_owned(), text.to_owned())
}

fn waivers(size: Size) -> File {
    let mut text = "waivers:\n".to_owned();
    for person in (0..size.people).filter(|person| is_waived(*person)) {
        let (id, owner) = (person_id(person), person_id(1));
        let _ = write!(
            text,
            "  - rule: develop-and-deploy\n    rule_digest: \"{RULE_DIGEST}\"\n    person: {id}\n    \
             from: 2026-11-01\n    until: 2027-01-20\n    owner: {owner}\n    \
             control: daily review of the deploy log\n    ticket: RISK-{person}\n"
        );
    }
    ("policies/waivers.yaml".to_owned(), text)
}

/// Developers who stand in for a deployer for a while.
fn is_waived(person: usize) -> bool {
    person % 500 == 3
}

/// Contractors who also work in a second domain, over a bridge.
fn is_bridged(person: usize) -> bool {
    person % 200 == 8
}

fn sort(person: usize) -> Sort {
    match person % 20 {
        0..8 => Sort::Employee,
        8..19 => Sort::Contractor,
        _ => Sort::Service,
    }
}

fn employee(n: usize, size: Size) -> usize {
    let n = n % (size.people / 20 * 8).max(8);
    n / 8 * 20 + n % 8
}

fn person_id(n: usize) -> String {
    let first = FIRST_NAMES[n % FIRST_NAMES.len()];
    let last = LAST_NAMES[n / FIRST_NAMES.len() % LAST_NAMES.len()];
    format!("{first}.{last}-{n:05}")
}

fn domain_id(n: usize) -> String {
    format!("{}-{n:04}", WORDS[n % WORDS.len()])
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn person(n: usize, size: Size) -> File {
    let id = person_id(n);
    let (name, _) = id.split_once('-').unwrap_or((&id, ""));
    let names: Vec<String> = name.split('.').map(capital).collect();
    let mut text = if n % 7 == 3 { "# moved here from the old list\n".to_owned() } else { String::new() };
    let _ = writeln!(text, "name: {}", names.join(" "));
    let (sponsor, vendor) = (person_id(employee(n / 8, size)), n % size.vendors);
    let host = match sort(n) {
        Sort::Employee => {
            let role = if n % 20 < 4 { "                     # engineer" } else { "" };
            let _ = writeln!(text, "type: employee{role}");
            "northwind.example".to_owned()
        }
        Sort::Contractor => {
            let _ = writeln!(text, "type: contractor\nvendor: vendor-{vendor:03}\nsponsor: {sponsor}");
            let _ = writeln!(text, "engagement: {{ from: 2026-10-{:02}, until: 2027-03-26 }}", 1 + n % 4);
            format!("vendor-{vendor:03}.example")
        }
        Sort::Service => {
            let _ = writeln!(text, "type: service\nsponsor: {sponsor}");
            "northwind.example".to_owned()
        }
    };
    let _ = writeln!(text, "accounts:\n  github: {{ login: {}-{n}, id: {} }}", names[0].to_lowercase(), 100_000 + n);
    let _ = writeln!(text, "  aws: {id}@{host}\n  gcp: {id}@{host}");
    if sort(n) != Sort::Service {
        let _ = writeln!(text, "emails: [{id}@{host}]");
    }
    if sort(n) == Sort::Employee && n % 20 < 4 {
        let _ = writeln!(text, "keys: [\"ssh-ed25519 {} {id}\"]", public_key(n));
    }
    (format!("people/{id}.yaml"), text)
}

/// A key in the shape of an ed25519 key. Nobody holds its private half.
fn public_key(n: usize) -> String {
    use base64::Engine as _;
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([7; 24]);
    blob.extend((n as u64).to_be_bytes());
    base64::engine::general_purpose::STANDARD.encode(blob)
}

fn vendor(n: usize, size: Size) -> File {
    let sponsor = person_id(employee(n, size));
    let contract = "contract: { from: 2026-10-01, until: 2027-03-31 }";
    (format!("vendors/vendor-{n:03}.yaml"), format!("name: Vendor {n} Ltd\nsponsor: {sponsor}\n{contract}\n"))
}

fn domain(n: usize, _: Size) -> File {
    let id = domain_id(n);
    let mut text = format!("title: {}, number {n}\n", capital(WORDS[n % WORDS.len()]));
    let environment = ["staging", "staging", "development", "staging", "production"][n % 5];
    let _ = writeln!(text, "environment: {environment}\nowners: [\"group:owners-{n:04}\"]");
    if environment == "production" {
        let _ = writeln!(text, "resources:\n  clerks: {{ identity-group: {id}-clerks }}");
        let _ = writeln!(text, "  approvers: {{ identity-group: {id}-approvers }}");
    } else {
        let _ = writeln!(text, "contractors: allowed\nresources:");
        for name in ["api", "web", "jobs", "docs"] {
            let _ = writeln!(text, "  {name}: {{ repository: northwind/{id}-{name} }}");
        }
    }
    let _ = writeln!(text, "  account: {{ account: \"{}\" }}", 100_000_000_000 + n);
    let _ = writeln!(text, "  project: {{ project: nw-{id} }}");
    (format!("domains/{id}.yaml"), text)
}

/// The group that owns a domain: engineers with keys.
fn owners(n: usize, size: Size) -> File {
    let engineer = |k: usize| person_id((n * 4 + k) % (size.people / 20).max(1) * 20 + k % 4);
    let members: Vec<String> = (0..4).map(engineer).collect();
    (format!("groups/owners-{n:04}.yaml"), format!("members: [{}]\n", members.join(", ")))
}

fn team(n: usize, size: Size) -> File {
    let mut text = format!("title: Team {n}\nmembers:\n");
    for k in 0..4 {
        let _ = writeln!(text, "  - {}", person_id(employee(n * 5 + k, size)));
    }
    if n.is_multiple_of(4) {
        let _ = writeln!(text, "  - group:team-{:04}", n + 1);
    }
    (format!("groups/team-{n:04}.yaml"), text)
}

fn roles(size: Size) -> Vec<File> {
    let role = |id: &str, text: &str| (format!("roles/{id}.yaml"), text.to_owned());
    let mut roles = vec![
        role(
            "reader",
            "title: Reads code and logs\nrisk: standard\ncontractors: allowed\n\
             entitlements:\n  repository: pull\n  project: roles/logging.viewer\n",
        ),
        role(
            "tester",
            "title: Files findings and reads logs\nduties: [test]\nrisk: standard\ncontractors: allowed\n\
             max_duration: 90 days\nentitlements:\n  repository: triage\n  project: roles/logging.viewer\n",
        ),
        role(
            "developer",
            "title: Writes code and looks after it outside production\nduties: [develop]\nrisk: standard\n\
             contractors: allowed\nentitlements:\n  repository: push\n  account: DeveloperAccess\n  \
             project: [roles/logging.viewer, roles/run.viewer]\n",
        ),
        role(
            "deployer",
            "title: Brings releases to where they run\nduties: [deploy]\nrisk: elevated\ncontractors: denied\n\
             max_duration: 180 days\nentitlements:\n  account: DeployAccess\n  project: roles/run.developer\n",
        ),
    ];
    for (id, duty) in [("payee-clerk", "create-payee"), ("payment-approver", "approve-payment")] {
        roles.push(role(
            id,
            &format!(
                "title: Does one half of a payment\nduties: [{duty}]\nrisk: elevated\ncontractors: denied\n\
                 entitlements:\n  identity-group: member\n"
            ),
        ));
    }
    roles.extend((0..size.roles).map(|n| {
        let text =
            format!("title: Specialist {n}\nduties: [advise-{n}]\nrisk: standard\nentitlements:\n  repository: pull\n");
        (format!("roles/specialist-{n:03}.yaml"), text)
    }));
    roles
}

/// What one grant says, but for its reason.
struct Terms {
    role: String,
    domain: usize,
    /// Empty for all of the domain.
    resources: Vec<&'static str>,
    from: String,
    until: String,
}

const REPOSITORIES: [&str; 4] = ["api", "web", "jobs", "docs"];

impl Terms {
    fn new(role: &str, domain: usize, resources: &[&'static str], n: usize) -> Self {
        Terms {
            role: role.to_owned(),
            domain,
            resources: resources.to_vec(),
            from: format!("2026-10-{:02}", 5 + n % 24),
            until: format!("2027-02-{:02}", 1 + n % 26),
        }
    }

    fn until(mut self, from: &str, until: &str) -> Self {
        (self.from, self.until) = (from.to_owned(), until.to_owned());
        self
    }
}

/// The k-th grant of an employee.
fn employee_terms(n: usize, person: usize, k: usize, size: Size) -> Terms {
    let (open, production) = (size.open_domain(person * 7 + k * 13), size.production(person + k));
    let repository = REPOSITORIES[k % 4];
    match (person % 20, k) {
        (_, 1) if is_waived(person) => {
            Terms::new("deployer", production, &["project"], n).until("2026-11-02", "2027-01-15")
        }
        (0..4, 0 | 1) => Terms::new("developer", open, &[repository, "account"], n),
        (0..4, 2) if size.roles > 0 => {
            Terms::new(&format!("specialist-{:03}", person / 20 % size.roles), open, &[repository], n)
        }
        (0..4, 2) => Terms::new("reader", open, &[repository], n),
        (0..4, _) => Terms::new("reader", production, &["project"], n),
        (4 | 5, 0) => Terms::new("deployer", production, &["account"], n),
        (4 | 5, 1) => Terms::new("deployer", production, &["project"], n),
        (6, 0) => Terms::new("payee-clerk", production, &["clerks"], n),
        (7, 0) => Terms::new("payment-approver", production, &["approvers"], n),
        _ => Terms::new("reader", open, &[repository], n),
    }
}

/// The k-th grant of a contractor or a service.
fn guest_terms(n: usize, person: usize, k: usize, size: Size) -> Terms {
    let home = size.home(person);
    if is_bridged(person) && k == 3 {
        let until = "2027-01-29";
        return Terms::new("reader", size.open_domain(person / 2 + 1), &["docs"], n).until("2026-11-02", until);
    }
    let resources = if k == 4 { "project" } else { REPOSITORIES[k % 4] };
    match (person + k) % 3 {
        0 => Terms::new("developer", home, &[resources], n),
        1 if k == 0 && person.is_multiple_of(10) => Terms::new("reader", home, &[], n),
        1 => Terms::new("reader", home, &[resources], n),
        _ => Terms::new("tester", home, &[resources], n).until("2026-11-02", "2027-01-29"),
    }
}

fn grant(n: usize, size: Size) -> File {
    let (person, k) = (n % size.people, n / size.people);
    let (to, terms) = if n % 33 == 32 {
        let number = n / 33;
        let repository = REPOSITORIES[number / size.teams % 4];
        (
            format!("\"group:team-{:04}\"", number % size.teams),
            Terms::new("reader", size.open_domain(number), &[repository], n),
        )
    } else {
        let terms = match sort(person) {
            Sort::Employee => employee_terms(n, person, k, size),
            Sort::Contractor | Sort::Service => guest_terms(n, person, k, size),
        };
        (person_id(person), terms)
    };
    let mut text =
        if n % 5 == 2 { format!("# asked for in the meeting of week {}\n", 30 + n % 20) } else { String::new() };
    let _ = writeln!(text, "to: [{to}]\nrole: {}\ndomain: {}", terms.role, domain_id(terms.domain));
    if !terms.resources.is_empty() {
        let _ = writeln!(text, "resources: [{}]", terms.resources.join(", "));
    }
    let note = if n % 9 == 4 { "          # the owners asked for a short one" } else { "" };
    let _ = writeln!(text, "from: {}\nuntil: {}{note}", terms.from, terms.until);
    let reason = REASONS[n % REASONS.len()];
    let _ = match n % 100 {
        50 => writeln!(text, "reason: >-\n  {reason},\n  which the team has asked for"),
        0..10 => writeln!(text, "reason: \"{reason}: see the ticket\""),
        _ => writeln!(text, "reason: {reason}"),
    };
    let _ = writeln!(text, "ticket: WORK-{}", 1000 + n);
    (format!("grants/{}/g-{n:06}.yaml", domain_id(terms.domain)), text)
}

fn bridge(person: usize, size: Size) -> File {
    let (home, into) = (domain_id(size.home(person)), domain_id(size.open_domain(person / 2 + 1)));
    let text = format!(
        "home: {home}\ninto: {into}\nfor: [{}]\nuntil: 2027-01-29\nreason: Moves with the events to their new owner\n",
        person_id(person)
    );
    (format!("bridges/bridge-{person:05}.yaml"), text)
}
