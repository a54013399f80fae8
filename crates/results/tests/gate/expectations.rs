//! Tests `pt4al check` without a baseline: the claims of a spec.

use crate::support::{SPEC, Workplace, usual};

fn claim(sampler: &str, band: &str) -> String {
    format!(
        "[[expect]]\nclaim = 'so much'\nsource = 'a paper'\nsampler = '{sampler}'\nat = {{ labeled = 300 }}\nband = {band}\n"
    )
}

fn judged(claims: &str) -> Workplace {
    let place = Workplace::new();
    place.results_of("now", &format!("{SPEC}{claims}"), &[], &usual);
    place.results("base", &[], &usual);
    place
}

#[test]
fn the_exit_code_says_whether_any_claim_did_not_hold() {
    let held = judged(&claim("random", "[0.5, 0.7]")).pt4al("check now");
    held.says(0, &["- **held**: so much (a paper): ", "1 of 1 claims held"]);
    let failed = judged(&(claim("random", "[0.5, 0.7]") + &claim("random", "[0.9, 0.95]"))).pt4al("check now");
    failed.says(1, &["**did not hold**", "1 of 2 claims held, 1 did not hold"]);
    judged("").pt4al("check now").fails(2, &["now: the spec makes no claim; add [[expect]]"]);
    let absent = judged(&(claim("random", "[0.5, 0.7]") + &claim("typo", "[0.5, 0.7]"))).pt4al("check now");
    let line = "now: claims name arms that the spec does not have (typo); correct [[expect]]";
    absent.fails(2, &[line]).says(2, &["typo is not among the arms"]);
    let undecided = judged(&claim("random", "[0.61, 0.7]")).pt4al("check now");
    undecided.fails(2, &["now: no claim is decided (0 of 1 claims held, 1 undecided); run the arms"]);
    let failed = judged(&(claim("random", "[0.9, 0.95]") + &claim("typo", "[0.5, 0.7]"))).pt4al("check now");
    failed.says(1, &["0 of 2 claims held, 1 did not hold, 1 not measured"]);
    Workplace::new().pt4al("check --help").says(0, &["else 2 if none held"]);
    Workplace::new().pt4al("check nowhere").fails(2, &["nowhere: no such results folder"]);
}

#[test]
fn claims_do_not_affect_the_gate() {
    let failed = judged(&claim("random", "[0.9, 0.95]")).pt4al("check now --against base");
    failed.says(0, &["they do not affect the exit code", "**did not hold**", "held: all values are the same"]);
}
