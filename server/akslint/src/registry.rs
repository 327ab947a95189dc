//! Where the Bicep tools keep the modules of registries and the template specs that they fetched. Nothing is fetched here.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use syntax::json::{Object, Value};
use syntax::{Language, SourceText};
use template::workspace::ModuleCache;

use crate::files::MAX_BYTES;

/// What configures the Bicep tools, in the folder of a template or above it.
const CONFIGURATION: &str = "bicepconfig.json";
/// The alias that everybody has: its registry, and the folder in it.
const PUBLIC: (&str, &str) = ("mcr.microsoft.com", "bicep");
/// A tag cannot be longer.
const MAX_TAG: usize = 128;

/// The cache of whoever runs this program.
pub(crate) fn cache() -> &'static Arc<dyn ModuleCache> {
    static CACHE: OnceLock<Arc<dyn ModuleCache>> = OnceLock::new();
    CACHE.get_or_init(|| Arc::new(Registry::of_environment()))
}

/// The folder of the cache that the modules of a file are looked for in. It need not be there.
pub(crate) fn folder(file: &Path) -> Option<PathBuf> {
    let registry = Registry::of_environment();
    let (of, configuration) = registry.configuration(file.parent()?);
    registry.root(of, &configuration)
}

/// A cache on disk.
#[derive(Debug)]
struct Registry {
    /// Where it is when no configuration says so.
    root: Option<PathBuf>,
    home: Option<PathBuf>,
    configurations: Mutex<HashMap<PathBuf, Stamped>>,
}

/// A configuration and when its file was written.
type Stamped = (Option<SystemTime>, Arc<Configuration>);

/// What of a `bicepconfig.json` matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Configuration {
    cache: Option<String>,
    /// Registry and folder by alias.
    registries: HashMap<String, (String, Option<String>)>,
    /// Subscription and resource group by alias.
    specs: HashMap<String, (String, String)>,
}

impl ModuleCache for Registry {
    fn path(&self, file: &Path, reference: &str) -> Option<PathBuf> {
        let folder = std::path::absolute(file).ok()?.parent()?.to_path_buf();
        let (of, configuration) = self.configuration(&folder);
        let below = below(reference, &configuration)?;
        Some(self.root(of, &configuration)?.join(below).join("main.json"))
    }
}

impl Registry {
    fn of_environment() -> Self {
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self::new(named("BICEP_CACHE_DIRECTORY"), named("HOME").or_else(|| named("USERPROFILE")))
    }

    fn new(root: Option<PathBuf>, home: Option<PathBuf>) -> Self {
        Self { root, home, configurations: Mutex::default() }
    }

    /// The folder of the cache.
    fn root(&self, of: Option<&Path>, configuration: &Configuration) -> Option<PathBuf> {
        let at_home = |below: &str| self.home.as_ref().map(|home| home.join(below));
        match (configuration.cache.as_deref(), of) {
            (Some(path), Some(of)) => match path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\")) {
                Some(below) => at_home(below),
                None => Some(of.join(path)),
            },
            _ => self.root.clone().or_else(|| at_home(".bicep")),
        }
    }

    /// The configuration that applies in a folder, and the folder it is in.
    fn configuration<'f>(&self, folder: &'f Path) -> (Option<&'f Path>, Arc<Configuration>) {
        let found = folder.ancestors().find_map(|folder| {
            let path = folder.join(CONFIGURATION);
            let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
            Some((folder, path, metadata.modified().ok()))
        });
        let Some((of, path, modified)) = found else { return (None, Arc::default()) };
        let mut known = self.configurations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamp, configuration)) = known.get(&path)
            && *stamp == modified
        {
            return (Some(of), configuration.clone());
        }
        // What cannot be read says nothing.
        let text = fs::read(&path).ok().and_then(|bytes| SourceText::from_bytes(&bytes, MAX_BYTES).ok());
        let configuration = Arc::new(text.map(read).unwrap_or_default());
        known.insert(path, (modified, configuration.clone()));
        (Some(of), configuration)
    }
}

fn read(text: SourceText) -> Configuration {
    let tree = syntax::parse(Language::Json, text);
    let Some(Value::Object(root)) = syntax::json::root(&tree) else { return Configuration::default() };
    let mut configuration = Configuration { cache: text_of(root, "cacheRootDirectory"), ..Configuration::default() };
    let Some(Value::Object(aliases)) = value_of(root, "moduleAliases") else { return configuration };
    for (name, alias) in objects(aliases, "br") {
        if let Some(registry) = text_of(alias, "registry") {
            configuration.registries.insert(name, (registry, text_of(alias, "modulePath")));
        }
    }
    for (name, alias) in objects(aliases, "ts") {
        if let (Some(subscription), Some(group)) = (text_of(alias, "subscription"), text_of(alias, "resourceGroup")) {
            configuration.specs.insert(name, (subscription, group));
        }
    }
    configuration
}

fn value_of<'t>(object: Object<'t>, name: &str) -> Option<Value<'t>> {
    object.members().find(|member| member.key.raw() == name)?.value
}

fn text_of(object: Object<'_>, name: &str) -> Option<String> {
    let text = value_of(object, name)?.as_str()?.text();
    (!text.trim().is_empty()).then(|| text.into_owned())
}

fn objects<'t>(object: Object<'t>, name: &str) -> impl Iterator<Item = (String, Object<'t>)> {
    let inner = value_of(object, name).and_then(Value::as_object);
    inner
        .into_iter()
        .flat_map(Object::members)
        .filter_map(|member| Some((member.key.text().into_owned(), member.value?.as_object()?)))
}

/// The folder of a module below the root of the cache. `None` for what is no reference to a module.
fn below(reference: &str, configuration: &Configuration) -> Option<PathBuf> {
    let (scheme, rest) = match reference.split_at_checked(3)? {
        (scheme @ ("br:" | "ts:"), rest) => (scheme, rest.to_owned()),
        ("br/", rest) => {
            let (alias, name) = rest.split_once(':')?;
            let (registry, path) = match configuration.registries.get(alias) {
                Some((registry, path)) => (registry.as_str(), path.as_deref()),
                None if alias == "public" => (PUBLIC.0, Some(PUBLIC.1)),
                None => return None,
            };
            let path = path.map_or_else(String::new, |path| format!("{}/", path.trim_matches('/')));
            ("br:", format!("{registry}/{path}{name}"))
        }
        ("ts/", rest) => {
            let (alias, name) = rest.split_once(':')?;
            let (subscription, group) = configuration.specs.get(alias)?;
            ("ts:", format!("{subscription}/{group}/{name}"))
        }
        _ => ("ts:", spec_of_id(reference)?),
    };
    let parts = if scheme == "br:" { artifact(&rest)? } else { spec(&rest)? };
    // Each is one folder, whatever is written.
    let is_plain = |part: &String| !part.is_empty() && *part != "." && *part != ".." && !part.contains(['/', '\\']);
    parts.iter().all(is_plain).then(|| parts.iter().fold(PathBuf::from(&scheme[..2]), |path, part| path.join(part)))
}

/// Registry, repository and tag (or digest) as folders. Repositories are one folder, and capitals in tags are counted,
/// for there are disks that do not tell them from small letters.
fn artifact(name: &str) -> Option<Vec<String>> {
    let (registry, rest) = name.split_once('/')?;
    let (repository, version) = match rest.split_once('@') {
        Some((repository, digest)) => (repository, digest.replace(':', "#")),
        None => {
            let (repository, tag) = rest.split_once(':')?;
            (repository, folder_of_tag(tag)?)
        }
    };
    Some(vec![registry.replace(':', "$").to_lowercase(), repository.replace('/', "$"), version])
}

fn folder_of_tag(tag: &str) -> Option<String> {
    if tag.is_empty() || tag.len() > MAX_TAG || !tag.is_ascii() {
        return None;
    }
    let capitals = tag.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
    let mask = capitals.fold(0u128, |mask, (number, _)| mask | (1 << number));
    Some(if mask == 0 { format!("{tag}$") } else { format!("{tag}${mask:x}") })
}

/// Subscription, resource group, name and version of a template spec as folders.
fn spec(name: &str) -> Option<Vec<String>> {
    let (path, version) = name.rsplit_once(':')?;
    let parts: Vec<&str> = path.split('/').chain([version]).collect();
    (parts.len() == 4).then(|| parts.into_iter().map(str::to_lowercase).collect())
}

/// What the resource ID of a version of a template spec says, in the form of a reference.
fn spec_of_id(id: &str) -> Option<String> {
    let parts: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
    let [subscriptions, subscription, groups, group, providers, provider, specs, name, versions, version] = parts[..]
    else {
        return None;
    };
    let words = [subscriptions, groups, providers, provider, specs, versions];
    let wanted = ["subscriptions", "resourceGroups", "providers", "Microsoft.Resources", "templateSpecs", "versions"];
    let fits = words.iter().zip(wanted).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted));
    fits.then(|| format!("{subscription}/{group}/{name}:{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: &str = r#"{
  // Comments are allowed.
  "cacheRootDirectory": "cache",
  "moduleAliases": {
    "br": {
      "Own": { "registry": "shop.azurecr.io:5000", "modulePath": "bicep/modules" },
      "flat": { "registry": "shop.azurecr.io" }
    },
    "ts": { "specs": { "subscription": "1-2-3", "resourceGroup": "Specs" } }
  }
}"#;

    fn place(reference: &str) -> Option<String> {
        let found = below(reference, &read(SourceText::new(CONFIGURED)))?;
        Some(found.to_string_lossy().replace('\\', "/"))
    }

    #[test]
    fn modules_are_where_the_tools_put_them() {
        for (reference, expected) in [
            ("br/public:avm/res/a/b:0.4.0", "br/mcr.microsoft.com/bicep$avm$res$a$b/0.4.0$"),
            ("br:Shop.azurecr.io/a/b:v1", "br/shop.azurecr.io/a$b/v1$"),
            ("br:shop.azurecr.io:5000/b:v1", "br/shop.azurecr.io$5000/b/v1$"),
            ("br/Own:b/c:1.0-RC", "br/shop.azurecr.io$5000/bicep$modules$b$c/1.0-RC$30"),
            ("br/flat:b:1", "br/shop.azurecr.io/b/1$"),
            ("br:shop.azurecr.io/a@sha256:0a", "br/shop.azurecr.io/a/sha256#0a"),
            ("ts:AB-1/Group/Name:V1", "ts/ab-1/group/name/v1"),
            ("ts/specs:name:1.0", "ts/1-2-3/specs/name/1.0"),
            (
                "/subscriptions/ab/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/n/versions/1",
                "ts/ab/g/n/1",
            ),
        ] {
            assert_eq!(place(reference).as_deref(), Some(expected), "{reference}");
        }
    }

    #[test]
    fn capitals_in_long_tags_count_too() {
        let tag = format!("{}B", "a".repeat(100));
        assert_eq!(folder_of_tag(&tag), Some(format!("{tag}$1{}", "0".repeat(25))));
        assert_eq!(folder_of_tag(&"a".repeat(129)), None);
    }

    #[test]
    fn what_is_no_reference_leads_nowhere() {
        for reference in [
            "br/unknown:a:1",
            "br/public:a",
            "br:registry:1",
            "br:host/a:",
            "br:host/../a:..",
            "br:../a:1",
            "ts:a/b:1",
            "ts:../../..:..",
            "ts/none:a:1",
            "/subscriptions/a/resourceGroups/b",
            "br",
            "",
        ] {
            let found = place(reference);
            assert!(found.as_deref().is_none_or(|path| !path.split('/').any(|part| part == "..")), "{found:?}");
            assert!(reference.starts_with("br:host/..") || found.is_none(), "{reference}: {found:?}");
        }
    }

    #[test]
    fn the_nearest_configuration_says_where_the_cache_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let inner = root.join("infra/aks");
        fs::create_dir_all(&inner).unwrap();
        let path = |registry: &Registry| registry.path(&inner.join("main.bicep"), "br/public:a:1").unwrap();
        let rest = Path::new("br/mcr.microsoft.com/bicep$a/1$/main.json");
        let of_environment = Registry::new(Some(root.join("named")), Some(root.join("home")));
        assert_eq!(path(&of_environment), root.join("named").join(rest));
        let at_home = Registry::new(None, Some(root.join("home")));
        assert_eq!(path(&at_home), root.join("home/.bicep").join(rest));
        fs::write(root.join("infra/bicepconfig.json"), CONFIGURED).unwrap();
        assert_eq!(path(&of_environment), root.join("infra/cache").join(rest));
        fs::write(root.join("infra/aks/bicepconfig.json"), r#"{ "cacheRootDirectory": "~/mine" }"#).unwrap();
        assert_eq!(path(&at_home), root.join("home/mine").join(rest));
        assert_eq!(at_home.path(&inner.join("main.bicep"), "br/Own:a:1"), None, "only the nearest one counts");
        fs::write(root.join("infra/aks/bicepconfig.json"), "{ broken").unwrap();
        assert!(at_home.path(&inner.join("main.bicep"), "br/public:a:1").is_some());
    }
}
