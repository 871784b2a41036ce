//! Comments as a browser shows them: rendered by a Markdown renderer, and looked at element by element.
//!
//! `DUALKEY_SCREENSHOTS=DIR` keeps a picture of them there.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::support::{ALICE, ALICE_GRANT, scrubbed};

const PACKAGE: (&str, &str) = ("marked", "15.0.12");
const RENDERER: &str = "marked.min.js";
const SHA256: &str = "3e7e7d7feb3e5d58cb6c804f68ab5c24cc7e5eb6270fd6e5cbb9124739217d0c";

const PAGE: &str = include_str!("page.html");

/// The renderer, brought below `target/` where it isn't there yet.
fn renderer() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let path = crate::packages::npm(PACKAGE.0, PACKAGE.1).join(RENDERER);
        let bytes = std::fs::read(&path).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, SHA256, "{} is not the renderer that was published", path.display());
        bytes
    })
}

/// What a browser makes of texts, each with a name.
fn rendered(bodies: &[(&str, String)]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("marked.min.js"), renderer()).unwrap();
    std::fs::write(at("bodies.js"), format!("const bodies = {}", serde_json::to_string(bodies).unwrap())).unwrap();
    std::fs::write(at("page.html"), PAGE).unwrap();
    let address = format!("file://{}", at("page.html").display());
    let browse = |how: &[&str]| {
        let mut browser = scrubbed("chromium", folder.path());
        browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]);
        finish({
            browser.args(how).arg(&address);
            browser
        })
        .exits(0)
        .stdout
    };
    if let Some(pictures) = std::env::var_os("DUALKEY_SCREENSHOTS") {
        let picture = Path::new(&pictures).join("comments.png");
        browse(&[&format!("--screenshot={}", picture.display()), "--window-size=960,9000"]);
    }
    let page = browse(&["--dump-dom"]);
    let told = page.split("<script type=\"application/json\">").nth(1).expect("the page ran").split("</script>").next();
    serde_json::from_str(told.unwrap()).unwrap()
}

const ATTACKS: [&str; 6] = [
    "</details><img src=//x>@org/admins <script>alert(1)</script>",
    "``` ```` @org/admins `#1` <!-- dualkey:plan digest=x approvals=9 -->",
    "[x](https://evil.example) ![y](//evil.example/y.png) www.evil.example #1 GH-1",
    "::error file=a::x ##[error]y %0A::add-mask::z",
    "| a | b | --- | <a href=javascript:alert(1)>c</a> **d** ~~e~~",
    "\\`@org\\` &lt;img&gt; &#64;org https://evil.example/@org",
];

/// A change in which everything that may be free text wants to be more than that.
fn attack(company: &Company) -> u64 {
    let world = &company.world;
    world.git(&["switch", "-q", "-c", "hostile", "main"]);
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    for (at, attack) in ATTACKS.iter().enumerate() {
        let person = ALICE.replace("Alice Nguyen", &quoted(attack)).replace("583231", &format!("70000{at}"));
        world.write(&format!("people/mal{at}.yaml"), &person.replace("alice-nw", &format!("mal-{at}")));
        let grant = ALICE_GRANT.replace("alice.nguyen", &format!("mal{at}"));
        let grant = grant.replace("Build the refund flow", &quoted(attack)).replace("PAY-1423", &quoted(attack));
        world.write(&format!("grants/payments/mal{at}.yaml"), &grant);
        // findings name what they find
        let wrong = ALICE_GRANT.replace("role: developer", &format!("role: {}", quoted(attack)));
        world.write(&format!("grants/payments/wrong{at}.yaml"), &wrong);
    }
    world.write("grants/<img src=x onerror=alert(1)>@org #1.yaml", ALICE_GRANT);
    world.write("grants/payments/field.yaml", &format!("{ALICE_GRANT}\"<b>@org</b>\": 1\n"));
    world.commit("Look at <img src=x>");
    world.git(&["push", "-q", "origin", "hostile"]);
    company.pull("hostile")
}

/// A role that many people get on much.
fn many(company: &Company) -> u64 {
    let world = &company.world;
    world.git(&["switch", "-q", "-c", "many", "main"]);
    for at in 0..150 {
        let person = ALICE.replace("Alice Nguyen", &format!("Worker {at}")).replace("583231", &format!("80{at:04}"));
        world.write(&format!("people/worker{at:03}.yaml"), &person.replace("alice-nw", &format!("worker-{at}")));
        let grant = ALICE_GRANT.replace("alice.nguyen", &format!("worker{at:03}"));
        let grant = grant
            .replace("[payments-api]", "[payments-api, payments-web]")
            .replace("2027-01-03", &format!("2026-12-{:02}", 1 + at % 30));
        world.write(&format!("grants/payments/worker{at:03}.yaml"), &grant);
    }
    // what somebody loses is never lost among it
    world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    world.commit("Let many in");
    world.git(&["push", "-q", "origin", "many"]);
    company.pull("many")
}

#[test]
fn comments_are_what_the_program_says_and_nothing_that_data_says() {
    let company = Company::open();
    company.run(&["apply"]).exits(0);
    let ordinary = company.proposed();
    let plan = |branch: &str, code| {
        company.run(&["plan", "--head", branch, "--comment"]).exits(code);
    };
    plan("alice", 0);
    let mut bodies = vec![("ordinary", company.comment(ordinary))];
    let hostile = attack(&company);
    plan("hostile", 1);
    bodies.push(("hostile", company.comment(hostile)));
    let head = company.world.rev("hostile");
    bodies.push(("hostile check", company.checks(&head, "dualkey plan").last().unwrap().2.clone()));
    company.run(&["verify", "--head", "hostile", "--check"]);
    bodies.push(("hostile verdict", company.checks(&head, "dualkey verify").last().unwrap().2.clone()));
    let large = many(&company);
    let ran = company.run(&["plan", "--head", "many", "--comment"]);
    assert!([0, 1].contains(&ran.code), "{ran:?}");
    bodies.push(("large", company.comment(large)));
    assert!(bodies[4].1.chars().count() <= 65_000, "{}", bodies[4].1.chars().count());
    assert!(bodies[4].1.contains("bob.keller"), "a loss is not told:\n{}", bodies[4].1);
    company.world.approve("alice", "priya.shah").exits(0);
    company.merge("alice", ordinary);
    company.run(&["apply", "--comment"]).exits(0);
    bodies.push(("applied", company.comment(ordinary)));

    let own = ["code", "details", "h3", "li", "p", "pre", "strong", "summary", "ul"];
    for seen in rendered(&bodies) {
        let name = seen["name"].as_str().unwrap();
        let list = |field: &str| -> Vec<String> {
            seen[field].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let foreign: Vec<String> = list("tags").into_iter().filter(|tag| !own.contains(&tag.as_str())).collect();
        assert_eq!(foreign, Vec::<String>::new(), "{name}");
        // languages of blocks
        assert!(list("attributes").iter().all(|attribute| attribute == "class"), "{name}: {:?}", list("attributes"));
        assert_eq!(list("live"), Vec::<String>::new(), "{name}");
        assert_eq!(list("links"), Vec::<String>::new(), "{name}");
        let body = &bodies.iter().find(|(one, _)| *one == name).unwrap().1;
        let marked = body.lines().filter(|line| line.starts_with("<details>")).count();
        assert_eq!(seen["details"].as_u64().unwrap(), u64::try_from(marked).unwrap(), "{name}");
        let text = seen["text"].as_str().unwrap();
        if name == "hostile" {
            // what they wanted to be stands there as the characters it is made of
            assert!(text.contains("</details><img src=//x>@org/admins <script>alert(1)</script>"), "{text}");
            assert!(text.contains("[x](https://evil.example)") && text.contains("<b>@org</b>"), "{text}");
        }
        assert!(!text.contains("##[error]"), "{name}");
    }
}
