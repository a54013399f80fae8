use super::*;
use crate::report::page::{Claims, Code, Column, Figure, Item, Table};

fn rendered(block: Block) -> String {
    blocks(&[block], None)
}

fn paragraph(text: &str) -> String {
    rendered(Block::paragraph(text))
}

#[test]
fn markup_in_a_text_is_text() {
    for text in ["a <script>alert(1)</script> b", "<script>alert(1)</script>", "<div>", "<!-- x -->", "a <b> | <i>"] {
        let mut table = Table::new("t", Column::all([text]));
        table.push(text, []);
        for html in [paragraph(text), rendered(Block::Table(table)), rendered(Block::heading(text))] {
            for tag in ["<script", "<div>", "<!--", "<b>", "<i>"] {
                assert!(!html.contains(tag), "{html}");
            }
            assert!(html.contains("&lt;"), "{html}");
        }
    }
    assert_eq!(paragraph("[a](javascript:alert(1)) ![b](data:text/html,x)"), "<p>a b</p>\n");
    assert_eq!(paragraph("[s](summary.csv)"), "<p><a href=\"summary.csv\">s</a></p>\n");
    assert_eq!(paragraph("![an old one](old.svg)"), "<p><a href=\"old.svg\">an old one</a></p>\n");
}

#[test]
fn what_would_start_a_block_is_text_and_line_breaks_stay() {
    assert_eq!(paragraph("# a\n- b\n1. c\n    d"), "<p># a<br>\n- b<br>\n1. c<br>\n    d</p>\n");
    assert_eq!(
        paragraph("`a|b` *c* **[d](e)**"),
        "<p><code>a|b</code> <em>c</em> <strong><a href=\"e\">d</a></strong></p>\n"
    );
    assert_eq!(paragraph("[a]: b"), "<p>[a]: b</p>\n");
    assert_eq!(paragraph(""), "<p></p>\n");
}

#[test]
fn warnings_have_a_class_and_words_alone_have_none() {
    let mut words = Table::new("t", Column::all(["a"]));
    words.push("**held**", []);
    let html = rendered(Block::Table(words));
    assert!(html.contains("<div class=\"table\" ") && html.contains("<strong>held</strong>"), "{html}");
    let warning = rendered(Block::warning("b"));
    assert_eq!(warning, "<div class=\"warning\" role=\"note\"><p><strong>Warning:</strong> b</p></div>\n");
    assert_eq!(paragraph("**Warning:** b"), "<p><strong>Warning:</strong> b</p>\n");
}

#[test]
fn lists_have_items_below_items_and_code_is_shown_as_it_is() {
    let list = Block::List(vec![Item { text: "a".into(), items: vec!["b".into()] }]);
    assert_eq!(rendered(list), "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n");
    let code = Block::Code(Code { language: "toml", text: "a = \"<b>\"\n".into() });
    assert_eq!(rendered(code), "<pre tabindex=\"0\"><code>a = &quot;&lt;b&gt;&quot;\n</code></pre>\n");
}

#[test]
fn a_figure_is_an_image_inside_the_page_and_curves_give_way_to_the_chart() {
    let figure = Figure::new("a.svg", "what \"it\" is", "<svg/>".into());
    let image = "src=\"data:image/svg+xml;base64,PHN2Zy8+\">";
    assert!(rendered(Block::Figure(figure.clone())).contains(image));
    let curves = Block::Curves(Curves { figures: vec![figure], note: Some("n".into()) });
    let without = blocks(std::slice::from_ref(&curves), None);
    assert!(without.contains(image) && without.ends_with("<p>n</p>\n") && !without.contains("chart"), "{without}");
    let with = blocks(&[curves], Some("{}"));
    assert!(
        with.starts_with("<div id=\"chart\"></div>\n<script type=\"application/json\" id=\"chart-data\">{}</script>")
    );
    assert!(with.contains(&format!("<noscript>\n{without}</noscript>")), "{with}");
}

#[test]
fn a_claim_folds_its_details_out_and_its_table_is_only_for_documents() {
    let claim = |details: Vec<Text>| ClaimLine {
        verdict: Verdict::Held,
        words: "held".into(),
        sentence: "a <b>".into(),
        details,
    };
    let mut table = Table::new("claims", Column::all(["claim"]));
    table.push("in the table", []);
    let html = rendered(Block::Claims(Claims { claims: vec![claim(vec!["why".into()]), claim(Vec::new())], table }));
    let chip = "<strong class=\"verdict held\">held</strong> <span>a &lt;b&gt;</span>";
    let expected = format!(
        "<ul class=\"claims\">\n<li><details>\n<summary>{chip}</summary>\n<p>why</p>\n</details></li>\n<li>{chip}</li>\n</ul>\n"
    );
    assert_eq!(html, expected);
}

#[test]
fn several_warnings_of_the_opening_are_one_fold() {
    let opened = |lead: Vec<Block>| document(&Page::new("T", lead, Vec::new()), &Extras::default());
    let one = opened(vec![Block::paragraph("found"), Block::warning("a <b>")]);
    assert!(one.contains(
        "<p>found</p>\n<div class=\"warning\" role=\"note\"><p><strong>Warning:</strong> a &lt;b&gt;</p></div>"
    ));
    let two = opened(vec![Block::warning("a <b>"), Block::paragraph("found"), Block::warning("c")]);
    let fold = "<p>found</p>\n<div class=\"warning\" role=\"note\"><details open>\n<summary><strong>2 warnings</strong></summary>\n\
                <p>a &lt;b&gt;</p>\n<p>c</p>\n</details></div>\n</div>";
    assert!(two.contains(fold), "{two}");
}

#[test]
fn a_sentence_folds_like_a_claim_with_or_without_an_outcome() {
    let sentences = vec![
        Sentence {
            outcome: Some((Verdict::DidNotHold, "moved")),
            ..Sentence::new("2 of 9 cells", vec!["which".into()])
        },
        Sentence::new("nothing else", Vec::new()),
    ];
    let html = rendered(Block::Sentences(sentences));
    let chip = "<strong class=\"verdict failed\">moved</strong> <span>2 of 9 cells</span>";
    let expected = format!(
        "<ul class=\"claims\">\n<li><details>\n<summary>{chip}</summary>\n<p>which</p>\n</details></li>\n\
         <li><span>nothing else</span></li>\n</ul>\n"
    );
    assert_eq!(html, expected);
}

#[test]
fn the_badge_is_in_the_header_and_the_picture_beside_the_lead() {
    let figure = Figure::new("a.svg", "a", "<svg/>".into());
    let page = Page {
        badge: Badge::new(vec!["profile <cpu>".into()]),
        picture: vec![Block::Figure(figure)],
        ..Page::new("T", vec![Block::paragraph("found")], Vec::new())
    };
    let html = document(&page, &Extras::default());
    let (before, rest) = html.split_once("</header>").unwrap();
    assert!(
        before.contains("<ul class=\"badge\" aria-label=\"Scale\">\n<li>profile &lt;cpu&gt;</li>\n</ul>"),
        "{before}"
    );
    let opening = "<div class=\"opening\">\n<h2 class=\"unseen\">What was found</h2>\n<div class=\"lead\">\n<p>found</p>\n</div>\n<div class=\"shown\">\n<div class=\"picture\"";
    assert!(rest.contains(opening), "{rest}");
    let bare = document(&Page::new("T", Vec::new(), Vec::new()), &Extras::default());
    assert!(!bare.contains("class=\"badge\"") && !bare.contains("class=\"opening\""), "{bare}");
}

#[test]
fn a_forest_plot_is_its_data_and_for_readers_without_scripts_its_figure() {
    let figure = Figure::new("forest.svg", "what", "<svg/>".into());
    let image = rendered(Block::Figure(figure.clone()));
    let data = "{\"measures\":[]}".to_owned();
    let html = rendered(Block::Forest(Forest { figure, data }));
    let expected = format!(
        "<div class=\"forest\">\n<script type=\"application/json\">{{\"measures\":[]}}</script>\n\
         <noscript>\n{image}</noscript>\n</div>\n"
    );
    assert_eq!(html, expected);
}
