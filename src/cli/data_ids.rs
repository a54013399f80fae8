//! `pt4al data ids`.

use std::borrow::Cow;
use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;

use super::{DataDir, SpecArgs};

#[derive(Debug, Args)]
pub(super) struct IdsArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    data: DataDir,
}

/// Prints a CSV `split,index,id` of all images of a spec's data set, in the order in which files of features have their rows.
pub(super) fn ids(args: &IdsArgs) -> Result<()> {
    let spec = args.spec.load("cpu").or_else(|error| {
        // A file of features may be what the names are needed for, so any network takes its place.
        let sets = args.spec.sets.iter().cloned().chain(["model={arch='resnet18',width=1}".to_owned()]).collect();
        let other = SpecArgs { spec: args.spec.spec.clone(), profile: args.spec.profile.clone(), sets };
        other.load("cpu").map_err(|_| error)
    })?;
    let splits = pt4al_data::names(&spec, &args.data.path)?;
    let mut text = String::from("split,index,id");
    for (name, split) in [("train", &splits.train), ("test", &splits.test)] {
        let ids = split.ids.as_ref().with_context(|| {
            format!(
                "{}: images have only numbers, the order in which the files of the data set hold them; leave `train_ids` and \
                 `test_ids` out",
                spec.dataset.name()
            )
        })?;
        (0..split.len).for_each(|index| _ = write!(text, "\n{name},{index},{}", cell(&ids.id(index))));
    }
    super::print(text)
}

/// Quotes a cell of a CSV where it must be.
fn cell(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(super::cell("cats/1.jpg"), "cats/1.jpg");
        assert_eq!(super::cell("a,\"b\".jpg"), "\"a,\"\"b\"\".jpg\"");
    }
}
