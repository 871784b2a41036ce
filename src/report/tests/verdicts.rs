//! What the first line says.

use super::*;

#[test]
fn verdicts_in_one_line() {
    let (base, head) = (revision(&[BASE]), revision(&[BASE, &[GRANT]]));
    let first = |plan: &Plan<'_>, people: &[&str], surplus| {
        let standing = given(plan, people, surplus);
        super::plan::text(&view(plan, &standing, None), Style::PLAIN).lines().next().unwrap().to_owned()
    };
    let (nobody, tom) = (&[][..], &["tom.reed"][..]);
    let grown = plan(&base, &head, now());
    let (none, one) = (Surplus::default(), Surplus { each: 1, in_all: 0 });
    assert_eq!(first(&plan(&base, &base, now()), nobody, none), "nothing to approve: no managed file differs");
    assert_eq!(first(&grown, tom, none), "ready: approved by tom.reed");
    assert_eq!(first(&grown, tom, one), "needs approval from priya.shah (owners of payments-staging)");
    assert_eq!(
        first(&grown, nobody, one),
        "needs approval from 2 of priya.shah, tom.reed (owners of payments-staging)"
    );
}
