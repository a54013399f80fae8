//! Figures as images inside the page, and thumbnails as buttons.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::latex::tabular;
use super::super::{Figure, Shown, Table, Thumbnails};
use super::escape;

/// An image in a container that scrolls. Drawings follow a dark theme, photographs do not.
pub(super) fn figure(figure: &Figure) -> String {
    let class = if figure.has_photos { "picture photos" } else { "picture" };
    let numbers: String = figure.numbers.iter().map(numbers).collect();
    format!(
        "<div class=\"{class}\" role=\"group\" aria-label=\"Figure\" tabindex=\"0\"><img alt=\"{}\" data-file=\"{}\" \
         src=\"data:image/svg+xml;base64,{}\">{numbers}</div>\n",
        escape(&figure.alt),
        escape(&figure.file),
        STANDARD.encode(&figure.svg)
    )
}

/// The numbers of a figure, for who downloads them.
fn numbers(table: &Table) -> String {
    format!(
        "<template data-kind=\"csv\">{}</template><template data-kind=\"tex\">{}</template>",
        escape(&table.csv()),
        escape(&tabular(table))
    )
}

/// The least and the most shown pixels of an image's longer side.
const SIDE: (f64, f64) = (32.0, 48.0);

/// A button for each image. All show parts of one sheet, which is in the page once; the figure, which could be
/// downloaded, is here without it.
pub(super) fn thumbnails(thumbnails: &Thumbnails) -> String {
    let Thumbnails { figure, jpeg, size: (width, height), arms } = thumbnails;
    let longest = thumbnails.longest() as f64;
    let scale = longest.clamp(SIDE.0, SIDE.1) / longest;
    let sheet = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    let drawing = figure.svg.replace(&sheet, "SHEET");
    let arms: String = arms.iter().map(|(name, rounds)| arm(name, rounds)).collect();
    format!(
        "<style>.sheet {{ --sheet: url({sheet}); --width: {width}; --height: {height}; --scale: {scale:.3}; }}</style>\n\
         <div class=\"thumbnails sheet\" data-file=\"{}\">\n<p>{}.</p>\n<div class=\"arms\">\n{arms}</div>\n\
         <template>{}</template></div>\n",
        escape(&figure.file),
        escape(&figure.alt),
        escape(&drawing),
    )
}

fn arm(name: &str, rounds: &[Vec<Shown>]) -> String {
    let shown = |Shown { index, class, place: [x, y, width, height] }: &Shown| {
        format!(
            "<button type=\"button\" data-index=\"{index}\" data-class=\"{}\" \
             style=\"--x:{x};--y:{y};--w:{width};--h:{height}\"></button>",
            escape(class)
        )
    };
    let round = |images: &Vec<Shown>| format!("<li>{}</li>\n", images.iter().map(shown).collect::<String>());
    let rounds: String = rounds.iter().map(round).collect();
    let name = escape(name);
    format!(
        "<div class=\"arm\" role=\"group\" aria-label=\"{name}\" data-arm=\"{name}\">\n<p>{name}</p>\n<ol start=\"0\">\n{rounds}</ol>\n</div>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::{Cell, Column};
    use super::*;

    #[test]
    fn photographs_are_told_from_drawings() {
        let drawing = Figure::new("a.svg", "what \"it\" is", "<svg/>".into());
        let html = figure(&drawing);
        let image =
            "<img alt=\"what &quot;it&quot; is\" data-file=\"a.svg\" src=\"data:image/svg+xml;base64,PHN2Zy8+\">";
        assert!(html.starts_with("<div class=\"picture\" ") && html.contains(image), "{html}");
        assert!(!html.contains("<template"), "{html}");
        assert!(figure(&Figure { has_photos: true, ..drawing }).starts_with("<div class=\"picture photos\" "));
    }

    #[test]
    fn the_numbers_of_a_figure_are_there_to_download() {
        let mut table = Table::new("t", Column::all(["share", "a, b"]));
        table.push("<c>", [Cell::number(1.25, 2)]);
        let html = figure(&Figure::new("a.svg", "a", "<svg/>".into()).with_numbers(table));
        let csv = "<template data-kind=\"csv\">share,&quot;a, b&quot;\n&lt;c&gt;,1.25\n</template>";
        assert!(html.contains(csv), "{html}");
        assert!(html.contains("<template data-kind=\"tex\">\\begin{tabular}{lr}"), "{html}");
    }

    #[test]
    fn a_thumbnail_is_a_button_with_its_image_and_the_sheet_is_there_once() {
        let sheet = STANDARD.encode(b"jpeg");
        let svg = format!("<svg><image href=\"data:image/jpeg;base64,{sheet}\"/></svg>");
        let shown = Shown { index: 7, class: "<cat>".into(), place: [40, 0, 32, 24] };
        let html = thumbnails(&Thumbnails {
            figure: Figure::new("thumbnails.svg", "the first images", svg),
            jpeg: b"jpeg".to_vec(),
            size: (80, 24),
            arms: vec![("core-set".into(), vec![vec![shown], Vec::new()])],
        });
        assert_eq!(html.matches(&sheet).count(), 1, "{html}");
        for part in [
            "--width: 80; --height: 24; --scale: 1.000;",
            "data-arm=\"core-set\">\n<p>core-set</p>\n<ol start=\"0\">\n<li><button type=\"button\" data-index=\"7\" \
             data-class=\"&lt;cat&gt;\" style=\"--x:40;--y:0;--w:32;--h:24\"></button></li>\n<li></li>",
            "<template>&lt;svg&gt;&lt;image href=&quot;SHEET&quot;/&gt;&lt;/svg&gt;</template>",
            "<p>the first images.</p>",
        ] {
            assert!(html.contains(part), "{part:?} is not in {html}");
        }
    }
}
