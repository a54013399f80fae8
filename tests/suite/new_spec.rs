//! `pt4al new` and `pt4al schema`.

use crate::support::{Workplace, stderr, stdout};

#[test]
fn a_new_spec_runs_as_it_is() {
    let place = Workplace::new();
    let output = place.succeeds("new mine --schema");
    let told = stdout(&output);
    assert!(
        told.starts_with("wrote experiments/mine.toml: shapes, 1,000 images to train on and 500 to test on"),
        "{told}"
    );
    let run = told.lines().last().unwrap().split("pt4al ").nth(1).unwrap();
    assert_eq!(run, "run experiments/mine.toml");
    let text = std::fs::read_to_string(place.path("experiments/mine.toml")).unwrap();
    assert!(text.starts_with("#:schema ./pt4al.schema.json\n"), "{text}");
    let schema = std::fs::read_to_string(place.path("experiments/pt4al.schema.json")).unwrap();
    assert_eq!(schema, stdout(&place.succeeds("schema")));

    // The trials of one seed are enough to see that it runs.
    place.succeeds(&format!("{run} --device cpu --only seed0 --set train.epochs=1"));
    assert!(place.path("results/mine/report.html").exists());

    let again = place.pt4al("new mine.toml");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("experiments/mine.toml: is there already; choose another name"),
        "{}",
        stderr(&again)
    );
    assert_eq!(std::fs::read_to_string(place.path("experiments/mine.toml")).unwrap(), text);
    for name in ["a/b", "..", ".hidden"] {
        let refused = place.pt4al(&format!("new {name}"));
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
    }
}

#[test]
fn the_commands_of_a_new_spec_name_the_data_folder() {
    let place = Workplace::new();
    let data = place.path("my photos");
    for class in ["cat", "dog"] {
        for i in 0..20_u8 {
            let shade = if class == "cat" { i } else { 100 + i };
            crate::pictures::png(&data.join(format!("{class}/{i}.png")), [30, 30], 3, &[shade; 30 * 30 * 3]);
        }
    }
    let output = place.command("new mine --dir . --data").arg(&data).output().unwrap();
    let told = stdout(&output);
    assert!(
        output.status.success() && told.contains("folder, 32 images to train on and 8 to test on, 2 classes"),
        "{told}"
    );
    let ending = format!("run ./mine.toml --profile auto --data '{}'", data.display());
    assert!(told.trim_end().ends_with(&ending), "{told}");
    let output = place
        .command("run mine.toml --profile cpu --device cpu --only random-seed0 --set train.epochs=1 --data")
        .arg(&data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}
