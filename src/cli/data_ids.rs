//! `pt4al data ids`.

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
    let mut rows = Vec::new();
    for (name, split) in [("train", &splits.train), ("test", &splits.test)] {
        let ids = split.ids.as_ref().with_context(|| {
            format!(
                "{}: images have only numbers, the order in which the files of the data set hold them; leave `train_ids` and \
                 `test_ids` out",
                spec.dataset.name()
            )
        })?;
        rows.extend((0..split.len).map(|index| (name, index, ids.id(index))));
    }
    super::print(table(&rows)?.trim_end_matches('\n'))
}

/// Returns a CSV of splits, indices and names.
fn table(rows: &[(&str, usize, String)]) -> Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["split", "index", "id"])?;
    rows.iter().try_for_each(|row| csv.serialize(row))?;
    Ok(String::from_utf8(csv.into_inner().context("a table in memory is complete")?)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let cell = |id: &str| {
            let text = super::table(&[("train", 0, id.to_owned())]).unwrap();
            text.strip_prefix("split,index,id\ntrain,0,").unwrap().trim_end().to_owned()
        };
        assert_eq!(cell("cats/1.jpg"), "cats/1.jpg");
        assert_eq!(cell("a,\"b\".jpg"), "\"a,\"\"b\"\".jpg\"");
    }
}
