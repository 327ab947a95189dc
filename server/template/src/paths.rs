//! Paths between files of a workspace.

use std::path::{Component, Path, PathBuf};

/// The path of what `reference` means in `file`: relative to its folder, without `.` and `..`. `None` when it leads above
/// the root or is absolute.
pub fn relative_to(file: &Path, reference: &str) -> Option<PathBuf> {
    let reference = reference.replace('\\', "/");
    let mut path = file.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(&reference).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                let is_normal = matches!(path.components().next_back(), Some(Component::Normal(_)));
                if is_normal {
                    path.pop();
                } else if path.has_root() {
                    return None;
                } else {
                    path.push("..");
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_dots() {
        let from = |file, reference| relative_to(Path::new(file), reference);
        assert_eq!(from("infra/main.bicep", "modules/aks.bicep"), Some("infra/modules/aks.bicep".into()));
        assert_eq!(from("infra/main.bicep", "./../shared/a.bicep"), Some("shared/a.bicep".into()));
        assert_eq!(from("main.bicep", "../a.bicep"), Some("../a.bicep".into()));
        assert_eq!(from("/main.bicep", "../a.bicep"), None);
        assert_eq!(from("a/main.bicep", "/etc/passwd"), None);
        assert_eq!(from("a/main.bicep", "b\\c.bicep"), Some("a/b/c.bicep".into()));
    }
}
