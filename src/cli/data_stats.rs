//! `pt4al data stats`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::DataDir;
use pt4al_data::stats::{self, Colours, FolderStats};
use pt4al_results::spec::{self, Normalize, Source};
use pt4al_results::words::{counted, thousands};

#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    /// A folder of images, at any depth
    #[arg(required_unless_present = "spec", conflicts_with = "spec")]
    folder: Option<PathBuf>,
    /// Measure the train split of this spec's data set instead, as the spec reads it (resized and cropped)
    #[arg(long, value_name = "SPEC")]
    spec: Option<PathBuf>,
    /// Apply [profile.P] of the spec (combine with P+Q)
    #[arg(long, value_name = "P", requires = "spec")]
    profile: Option<String>,
    /// Change a key of the spec; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "spec")]
    sets: Vec<String>,
    #[command(flatten)]
    data: DataDir,
}

pub(super) fn stats(args: &StatsArgs) -> Result<()> {
    let text = match (&args.spec, &args.folder) {
        (Some(path), _) => {
            let source = Source { path: path.clone(), profile: args.profile.clone(), sets: args.sets.clone() };
            of_spec(&spec::load(&source)?, &args.data.path)?
        }
        (None, folder) => of_folder(folder.as_deref().context("name a folder of images, or a spec with --spec")?)?,
    };
    super::print(text)
}

fn of_spec(spec: &spec::Spec, data: &Path) -> Result<String> {
    let train = pt4al_data::validate(spec, data)?.splits.train;
    let images = counted(train.len, "image");
    let size = format!("{}x{} (width x height)", train.width, train.height);
    let what = format!("{}, train split: {images} of {size}", spec.dataset.name());
    Ok(format!("{what}\n{}", normalize(&stats::colours(&train)?)))
}

fn of_folder(folder: &Path) -> Result<String> {
    let stats = stats::folder(folder)?;
    let FolderStats { images, grey, endings, heights, widths, is_one_size, colours } = &stats;
    let endings: Vec<String> = endings.iter().map(|(ending, n)| format!("{} .{ending}", thousands(*n))).collect();
    let sides = |[least, median, most]: [usize; 3]| format!("{least} to {most}, median {median}");
    let sizes = match is_one_size {
        true => format!("all of {}x{} (width x height)", widths[0], heights[0]),
        false => format!("width {}; height {}", sides(*widths), sides(*heights)),
    };
    let colour = format!("{} in colour, {} in grey", thousands(images - grey), thousands(*grey));
    let images = counted(*images, "image");
    Ok(format!("{}: {images} ({})\n{sizes}\n{colour}\n{}", folder.display(), endings.join(", "), normalize(colours)))
}

/// The line for a spec.
fn normalize(colours: &Colours) -> String {
    let Some(Normalize { mean, std }) = colours.normalize() else { return String::new() };
    let three = |values: [f64; 3]| values.map(|value| format!("{value:.4}")).join(", ");
    let mut text = format!("normalize = {{ mean = [{}], std = [{}] }}", three(mean), three(std));
    if std.iter().any(|std| *std < 0.000_05) {
        text += "\nnote: a colour has the same value everywhere; a spec needs a std above 0";
    }
    text
}
