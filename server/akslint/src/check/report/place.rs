//! Places as they are printed: path, line, column.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use syntax::TextSize;
use template::workspace::{FileId, Location, Workspace};

/// A point in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// In bytes from the start of the file.
    pub offset: u32,
    /// From 1.
    pub line: u32,
    /// From 1, in Unicode scalar values.
    pub column: u32,
}

/// A range in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// With `/`, relative to the working directory if below it.
    pub path: String,
    /// The first character.
    pub start: Point,
    /// Behind the last character.
    pub end: Point,
}

/// The paths of all files as they are printed.
#[derive(Debug)]
pub struct Places {
    paths: Vec<String>,
}

impl Places {
    /// Of the files of a workspace, for a run in `directory`.
    pub fn new(workspace: &Workspace, directory: &Path) -> Self {
        Self { paths: workspace.files().map(|(_, file)| display_path(&file.path, directory)).collect() }
    }

    /// Of files with these paths, in the order of the workspace.
    pub fn of(paths: Vec<String>) -> Self {
        Self { paths }
    }

    /// The path of a file as it is printed.
    pub fn path(&self, file: FileId) -> &str {
        &self.paths[file.0 as usize]
    }

    /// Where that is.
    pub fn place(&self, workspace: &Workspace, location: Location) -> Place {
        let text = &workspace.file(location.file).text;
        let point = |offset: TextSize| {
            let at = text.line_column(offset);
            Point { offset: offset.into(), line: at.line, column: at.column }
        };
        Place {
            path: self.path(location.file).to_owned(),
            start: point(location.range.start()),
            end: point(location.range.end()),
        }
    }
}

/// A path as it is printed: with `/`, relative to `directory` if below it. What is not UTF-8 or would
/// steer a terminal is replaced.
pub fn display_path(path: &Path, directory: &Path) -> String {
    let tidy = tidy_path(path, directory);
    let text = tidy.to_string_lossy().replace(char::is_control, "\u{fffd}");
    if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// A path without needless parts: `./a/../b` is `b`, and what is below `directory` is relative to it.
pub fn tidy_path(path: &Path, directory: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match tidy.components().next_back() {
                Some(Component::Normal(_)) => {
                    tidy.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => tidy.push(".."),
            },
            other => tidy.push(other),
        }
    }
    if let Ok(below) = tidy.strip_prefix(directory) {
        tidy = below.to_owned();
    }
    tidy
}
