//! Settings: what the editor says on top of the nearest `akslint.toml`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use rules::{Level, Selector};
use serde::Deserialize;
use serde_json::Value;

use super::analyse::lock;
use crate::config::{Choice, Configuration, FileSettings, Source, selectors};

/// Our settings in an editor. What is left out is as in the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct EditorSettings {
    /// A configuration file for all files, instead of the nearest one; relative to the first folder.
    configuration: Option<PathBuf>,
    /// Only these rules run.
    select: Option<Vec<String>>,
    /// These, too.
    extend_select: Vec<String>,
    /// Not these.
    ignore: Vec<String>,
    /// Severities of rules and families, or `off`.
    levels: BTreeMap<String, String>,
    /// Leave errors that hold for some values only as errors.
    conditional_errors: Option<bool>,
    /// Report in Bicep also what its compiler reports by itself.
    with_bicep: Option<bool>,
}

impl EditorSettings {
    fn choice(&self) -> anyhow::Result<Choice> {
        let levels: anyhow::Result<_> =
            self.levels.iter().map(|(word, level)| Ok((word.parse::<Selector>()?, level.parse::<Level>()?))).collect();
        Ok(Choice {
            select: self.select.as_deref().map(selectors).transpose()?,
            extend_select: selectors(&self.extend_select)?,
            ignore: selectors(&self.ignore)?,
            levels: levels?,
            conditional_errors: self.conditional_errors,
            with_bicep: self.with_bicep,
            unsuppressible: Vec::new(),
        })
    }
}

/// The settings of a session.
#[derive(Debug, Default)]
pub(super) struct SessionSettings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    editor: EditorSettings,
    folder: PathBuf,
    /// Made of the above when somebody asks.
    configuration: Option<Arc<Configuration>>,
    /// The one before it, which knows what files said that cannot be read now.
    before: Option<Arc<Configuration>>,
    /// What was answered, so that the same answer is the same pointer.
    files: HashMap<PathBuf, Arc<FileSettings>>,
    /// Those that are different.
    distinct: Vec<Arc<FileSettings>>,
    default: Arc<FileSettings>,
}

impl SessionSettings {
    /// What applies to a file. The first time, what is wrong with its configuration, if so.
    pub(super) fn of(&self, path: Option<&Path>) -> (Arc<FileSettings>, Option<String>) {
        let mut state = lock(&self.0);
        // A document without a file is as if it were in the first folder.
        let path = path.map_or_else(|| state.folder.join("untitled"), Path::to_owned);
        if !path.is_absolute() {
            return (state.default.clone(), None);
        }
        if let Some(known) = state.files.get(&path) {
            return (known.clone(), None);
        }
        match state.configuration().and_then(|configuration| configuration.for_file_or_before(&path)) {
            Ok((settings, complaint)) => {
                // Whole workspaces have the same.
                let settings = state.distinct.iter().find(|known| ***known == settings).cloned().unwrap_or_else(|| {
                    let settings = Arc::new(settings);
                    state.distinct.push(settings.clone());
                    settings
                });
                state.files.insert(path, settings.clone());
                (settings, complaint)
            }
            Err(error) => {
                let default = state.default.clone();
                state.files.insert(path, default.clone());
                (default, Some(format!("{error:#}")))
            }
        }
    }

    /// Takes over what the editor says: our section, or all settings with our section in them. Whether anything is
    /// different now.
    pub(super) fn read(&self, value: Value) -> anyhow::Result<bool> {
        let value = match value {
            Value::Object(mut all) if all.contains_key(super::session::SECTION) => {
                all.remove(super::session::SECTION).unwrap_or_default()
            }
            other => other,
        };
        let editor: EditorSettings = match value {
            Value::Null => EditorSettings::default(),
            value => serde_json::from_value(value).context("the settings of the editor")?,
        };
        editor.choice().context("the settings of the editor")?;
        let mut state = lock(&self.0);
        if state.editor == editor {
            return Ok(false);
        }
        state.editor = editor;
        state.forget();
        Ok(true)
    }

    /// The folder that relative paths are relative to.
    pub(super) fn set_folder(&self, folder: Option<PathBuf>) {
        let mut state = lock(&self.0);
        state.folder = folder.unwrap_or_default();
        state.forget();
    }

    /// Reads configuration files again when they are needed next.
    pub(super) fn reload(&self) {
        lock(&self.0).forget();
    }

    /// Forgets what applies to a file that is closed.
    pub(super) fn forget(&self, path: &Path) {
        lock(&self.0).files.remove(path);
    }
}

impl State {
    fn configuration(&mut self) -> anyhow::Result<Arc<Configuration>> {
        if let Some(configuration) = &self.configuration {
            return Ok(configuration.clone());
        }
        let source = self.editor.configuration.clone().map_or(Source::Nearest, Source::File);
        let mut configuration = Configuration::new(source, self.folder.clone(), self.editor.choice()?);
        if let Some(before) = &self.before {
            configuration = configuration.after(before);
        }
        let configuration = Arc::new(configuration);
        self.configuration = Some(configuration.clone());
        Ok(configuration)
    }

    fn forget(&mut self) {
        self.before = self.configuration.take().or(self.before.take());
        self.files.clear();
        self.distinct.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_come_bare_or_in_their_section() {
        let settings = SessionSettings::default();
        assert!(settings.read(json!({ "ignore": ["document"] })).unwrap());
        assert!(!settings.read(json!({ "akslint": { "ignore": ["document"] }, "other": 1 })).unwrap());
        assert!(settings.read(Value::Null).unwrap());
        assert!(!settings.read(json!({})).unwrap());
    }

    #[test]
    fn settings_that_make_no_sense_change_nothing() {
        let settings = SessionSettings::default();
        settings.read(json!({ "ignore": ["document"] })).unwrap();
        for value in
            [json!("x"), json!({ "ignores": [] }), json!({ "select": ["zebra"] }), json!({ "levels": { "all": 1 } })]
        {
            assert!(settings.read(value).is_err());
        }
        assert!(!settings.read(json!({ "ignore": ["document"] })).unwrap());
    }

    #[test]
    fn the_nearest_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.bicep");
        std::fs::write(folder.path().join(crate::config::FILE_NAME), "ignore = ['document']").unwrap();
        let settings = SessionSettings::default();
        let (first, complaint) = settings.of(Some(&file));
        assert_eq!((first.rules.ignore.len(), complaint), (1, None));
        assert!(Arc::ptr_eq(&first, &settings.of(Some(&file)).0));
        std::fs::write(folder.path().join(crate::config::FILE_NAME), "ignore = 7").unwrap();
        assert!(Arc::ptr_eq(&first, &settings.of(Some(&file)).0), "not read again before it is said to have changed");
        for _ in 0..2 {
            settings.reload();
            let (kept, complaint) = settings.of(Some(&file));
            assert_eq!(kept, first, "what could last be read holds");
            assert!(complaint.unwrap().contains("what the file said before holds"));
            assert!(settings.of(Some(&file)).1.is_none());
        }
        assert_eq!(settings.of(Some(&folder.path().join("b.json"))).0, first, "also for files opened since");
        std::fs::write(folder.path().join(crate::config::FILE_NAME), "").unwrap();
        settings.reload();
        assert_eq!(settings.of(Some(&file)), (Arc::default(), None));
    }

    #[test]
    fn a_file_that_could_never_be_read_leaves_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(crate::config::FILE_NAME), "ignore = 7").unwrap();
        let settings = SessionSettings::default();
        let (found, complaint) = settings.of(Some(&folder.path().join("a.bicep")));
        assert_eq!(found, Arc::default());
        assert!(!complaint.unwrap().contains("before"));
    }
}
