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

/// Whether `reference` in `file` means that path.
pub fn leads_to(file: &Path, reference: &str, path: &Path) -> bool {
    // Few of a workspace's files have one name, and taking paths apart costs.
    let name = reference.rsplit(['/', '\\']).next();
    path.file_name().and_then(|own| own.to_str()) == name && relative_to(file, reference).as_deref() == Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_where_it_is_relative_to() {
        let leads = |reference, path| leads_to(Path::new("a/main.bicep"), reference, Path::new(path));
        assert!(leads("../b/c.bicep", "b/c.bicep"));
        assert!(leads("c.bicep", "a/c.bicep"));
        assert!(!leads("c.bicep", "b/c.bicep"));
        assert!(!leads("../b/d.bicep", "b/c.bicep"));
    }

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
