//! What goes wrong at a server: the error, the next step and the exit code; nothing is given, and nothing is lost.

use super::*;

/// The settings with another host and port.
fn elsewhere(shop: &Shop, host: &str, port: u16) -> String {
    let config = shop.world.read("dualkey.yaml");
    let line = config.lines().find(|line| line.contains("type: postgres")).unwrap();
    let system = line.split("system: ").nth(1).unwrap();
    config.replace(line, &format!("  shop: {{ type: postgres, host: \"{host}\", port: {port}, system: {system}"))
}

/// A shop where Alice was let in.
fn told(version: u32) -> Shop {
    let shop = Shop::open(version);
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    shop
}

#[test]
fn what_is_wrong_with_a_server_or_a_credential_is_told_with_the_next_step() {
    let mut shop = told(16);
    let live = shop.live();
    let reads_as = |shop: &Shop, user: &str, args: &[&str]| {
        let mut command = shop.command(args);
        command.env("DUALKEY_READER_SHOP_USER", user);
        finish_today(command)
    };
    reads_as(&shop, "nobody", &["drift"])
        .exits(5)
        .says("target-denied")
        .says("role \"nobody\" does not exist")
        .says("check user and password");
    reads_as(&shop, "", &["drift"]).exits(5).says("credential-missing").says("DUALKEY_READER_SHOP_USER");
    // a reader that can change things is told of
    reads_as(&shop, "postgres", &["drift"]).says("reader-can-write").says("`postgres`, which reads, is a superuser");
    // what each credential is and can do is told before anything is done
    let ran = shop.run(&["targets"]).exits(0).says(&format!("identity postgres:{}, as pinned", shop.system()));
    let ran = ran.says(" ms; its clock is as ours").says("reads as `dualkey_reader`, which can change nothing");
    ran.says("writes as `dualkey`, which can change things").says("on 4 of 4 declared resources");
    reads_as(&shop, "postgres", &["targets"]).exits(0).says("reader-can-write");
    reads_as(&shop, "nobody", &["targets"]).exits(5).says("role \"nobody\" does not exist");
    let writes_as = |user: &str, args: &[&str]| {
        let mut command = shop.command(args);
        command.env("DUALKEY_WRITER_SHOP_USER", user);
        finish_today(command)
    };
    writes_as("alice_nguyen", &["targets"]).exits(5).says("credential-reads-only").says("that of `alice_nguyen`");
    let ran = writes_as("", &["targets"]).exits(0);
    ran.says("writes no: there is nothing to write `shop` with: DUALKEY_WRITER_SHOP_USER isn't set");
    // nobody there
    shop.server.stop();
    shop.run(&["targets"]).exits(5).says("target-unreachable");
    shop.run(&["drift"]).exits(5).says("target-unreachable").says("check that it runs");
    shop.run(&["apply", "--only-ends"]).exits(5).says("target-unreachable");
    shop.server.restart();
    shop.run(&["drift"]).exits(0);
    // another one than the one that is pinned
    let config = shop.world.read("dualkey.yaml");
    let system = shop.system();
    shop.world.write("dualkey.yaml", &config.replace(&system, "42"));
    // access was given under the name, so it doesn't come to mean another one
    shop.run(&["lint", "--base", "main"]).exits(1).says("target-moved").says("comes to mean `postgres:42`");
    assert_eq!(shop.live(), live);
}

#[test]
fn a_name_that_the_server_does_not_know_is_told_with_those_that_are_near() {
    let shop = told(18);
    let domain = shop.world.read("domains/shop.yaml");
    shop.world.write("domains/shop.yaml", &domain.replace("shop_rw", "shop_rx"));
    shop.land_policy("slip");
    shop.run(&["apply"]).exits(4).says("the target knows no database-role `shop_rx`; it knows `shop_ro`, `shop_rw`");
    assert!(!shop.live().contains("shop_rw alice_nguyen"), "what was under the old name ends");
}

#[test]
fn a_missing_login_is_told_and_holds_up_nobody_else() {
    let shop = Shop::open(16);
    shop.let_alice_in();
    shop.sql("REVOKE alice_nguyen FROM dualkey; DROP ROLE alice_nguyen");
    shop.land("alice");
    shop.run(&["apply"]).exits(4).says("the target knows no account `alice_nguyen`");
    assert_eq!(shop.live(), "shop_ro grace_lin f\nlogins: grace_lin\n");
    shop.sql("CREATE ROLE alice_nguyen LOGIN");
    shop.sql("GRANT alice_nguyen TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    shop.run(&["apply"]).exits(0);
    assert_eq!(shop.live(), "shop_ro grace_lin f\nshop_rw alice_nguyen f\nlogins: alice_nguyen grace_lin\n");
}

#[test]
fn a_door_that_does_not_open_is_told_with_the_next_step() {
    let rules = "host all dualkey_reader 127.0.0.1/32 scram-sha-256".to_owned();
    let shop = Shop::with(16, &Setup { rules, ..Setup::default() });
    shop.sql("ALTER ROLE dualkey_reader PASSWORD 'right'");
    shop.run(&["apply"]).exits(0);
    let (live, port) = (shop.live(), shop.server.port);
    let lands = |branch: &str, host: &str, port: u16| {
        shop.world.write("dualkey.yaml", &elsewhere(&shop, host, port));
        shop.land_policy(branch);
    };
    let looks = |password: &str| {
        let mut command = shop.command(&["drift"]);
        command.env("DUALKEY_READER_SHOP_PASSWORD", password);
        finish_today(command)
    };
    lands("another-port", "127.0.0.1", 1);
    looks("right").exits(5).says("target-unreachable").says("check that it runs and that this machine may reach it");
    shop.run(&["apply"]).exits(5).says("target-unreachable");
    // an address of this machine that doesn't look like one: nobody speaks to it in plain text
    lands("by-network", "0.0.0.0", port);
    looks("right").exits(5).says("target-refused").says("server does not support TLS").says("let the server offer TLS");
    lands("this-machine", "127.0.0.1", port);
    looks("wrong")
        .exits(5)
        .says("target-denied")
        .says("password authentication failed")
        .says("check user and password");
    shop.run(&["drift"]).exits(5).says("without a password").says("give the credential its password");
    for told in [looks("wrong"), looks("right").exits(0)] {
        assert!(!format!("{}{}", told.stdout, told.stderr).contains("wrong'"), "no password is printed");
    }
    assert_eq!(shop.live(), live);
}

/// The server's clock is the machine's; told to the program is another one, as a machine with a wrong clock has it.
#[test]
fn a_clock_that_is_minutes_off_gives_nothing_and_ends_nothing_early() {
    let shop = told(18);
    let soon = now() + 5.minutes();
    let grant = shop.world.read("grants/alice-writes.yaml");
    shop.world.write("grants/alice-writes.yaml", &grant.replace(&day(30).to_string(), &soon.to_string()));
    shop.land("sooner");
    shop.sql("REVOKE shop_ro FROM grace_lin GRANTED BY dualkey");
    let live = shop.live();
    for (minutes, side) in [(10, "ahead of"), (-10, "behind")] {
        let ran = shop.run_at(minutes, &["apply"]).says("clock-skew");
        let ran = ran.says(&format!("seconds {side} that of `shop`")).says("set the clock of this machine");
        assert!([3, 4].contains(&ran.code), "{}{}", ran.stdout, ran.stderr);
        shop.run_at(minutes, &["apply", "--only-ends"]).says("clock-skew");
        assert_eq!(
            shop.live(),
            live,
            "{minutes}: she is there until the server's clock says otherwise, and nobody comes"
        );
    }
    shop.run(&["apply"]).exits(0).says("grant grace.lin");
    assert!(shop.live().contains("shop_rw alice_nguyen f"));
}

/// The hook of the remote holds up the push of what a run intends, until the server was restarted or stopped.
#[test]
fn a_server_that_goes_away_between_intent_and_write_loses_nothing() {
    let mut shop = told(16);
    let root = shop.world.root.path().to_owned();
    let file = |name: &str| root.join(name);
    let hook = format!(
        "while read -r old new ref; do\n  [ \"$ref\" = refs/dualkey/audit ] && [ ! -e '{0}/pushed' ] || continue\n  \
         : > '{0}/pushed'\n  while [ ! -e '{0}/on' ]; do sleep 0.05; done\ndone\n",
        root.display()
    );
    let end = shop.live();
    for stays in [true, false] {
        shop.sql("REVOKE shop_ro FROM grace_lin GRANTED BY dualkey; ALTER ROLE alice_nguyen NOLOGIN");
        shop.world.remote_hook("post-receive", &hook);
        let mut command = shop.command(&["apply"]);
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !file("pushed").exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        if stays {
            shop.server.restart()
        } else {
            shop.server.stop()
        }
        std::fs::write(file("on"), "").unwrap();
        let output = run.wait_with_output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if stays {
            assert_eq!(output.status.code(), Some(0), "{told}");
        } else {
            assert!(matches!(output.status.code(), Some(4 | 5)) && told.contains("target-unreachable"), "{told}");
            shop.server.restart();
            // the intent stands in the log, and the next run finishes it
            shop.run(&["apply"]).exits(0).says("grant grace.lin");
        }
        assert_eq!(shop.live(), end);
        shop.run(&["audit", "verify"]).exits(0);
        for name in ["pushed", "on"] {
            std::fs::remove_file(file(name)).unwrap();
        }
        std::fs::remove_file(root.join("origin.git/hooks/post-receive")).unwrap();
    }
}

#[test]
fn a_name_of_any_letters_is_one_name_and_one_that_would_be_cut_is_none() {
    let shop = Shop::open(18);
    shop.let_alice_in();
    let (odd, quoted) = ("o\"hara'; DROP ROLE grace_lin; --", "\"o\"\"hara'; DROP ROLE grace_lin; --\"");
    shop.sql(&format!("CREATE ROLE {quoted}; GRANT {quoted} TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"));
    let person = shop.world.read("people/alice.nguyen.yaml");
    let called = |name: &str| shop.world.write("people/alice.nguyen.yaml", &person.replace("alice_nguyen", name));
    for (name, why) in [
        ("a".repeat(64), "at most 63 bytes; the server would cut it, and reach another role"),
        ("\"alice\\nnguyen\"".to_owned(), "holds no control characters"),
        ("pg_monitor".to_owned(), "the server's own"),
    ] {
        called(&name);
        shop.run(&["lint"]).exits(1).says(why).says("people/alice.nguyen.yaml:");
    }
    called(&serde_json::to_string(odd).unwrap());
    let domain = shop.world.read("domains/shop.yaml");
    shop.world.write("domains/shop.yaml", &domain.replace("shop_rw", &"r".repeat(64)));
    shop.run(&["lint"]).exits(1).says("at most 63 bytes").says("domains/shop.yaml:");
    shop.world.write("domains/shop.yaml", &domain);
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    let others = "shop_ro grace_lin f\n";
    assert_eq!(shop.live(), format!("{others}shop_rw {quoted} f\nlogins: alice_nguyen grace_lin {odd}\n"));
    let person = shop.world.read("people/alice.nguyen.yaml");
    shop.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    shop.land("alice-leaves");
    shop.run(&["apply", "--only-ends"]).exits(0);
    assert_eq!(shop.live(), format!("{others}logins: alice_nguyen grace_lin\n"));
}

#[test]
fn what_only_a_superuser_may_end_is_told_and_holds_up_no_other_end() {
    let shop = told(16);
    shop.sql("ALTER ROLE alice_nguyen SUPERUSER");
    let person = shop.world.read("people/alice.nguyen.yaml");
    shop.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    shop.land("alice-leaves");
    let ran = shop.run(&["apply"]).exits(4).says("revoke alice.nguyen shop database-login shop login");
    ran.says("the credential may not").says("a superuser runs: ALTER ROLE \"alice_nguyen\" NOLOGIN;");
    assert!(!shop.live().contains("shop_rw"), "{}", shop.live());
    shop.sql("ALTER ROLE alice_nguyen NOSUPERUSER");
    shop.run(&["apply"]).exits(0);
    assert_eq!(shop.live(), "shop_ro grace_lin f\nlogins: grace_lin\n");
    shop.run(&["audit", "verify"]).exits(0);
}
