use super::*;

fn table() -> Table {
    let columns = vec![Column::new("arm"), Column::with_unit("value", "%"), Column::new("n")];
    let mut table = Table::new("values", columns);
    let number = Number { significant: true, n: Some(2), ..Number::difference(1.25, Some(0.5)) };
    table.push("a|b_c\nd & `x`", [number.into(), Cell::Count(1240)]);
    table.push("**e**", [Cell::Missing, Cell::P(0.0001)]);
    table
}

fn page() -> Page {
    let figure = |file: &str| Figure::new(file, "an [old] one", "<svg/>".into());
    let blocks = vec![Block::paragraph("before"), Block::Table(table()), Block::Figure(figure("a.svg"))];
    let curves = Block::Curves(Curves { figures: vec![figure("b.svg")], note: Some("a note".into()) });
    let forest = Block::Forest(Forest { figure: figure("c.svg"), data: "{}".into() });
    Page {
        title: "A\ntitle".into(),
        badge: Badge::new(vec!["small".into(), "n = 3 seeds".into()]),
        lead: vec![Block::warning("beware")],
        picture: vec![Block::Figure(figure("shown.svg"))],
        sections: vec![
            Section::new("First part", blocks),
            Section::new("Empty", Vec::new()),
            Section::new("Second", vec![curves, forest, Block::code("sh", "a ``` b\n")]),
        ],
    }
}

#[test]
fn a_page_is_markdown_with_an_empty_line_between_blocks() {
    let expected = "\
# A title

*small · n = 3 seeds*

> **Warning:** beware

![an old one](shown.svg)

## First part

before

| arm            |         value (%) |       n |
| :------------- | ----------------: | ------: |
| a\\|b_c d & `x` | +1.2 ± 0.5* (n=2) |   1,240 |
| **e**          |                 - | < 0.001 |

![an old one](a.svg)

## Second

![an old one](b.svg)

a note

![an old one](c.svg)

````sh
a ``` b
````
";
    assert_eq!(page().markdown(), expected);
    let files: Vec<String> = page().figures().map(|figure| figure.file.clone()).collect();
    assert_eq!(files, ["shown.svg", "a.svg", "b.svg", "c.svg"]);
}

#[test]
fn a_table_is_found_by_its_name_or_by_that_of_its_section_too() {
    let page = page();
    let expected = table().markdown();
    assert_eq!(page.table("values"), Some(expected.clone()));
    assert_eq!(page.table("first-part/values"), Some(expected));
    assert_eq!((page.table("second/values"), page.table("others")), (None, None));
}

#[test]
fn tables_are_latex_whose_text_has_no_meaning_to_it() {
    let expected = "\
% Tables of: A title
% They need \\usepackage{booktabs}. Made together with README.md.

% first-part/values
\\begin{tabular}{lrr}
\\toprule
arm & value (\\%) & n \\\\
\\midrule
a$|$b\\_c d \\& \\texttt{x} & $+1.2 \\pm 0.5^{*}$ ($n=2$) & 1,240 \\\\
\\textbf{e} & -- & $<$ 0.001 \\\\
\\bottomrule
\\end{tabular}
";
    assert_eq!(page().latex(), expected);
}

#[test]
fn numbers_have_their_sign_interval_mark_count_and_unit() {
    let shown = |number: Number| number.to_string();
    assert_eq!(shown(Number::mean(44.62, Some(2.5))), "44.6 ± 2.5");
    let signed = [1.24, -0.04, 0.0, -10.0].map(|value| shown(Number::difference(value, None)));
    assert_eq!(signed, ["+1.2", "0.0", "0.0", "-10.0"]);
    assert_eq!(shown(Number::estimate(0.4401, Some((0.4251, 0.4551)), 3)), "0.440 [0.425, 0.455]");
    let reach = Spread::Ends(End::At(1020.0), End::Beyond(2000.0));
    let labels = Number { value: End::At(1240.0), spread: reach, ..Number::default() };
    assert_eq!(shown(labels), "1,240 [1,020, > 2,000]");
    let all = Number { significant: true, n: Some(3), unit: Some("points"), ..Number::difference(1.2, Some(0.5)) };
    assert_eq!(shown(all), "+1.2 ± 0.5* (n=3) points");
}

/// Whatever the text of a cell holds, it ends neither the code nor the cell.
#[test]
fn no_code_in_a_cell_is_cut_short() {
    use pulldown_cmark::{Event, Options, Parser};
    for text in ["train.epochs = 3", "a`b", "`", "``a`", "a``", "a|b", "$(id) <b> **c** \\", "two\nlines"] {
        let mut table = Table::new("t", Column::all(["key", "value"]));
        table.push(crate::words::code(text), [Cell::Count(1)]);
        let markdown = table.markdown();
        let codes = Parser::new_ext(&markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
            Event::Code(code) => Some(code.to_string()),
            _ => None,
        });
        assert_eq!(codes.collect::<Vec<_>>(), [text.replace('\n', " ")], "{markdown}");
    }
}
