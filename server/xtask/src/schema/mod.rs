//! `cargo xtask schema`: from generated type files to the facts under `server/schema/data`.
//!
//! The text files there are what is reviewed; `facts.bin` is the same in the form that the `schema` crate reads. New input is
//! laid over what the text files say, API version by API version, so a folder with only the newest versions is enough.

mod az;
mod compile;
mod model;
mod retirement;
mod sources;
mod text;
mod types;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use self::model::Facts;

/// Arguments of `cargo xtask schema`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder with type files, `<namespace>/<api version>/types*.json` at any depth (such as `generated` of Azure/bicep-types-az)
    types: Option<PathBuf>,
    /// Commit of the repository that the type files come from, for SOURCES.md
    #[arg(long, requires = "types")]
    commit: Option<String>,
    /// Day of that commit
    #[arg(long, requires = "commit")]
    commit_date: Option<String>,
    /// Table of API versions with their retirement dates (JSON)
    #[arg(long)]
    api_versions: Option<PathBuf>,
    /// Table of the flags of az aks (JSON)
    #[arg(long)]
    cli_flags: Option<PathBuf>,
    /// Folder to write to
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/data"))]
    data: PathBuf,
}

/// Updates the data folder. Without any input it only writes `facts.bin` anew.
#[expect(clippy::print_stdout, reason = "a command for developers")]
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut facts = read_data(&arguments.data)?;
    let sources_file = arguments.data.join("SOURCES.md");
    let mut sources = fs::read_to_string(&sources_file).unwrap_or_else(|_| sources::EMPTY.to_owned());
    if let Some(folder) = &arguments.types {
        let read = types::lay_over(folder, &mut facts)?;
        println!("read {} type files", read.files);
        for remark in read.remarks {
            println!("  {remark}");
        }
        if let Some(commit) = &arguments.commit {
            sources = sources::types(&sources, commit, arguments.commit_date.as_deref().unwrap_or("unknown day"));
        }
    }
    if let Some(file) = &arguments.api_versions {
        let table = read_json(file)?;
        facts.retired = retirement::from_json(&table)?;
        sources = sources::retirement(&sources, &table);
    }
    if let Some(file) = &arguments.cli_flags {
        let table = read_json(file)?;
        facts.az = az::from_json(&table, &facts.az)?;
        sources = sources::az(&sources, &table);
    }
    for (name, content) in write_data(&facts)? {
        write_if_changed(&arguments.data.join(name), &content)?;
    }
    write_if_changed(&sources_file, sources.as_bytes())?;
    println!("{}", facts.summary());
    Ok(())
}

/// Reads the text files of a data folder; a missing one has no facts.
fn read_data(folder: &Path) -> anyhow::Result<Facts> {
    let mut facts = Facts::default();
    if !folder.is_dir() {
        return Ok(facts);
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "facts")) {
        let content = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let read = match &*name {
            retirement::FILE => retirement::parse(&content).map(|retired| facts.retired = retired),
            az::FILE => az::parse(&content).map(|az| facts.az = az),
            _ => text::parse(&content, &mut facts.types),
        };
        read.with_context(|| format!("in {}", file.display()))?;
    }
    Ok(facts)
}

/// The content of every generated file, by name.
fn write_data(facts: &Facts) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for (name, content) in text::render(&facts.types) {
        files.insert(name, content.into_bytes());
    }
    files.insert(retirement::FILE.to_owned(), retirement::render(&facts.retired).into_bytes());
    files.insert(az::FILE.to_owned(), az::render(&facts.az).into_bytes());
    files.insert("facts.bin".to_owned(), compile::table(facts)?);
    Ok(files)
}

fn read_json(file: &Path) -> anyhow::Result<serde_json::Value> {
    let content = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&content).with_context(|| format!("{} is not JSON", file.display()))
}

/// Leaves an equal file alone, so that nothing is built again for it.
fn write_if_changed(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/data"))
    }

    #[test]
    fn committed_files_are_what_their_facts_render_to() {
        let facts = read_data(&committed()).unwrap();
        for (name, content) in write_data(&facts).unwrap() {
            let file = fs::read(committed().join(&name)).unwrap();
            assert!(file == content, "{name} is out of date: run `cargo xtask schema`");
        }
    }

    #[test]
    fn text_keeps_every_fact() {
        let facts = read_data(&committed()).unwrap();
        let mut again = BTreeMap::new();
        for content in text::render(&facts.types).values() {
            text::parse(content, &mut again).unwrap();
        }
        assert!(again == facts.types);
        assert!(az::parse(&az::render(&facts.az)).unwrap() == facts.az);
        assert!(retirement::parse(&retirement::render(&facts.retired)).unwrap() == facts.retired);
    }

    /// A type file with one resource type in one version.
    fn type_file(version: &str, extra: &str) -> String {
        let name = format!("Microsoft.ContainerService/managedClusters@{version}");
        let objects = format!(
            r##"{{"$type":"StringType"}},
               {{"$type":"ObjectType","name":"Body","properties":{{
                   "name":{{"type":{{"$ref":"#/0"}},"flags":9}},
                   "identity":{{"type":{{"$ref":"#/2"}},"flags":0}}{extra}}}}},
               {{"$type":"ObjectType","name":"Identity","properties":{{"type":{{"type":{{"$ref":"#/3"}},"flags":0}}}}}},
               {{"$type":"UnionType","elements":[{{"$ref":"#/4"}},{{"$ref":"#/0"}}]}},
               {{"$type":"StringLiteralType","value":"None"}},
               {{"$type":"ResourceType","name":"{name}","body":{{"$ref":"#/1"}},"writableScopes":8}}"##
        );
        format!("[{objects}]")
    }

    fn folder_with(files: &[(&str, &str)]) -> PathBuf {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("akslint-xtask-{}-{number}", std::process::id()));
        for (version, extra) in files {
            let place = folder.join("microsoft.containerservice").join(version);
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("types.json"), type_file(version, extra)).unwrap();
        }
        folder
    }

    const FLAG: &str = r##","sku":{"type":{"$ref":"#/0"},"flags":0}"##;

    #[test]
    fn same_input_twice_changes_nothing() {
        let folder = folder_with(&[("2020-01-01", ""), ("2020-02-01", FLAG), ("2020-01-02-preview", FLAG)]);
        let mut facts = Facts::default();
        types::lay_over(&folder, &mut facts).unwrap();
        let first = write_data(&facts).unwrap();
        types::lay_over(&folder, &mut facts).unwrap();
        assert!(first == write_data(&facts).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn newer_folder_adds_its_versions() {
        let both = folder_with(&[("2020-01-01", ""), ("2020-02-01", FLAG)]);
        let (old, new) = (folder_with(&[("2020-01-01", "")]), folder_with(&[("2020-02-01", FLAG)]));
        let (mut at_once, mut in_turn) = (Facts::default(), Facts::default());
        types::lay_over(&both, &mut at_once).unwrap();
        types::lay_over(&old, &mut in_turn).unwrap();
        types::lay_over(&new, &mut in_turn).unwrap();
        assert!(write_data(&at_once).unwrap() == write_data(&in_turn).unwrap());
        let text = text::render(&in_turn.types).into_values().next().unwrap();
        assert!(text.contains("\nsku [2020-02-01..] string\n"), "{text}");
        for folder in [both, old, new] {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
