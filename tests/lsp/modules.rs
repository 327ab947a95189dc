//! Documents that refer to others, open or not.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use template::workspace::{FileId, Location, Workspace};
use text_size::TextRange;

use crate::client::{Manners, TestClient, diagnostic};

/// Says in one diagnostic which files it sees, each by the comment it begins with.
pub(crate) fn who_is_there(
    workspace: &Workspace,
    targets: &[FileId],
    _: &rules::Settings,
    _: &rules::Cancelled<'_>,
) -> Vec<rules::Diagnostic> {
    let mut names: Vec<_> =
        workspace.files().map(|(_, file)| file.text.as_str().lines().next().unwrap_or_default().to_owned()).collect();
    names[1..].sort();
    let location = Location { file: targets[0], range: TextRange::empty(0.into()) };
    vec![diagnostic(location, &names.join(" "), "t", "")]
}

/// A folder of files.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }
}

async fn start() -> TestClient {
    TestClient::start_with(json!({}), Arc::new(who_is_there), Manners::default()).await
}

async fn seen(client: &mut TestClient, uri: &str) -> String {
    let shown: Value = client.published(uri).await;
    shown["diagnostics"][0]["message"].as_str().unwrap().to_owned()
}

const MAIN: &str = "//main\nmodule m './sub/../m.bicep' = {\n  name: 'm'\n}\n";

#[tokio::test(flavor = "multi_thread")]
async fn modules_are_read_from_disk_and_then_from_the_editor() {
    let folder = Folder::new(&[("m.bicep", "//disk\nmodule n 'n.bicep' = { name: 'n' }"), ("n.bicep", "//deep\n")]);
    let (main, module) = (folder.uri("main.bicep"), folder.uri("m.bicep"));
    let mut client = start().await;
    client.open(&main, "bicep", 1, MAIN);
    assert_eq!(seen(&mut client, &main).await, "//main //deep //disk");

    // Opened, the module is what the editor says, and looked at together with what deploys it.
    client.open(&module, "bicep", 1, "//open\n");
    assert_eq!(seen(&mut client, &module).await, "//open //main");
    assert_eq!(seen(&mut client, &main).await, "//main //open");

    // An edit of one is seen in the other, under the version that the other has.
    client.change(&module, 2, [0, 2, 0, 6], "edited");
    assert_eq!(client.settled(&module, 2).await["diagnostics"][0]["message"], "//edited //main");
    let shown = client.published(&main).await;
    assert_eq!((&shown["version"], &shown["diagnostics"][0]["message"]), (&json!(1), &json!("//main //edited")));
    client.change(&main, 2, [0, 2, 0, 6], "caller");
    assert_eq!(client.settled(&main, 2).await["diagnostics"][0]["message"], "//caller //edited");
    assert_eq!(seen(&mut client, &module).await, "//edited //caller");

    client.close(&module);
    assert_eq!(client.published(&module).await["diagnostics"], json!([]));
    assert_eq!(seen(&mut client, &main).await, "//caller //deep //disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_pulls_is_told_when_another_document_matters() {
    let folder = Folder::new(&[]);
    let (main, module) = (folder.uri("main.bicep"), folder.uri("m.bicep"));
    let able = json!({ "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } } });
    let mut client = TestClient::start_with(able, Arc::new(who_is_there), Manners::default()).await;
    client.open(&module, "bicep", 1, "//module\n");
    client.open(&main, "bicep", 1, MAIN);
    for (uri, expected) in [(&module, "//module"), (&main, "//main //module"), (&module, "//module //main")] {
        let report = client.request("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } })).await;
        assert_eq!(report.unwrap()["items"][0]["message"], expected);
    }
    while client.asked("workspace/diagnostic/refresh").is_empty() {
        client.fence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_on_disk_are_seen() {
    let folder = Folder::new(&[]);
    let main = folder.uri("main.bicep");
    let mut client = start().await;
    client.open(&main, "bicep", 1, MAIN);
    assert_eq!(seen(&mut client, &main).await, "//main");
    for text in ["//first\n", "//the second\n"] {
        fs::write(folder.path("m.bicep"), text).unwrap();
        let changes = json!([{ "uri": folder.uri("m.bicep"), "type": 2 }]);
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
        assert_eq!(seen(&mut client, &main).await, format!("//main {}", text.trim()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_refer_to_each_other_come_to_rest() {
    let folder = Folder::new(&[]);
    let (a, b) = (folder.uri("a.bicep"), folder.uri("b.bicep"));
    let mut client = start().await;
    client.strict = false;
    client.open(&a, "bicep", 1, "//a\nmodule x 'b.bicep' = { name: 'x' }\nmodule y 'a.bicep' = { name: 'y' }");
    client.open(&b, "bicep", 1, "//b\nmodule x 'a.bicep' = { name: 'x' }");
    while seen(&mut client, &a).await != "//a //b" {}
    while seen(&mut client, &b).await != "//b //a" {}
    for _ in 0..20 {
        client.fence().await;
    }
    let unread = client.leave().await.1;
    assert!(unread.len() < 5, "{unread:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_and_loaded_files_are_seen_as_they_are_in_the_editor() {
    let folder = Folder::new(&[
        ("shared.bicep", "//shared\n@export()\nvar a = 'a'\n"),
        ("data.json", "//data\n{}\n"),
        ("note.txt", "//note\n"),
    ]);
    let (main, data, shared) = (folder.uri("main.bicep"), folder.uri("data.json"), folder.uri("shared.bicep"));
    let text = "//main\nimport { a } from 'shared.bicep'\nvar b = loadJsonContent('data.json')\nvar c = loadTextContent('note.txt')\n";
    let mut client = start().await;
    client.strict = false;
    client.open(&main, "bicep", 1, text);
    assert_eq!(seen(&mut client, &main).await, "//main //data //note //shared");
    client.open(&data, "json", 1, "//open\n{}\n");
    while seen(&mut client, &main).await != "//main //note //open //shared" {}
    client.change(&data, 2, [0, 2, 0, 6], "edited");
    while seen(&mut client, &main).await != "//main //edited //note //shared" {}
    client.open(&shared, "bicep", 1, "//imported\n");
    while seen(&mut client, &main).await != "//main //edited //imported //note" {}

    fs::write(folder.path("note.txt"), "//another note\n").unwrap();
    let changes = json!([{ "uri": folder.uri("note.txt"), "type": 2 }]);
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    while seen(&mut client, &main).await != "//main //another note //edited //imported" {}
}

#[tokio::test(flavor = "multi_thread")]
async fn parameter_files_are_looked_at_again_with_their_template() {
    let folder = Folder::new(&[]);
    let parameters = r#"//parameters
{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {} }"#;
    let (main, dev) = (folder.uri("main.bicep"), folder.uri("dev.bicepparam"));
    let (json, base) = (folder.uri("main.parameters.json"), folder.uri("base.bicepparam"));
    let mut client = start().await;
    client.strict = false;
    client.open(&main, "bicep", 1, "//main\n");
    assert_eq!(seen(&mut client, &main).await, "//main");
    client.open(&dev, "bicep-params", 1, "//dev\nusing 'main.bicep'\nextends 'base.bicepparam'\n");
    assert_eq!(seen(&mut client, &dev).await, "//dev //main");
    client.open(&json, "json", 1, parameters);
    assert_eq!(seen(&mut client, &json).await, "//parameters //main");
    client.open(&base, "bicep-params", 1, "//base\nusing none\n");
    while seen(&mut client, &dev).await != "//dev //base //main" {}

    // An edit of the template is seen in both, one of a parameter file in the template.
    client.change(&main, 2, [0, 2, 0, 6], "edited");
    for (uri, expected) in [(&dev, "//dev //base //edited"), (&json, "//parameters //edited")] {
        while seen(&mut client, uri).await != expected {}
    }
    client.change(&dev, 2, [0, 2, 0, 5], "test");
    while !seen(&mut client, &main).await.contains("//test") {}
}

/// Of many open files an edit of one leads to a look at that one and at those that depend on it, and at no other.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_one_of_500_files_checks_only_what_depends_on_it() {
    const SHARED: usize = 50;
    let name =
        |number: usize| if number < SHARED { format!("shared{number}.bicep") } else { format!("f{number}.bicep") };
    let text = |number: usize| match number {
        0..SHARED => format!("//{number}\n"),
        // The last one deploys one that deploys what is edited.
        499 => format!("//{number}\nmodule m '{}' = {{ name: 'm' }}\n", name(57)),
        _ => format!("//{number}\nmodule m '{}' = {{ name: 'm' }}\n", name(number % SHARED)),
    };
    let files: Vec<(String, String)> = (0..500).map(|number| (name(number), text(number))).collect();
    let folder = Folder::new(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());

    let checked: Arc<Mutex<Vec<String>>> = Arc::default();
    let recorder = checked.clone();
    let check = move |workspace: &Workspace, targets: &[FileId], _: &rules::Settings, _: &rules::Cancelled<'_>| {
        let name = |file: &FileId| workspace.file(*file).path.file_name().unwrap().to_string_lossy().into_owned();
        recorder.lock().unwrap().extend(targets.iter().map(name));
        Vec::new()
    };
    let mut client = TestClient::start_with(json!({}), Arc::new(check), Manners::default()).await;
    for (name, text) in &files {
        client.open(&folder.uri(name), "bicep", 1, text);
    }
    for (name, _) in &files {
        client.settled(&folder.uri(name), 1).await;
    }
    client.fence().await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    checked.lock().unwrap().clear();

    let edited = name(7);
    client.change(&folder.uri(&edited), 2, [0, 2, 0, 3], "edited");
    client.settled(&folder.uri(&edited), 2).await;
    let dependants = (SHARED..499).filter(|number| number % SHARED == 7).chain([499]);
    let expected: BTreeSet<String> = dependants.map(name).chain([edited]).collect();
    let seen = || checked.lock().unwrap().iter().cloned().collect::<BTreeSet<String>>();
    for _ in 0..100 {
        if seen() == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // And nothing comes after it.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(seen(), expected);
}
