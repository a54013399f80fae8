//! Arms whose sampler is a command: other commands of the same name are not compared silently.

use crate::support::{Workplace, usual};

#[test]
fn another_command_of_the_same_name_is_told_and_refused_unless_it_is_allowed() {
    let place = Workplace::new();
    let samplers = "samplers=['random', { command = { name = 'mine', run = ['sh', 'mine.sh'] } }]";
    for (name, script) in [("base", "one"), ("same", "one"), ("now", "two")] {
        std::fs::write(place.path("mine.sh"), script).unwrap();
        place.results(name, &[samplers], &usual);
    }
    std::fs::remove_file(place.path("mine.sh")).unwrap();
    place.pt4al("check same --against base").says(0, &["held: all values are the same"]);
    place.pt4al("check now --against base").fails(2, &["these differ: samplers.mine.sha256: ", "--allow KEY"]);
    place.pt4al("check now --against base --allow samplers.mine").says(0, &["held: all values are the same"]);
    place.pt4al("compare base now --out both").says(0, &[]);
    let page = place.read("both/README.md");
    assert!(page.contains("base -> now, the command of the sampler mine, `sha256`: "), "{page}");
    place.pt4al("compare base same --out equal").says(0, &[]);
    assert!(!place.read("equal/README.md").contains("the command of the sampler"));
}
