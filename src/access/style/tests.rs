use super::*;

fn styled(kind: FileKind, text: &str) -> String {
    format(kind, text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[test]
fn keys_stand_in_order_and_quotes_where_they_are_needed() {
    let text = "reason:   'Build the refund flow'\nuntil: \"2027-01-03\"\nto: [ alice.nguyen,'group:leads' ]\n\n\n\
                role: developer   \nresources:\n- payments-api\n- \"payments-web\"\nfrom: 2026-11-23\ndomain: \"no\"\n\n";
    insta::assert_snapshot!(styled(FileKind::Grant, text), @r#"
    to: [alice.nguyen, "group:leads"]

    role: developer
    domain: "no"
    resources:
      - payments-api
      - payments-web
    from: 2026-11-23
    until: 2027-01-03
    reason: Build the refund flow
    "#);
}

#[test]
fn comments_stay_with_what_they_speak_of() {
    let text = "# yaml-language-server: $schema=x.json\n# why this file is\n\n# about the sponsor\nsponsor: priya.shah # asks\n\
                # about the name\nname: Alice   # display\ntype: contractor\naccounts: # where\n    # the forge\n    \
                github: { id: 5, login: a }    # number\n    # no cloud yet\n# they come\nemails: [ # two\n  a@x.example, # old\n\
                \u{20} # soon\n  b@x.example\n  # more\n  ]\n# the end\n";
    insta::assert_snapshot!(styled(FileKind::Person, text), @r#"
    # yaml-language-server: $schema=x.json
    # why this file is

    # about the name
    name: Alice   # display
    type: contractor
    # about the sponsor
    sponsor: priya.shah # asks
    accounts: # where
      # the forge
      github: { login: a, id: 5 }      # number
      # no cloud yet
    # they come
    emails:   # two
      - a@x.example  # old
      # soon
      - b@x.example
      # more
    # the end
    "#);
}

#[test]
fn lists_of_mappings_keep_their_comments() {
    let text = "approvals:\n# access\n- {from: domain-owners,change: access,count: 1} # one\n\n# long\n- from: [domain-owners, sponsors, \
                \"group:access-admins-of-the-whole-company\", \"group:and-of-another-company-too\"]\n  # risk\n  change: removal # c\n  count: 1\n# gone\n# - {}\n\
                duties:\n  - sets:\n      b: { duties: [b] }\n      a: { duties: [a] }\n    # named\n    id: x\n    title: |\n      One\n      two\n  # tail\n";
    insta::assert_snapshot!(styled(FileKind::Policy, text), @r##"
    # gone
    # - {}
    duties:
      # named
      - id: x
        title: |
          One
          two
        sets:
          b: { duties: [b] }
          a: { duties: [a] }
      # tail
    approvals:
      # access
      - { change: access, count: 1, from: domain-owners }  # one

      # long
      # risk
      - change: removal  # c
        count: 1
        from:
          - domain-owners
          - sponsors
          - "group:access-admins-of-the-whole-company"
          - "group:and-of-another-company-too"
    "##);
}

#[test]
fn texts_over_lines_stay_so() {
    let long = "word ".repeat(40);
    let long = long.trim_end();
    let text = std::format!(
        "to: [a]\nrole: b\ndomain: c\nreason: >-   # folded\n  {long}\n  end\nticket: |\n   One: two\n\n     # three\n"
    );
    let written = styled(FileKind::Grant, &text);
    assert!(written.lines().all(|line| line.chars().count() <= WIDTH && !line.ends_with(' ')), "{written}");
    assert!(written.ends_with("ticket: |\n  One: two\n\n    # three\n"), "{written}");
    assert!(written.contains("reason: >-   # folded\n  word"), "{written}");
}

#[test]
fn what_can_t_be_read_is_not_written() {
    for text in ["a: [", "a: &x b\nc: *x\n", "a: 1\na: 2\n", "", "- a\n", "a: b\n---\nc: d\n", "a: 012\n"] {
        assert_eq!(format(FileKind::Grant, text), Err(StyleError::Unreadable), "{text}");
    }
}

mod generated {
    use proptest::prelude::*;

    use super::*;

    /// A document as somebody might write it: every key in any place, in any style, with comments anywhere.
    #[derive(Clone, Debug)]
    enum Tree {
        Scalar(String),
        List(Vec<(String, Tree)>, bool),
        Map(Vec<(String, String, Tree)>, bool),
    }

    fn scalars() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z][a-z0-9 ]{0,8}[a-z]".prop_map(|text| text),
            "[a-zé,:#'\" {}\\[\\]&*!|>%@`-]{1,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
            "[a-z ]{1,9}".prop_map(|text| format!("'{text}'")),
            (0u32..5000).prop_map(|number| number.to_string()),
            Just("true".to_owned()),
            Just("2026-11-24".to_owned()),
            Just("\"group:x\"".to_owned()),
            Just("very ".repeat(25) + "long"),
        ]
    }

    /// What stands before a part: blank lines and comments, each with another name, so that none can take another's place.
    fn gaps() -> impl Strategy<Value = String> {
        prop_oneof![3 => Just(String::new()), 1 => "(\n|#[a-z: ]{0,6}[a-z]\n){1,3}"]
    }

    fn trees() -> impl Strategy<Value = Tree> {
        scalars().prop_map(Tree::Scalar).prop_recursive(3, 24, 4, |inner| {
            // no kind of file has lists of lists
            let item = (
                gaps(),
                inner.clone().prop_map(|tree| match tree {
                    Tree::List(..) => Tree::Scalar("a".to_owned()),
                    Tree::Scalar(_) | Tree::Map(..) => tree,
                }),
            );
            let entry = (gaps(), key(), inner);
            prop_oneof![
                (prop::collection::vec(item, 0..4), any::<bool>()).prop_map(|(items, flow)| Tree::List(items, flow)),
                (prop::collection::vec(entry, 0..4), any::<bool>()).prop_map(|(parts, flow)| Tree::Map(parts, flow)),
            ]
        })
    }

    fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "id",
                "title",
                "sets",
                "duties",
                "limits",
                "approvals",
                "count",
                "from",
                "change"
            ])
            .prop_map(str::to_owned),
            "[a-z]{1,6}",
        ]
    }

    fn push_gap(out: &mut String, gap: &str, indent: usize) {
        for line in gap.lines() {
            if !line.is_empty() {
                out.push_str(&" ".repeat(indent));
                out.push_str(line);
            }
            out.push('\n');
        }
    }

    fn distinct(parts: &[(String, String, Tree)]) -> Vec<&(String, String, Tree)> {
        let mut seen = std::collections::BTreeSet::new();
        parts.iter().filter(|(_, key, _)| seen.insert(key.clone())).collect()
    }

    /// Writes a value behind a key or dash; `step` is how far blocks are indented.
    fn write(tree: &Tree, out: &mut String, indent: usize, step: usize, flow: bool) {
        match tree {
            Tree::Scalar(text) => out.push_str(&format!(" {text}")),
            Tree::List(items, in_flow) if flow || *in_flow || items.is_empty() => {
                out.push_str(" [");
                for (gap, item) in items {
                    let gap = if gap.is_empty() { "" } else { gap };
                    if !gap.is_empty() {
                        out.push('\n');
                        push_gap(out, gap, indent + step + 1);
                        out.push_str(&" ".repeat(indent + step + 1));
                    }
                    write(item, out, indent + step, step, true);
                    out.push(',');
                }
                out.push_str(" ]");
            }
            Tree::Map(parts, in_flow) if flow || *in_flow || parts.is_empty() => {
                out.push_str(" {");
                for (gap, key, value) in distinct(parts) {
                    if !gap.is_empty() {
                        out.push('\n');
                        push_gap(out, gap, indent + step + 1);
                        out.push_str(&" ".repeat(indent + step + 1));
                    }
                    out.push_str(&format!(" {key}:"));
                    write(value, out, indent + step, step, true);
                    out.push(',');
                }
                out.push_str(" }");
            }
            Tree::List(items, _) => {
                for (gap, item) in items {
                    out.push('\n');
                    push_gap(out, gap, indent + step);
                    out.push_str(&" ".repeat(indent + step));
                    out.push('-');
                    write(item, out, indent + step, step, false);
                }
            }
            Tree::Map(parts, _) => {
                for (gap, key, value) in distinct(parts) {
                    out.push('\n');
                    push_gap(out, gap, indent + step);
                    out.push_str(&format!("{}{key}:", " ".repeat(indent + step)));
                    write(value, out, indent + step, step, false);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
        #[test]
        fn what_is_read_can_be_written(parts in prop::collection::vec((gaps(), key(), trees()), 1..6), step in 1usize..5, tail in gaps()) {
            let mut text = String::new();
            for (gap, key, value) in distinct(&parts) {
                push_gap(&mut text, gap, 0);
                text.push_str(&format!("{key}:"));
                write(value, &mut text, 0, step, false);
                text.push_str("  # beside\n");
            }
            push_gap(&mut text, &tail, 0);
            for kind in [FileKind::Policy, FileKind::Grant] {
                match format(kind, &text) {
                    Ok(written) => {
                        prop_assert!(written.ends_with('\n') && !written.ends_with("\n\n"), "{}", written);
                        prop_assert!(written.lines().all(|line| line == line.trim_end()), "{}", written);
                    }
                    Err(StyleError::Unreadable) if reading::value(&text).is_none() => {}
                    Err(error) => prop_assert!(false, "{}:\n{}\n{:?}", error, text, super::super::write(kind, &text)),
                }
            }
        }
    }

    #[test]
    fn most_of_what_is_generated_can_be_read() {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let read = (0..200)
            .filter(|_| {
                let tree = trees().new_tree(&mut runner).unwrap().current();
                let mut text = "a:".to_owned();
                write(&tree, &mut text, 0, 2, false);
                text.push('\n');
                reading::value(&text).is_some()
            })
            .count();
        assert!(read > 120, "only {read} of 200: the property proves little");
    }
}
