//! How long a key press takes to become diagnostics, how long completions take, and what the server costs in memory. Runs
//! the program itself: `cargo bench -p akslint --bench latency`; with `-- --gate` it fails when a budget is exceeded, with
//! `-- --only 'json 80'` only the rows that begin so are measured.
//!
//! Three kinds of templates. `mixed` is a deployment as people write them: a cluster with its identities, registry and roles
//! for each 100 KB of networks, vaults, accounts and nested deployments. `clusters` has nothing but clusters, one after the
//! other: the worst there can be. A file named by `AKSLINT_FILE` is measured instead of both.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Size of the template, and the most that half of the key presses may take.
const SIZES: [(usize, Duration); 4] = [
    (6 << 10, Duration::from_millis(5)),
    (80 << 10, Duration::from_millis(10)),
    (330 << 10, Duration::from_millis(40)),
    (1700 << 10, Duration::from_millis(200)),
];
/// At each place, and never so many that one size takes minutes.
const KEY_PRESSES: usize = 100;
const MOST_TIME: Duration = Duration::from_secs(4);
const COMPLETIONS: usize = 100;
const STARTS: usize = 15;
/// How many documents an editor may have open.
const DOCUMENTS: usize = 50;

/// A kind of template in one language.
struct Shape {
    name: &'static str,
    language: &'static str,
    generate: fn(usize) -> String,
    /// Where people type, and what stands there: a value of the cluster, a key of it, a default, something else.
    places: [&'static str; 4],
}

const SHAPES: [Shape; 4] = [
    Shape { name: "mixed", language: "json", generate: mixed_json, places: JSON_PLACES },
    Shape { name: "mixed", language: "bicep", generate: mixed_bicep, places: BICEP_PLACES },
    Shape { name: "clusters", language: "json", generate: clusters_json, places: JSON_PLACES },
    Shape { name: "clusters", language: "bicep", generate: clusters_bicep, places: BICEP_PLACES },
];
const JSON_PLACES: [&str; 4] = ["\"dnsPrefix\": \"", "\"enableRBAC", "\"defaultValue\": \"", "\"location\": \""];
const BICEP_PLACES: [&str; 4] = ["dnsPrefix: '", "enableRBAC", "string = '", "location: '"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let wanted = |row: &str| only.is_none_or(|only| row.starts_with(only.as_str()));
    let mut too_slow = false;
    let mut stdout = std::io::stdout();
    let _ = writeln!(
        stdout,
        "language template     size   keys p50     p99     max   completion p50     p99   start→first p50   resident"
    );
    let file = std::env::var("AKSLINT_FILE").ok().and_then(|path| {
        let language = if Path::new(&path).extension().is_some_and(|found| found == "json") { "json" } else { "bicep" };
        std::fs::read_to_string(path).ok().map(|text| (language, text))
    });
    let mut row = |language: &str, name: &str, places: &[&str], text: &str, budget: Duration| {
        let measured = measure(language, text, places);
        let _ = writeln!(
            stdout,
            "{language:8} {name:8} {:7.1} KB {:6.2} ms {:6.2} {:7.2}      {:6.2} ms {:7.2}          {:7.2} ms   {:6.1} MB",
            kilobytes(text.len()),
            milliseconds(percentile(&measured.key_presses, 50)),
            milliseconds(percentile(&measured.key_presses, 99)),
            milliseconds(percentile(&measured.key_presses, 100)),
            milliseconds(percentile(&measured.completions, 50)),
            milliseconds(percentile(&measured.completions, 99)),
            milliseconds(percentile(&measured.starts, 50)),
            kilobytes(measured.resident) / 1024.0,
        );
        too_slow |= percentile(&measured.key_presses, 50) > budget;
    };
    if let Some((language, text)) = &file {
        let places = if *language == "json" { JSON_PLACES } else { BICEP_PLACES };
        row(language, "file", &places, text, Duration::MAX);
    } else {
        for shape in &SHAPES {
            for (size, budget) in SIZES {
                if wanted(&format!("{} {} {}", shape.language, shape.name, size >> 10)) {
                    row(shape.language, shape.name, &shape.places, &(shape.generate)(size), budget);
                }
            }
        }
    }
    if file.is_none() && wanted("memory") {
        memory();
    }
    if arguments.iter().any(|argument| argument == "--gate") && too_slow {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What the server holds when nothing is open, and with many documents.
fn memory() {
    let mut stdout = std::io::stdout();
    let server = Server::initialized();
    let _ = writeln!(stdout, "resident, nothing open: {:.1} MB", kilobytes(server.resident()) / 1024.0);
    for size in [6 << 10, 80 << 10] {
        let mut server = Server::initialized();
        for number in 0..DOCUMENTS {
            let shape = &SHAPES[number % 2];
            let uri = format!("file:///w/{number}/azuredeploy.{}", shape.language);
            server.open(&uri, shape.language, &(shape.generate)(size));
            server.diagnostics(&uri, 1);
        }
        let _ = writeln!(
            stdout,
            "resident, {DOCUMENTS} documents of {} KB open, both languages: {:.1} MB",
            size >> 10,
            kilobytes(server.resident()) / 1024.0
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

struct Measured {
    /// From the start of the program to the first diagnostics, sorted.
    starts: Vec<Duration>,
    /// From each edit to the diagnostics of its version, sorted.
    key_presses: Vec<Duration>,
    /// From a request, sent right behind an edit as editors do, to the list, sorted.
    completions: Vec<Duration>,
    /// Bytes, after all that.
    resident: usize,
}

fn measure(language: &str, text: &str, places: &[&str]) -> Measured {
    let uri = format!("file:///w/azuredeploy.{language}");
    let begin = || {
        let start = Instant::now();
        let mut server = Server::initialized();
        server.open(&uri, language, text);
        let first = server.diagnostics(&uri, 1).duration_since(start);
        (server, first)
    };
    let (mut server, first) = begin();
    let mut starts = vec![first];
    while starts.len() < STARTS && starts.iter().sum::<Duration>() < MOST_TIME {
        starts.push(begin().1);
    }
    let mut version = 1;
    let mut key_presses = Vec::new();
    let places: Vec<(usize, usize)> = places.iter().filter_map(|place| typing_place(text, place)).collect();
    assert!(!places.is_empty(), "there is a place to type at");
    for &(line, column) in &places {
        let begin = Instant::now();
        for press in 0..KEY_PRESSES {
            // One letter more, then one less.
            if press % 2 == 0 && begin.elapsed() > MOST_TIME {
                break;
            }
            version += 1;
            let change = change(&uri, version, line, column, press % 2);
            let start = Instant::now();
            server.send(&change);
            key_presses.push(server.diagnostics(&uri, version).duration_since(start));
        }
    }
    let mut completions = Vec::new();
    // In a key, where there is most to offer.
    let (line, column) = *places.get(1).unwrap_or(&places[0]);
    let begin = Instant::now();
    for press in 0..COMPLETIONS {
        if press % 2 == 0 && begin.elapsed() > MOST_TIME {
            break;
        }
        version += 1;
        let change = change(&uri, version, line, column, press % 2);
        let id = 1000 + press;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/completion", "params": {
            "textDocument": { "uri": uri }, "position": { "line": line, "character": column + 1 - press % 2 } } });
        let start = Instant::now();
        server.send(&change);
        server.send(&request);
        // Diagnostics may come before the list, or behind it.
        let (mut answered, mut published) = (None, false);
        while answered.is_none() || !published {
            let (mut list, mut diagnostics) = (false, false);
            let now = server.until(|message| {
                list = message["id"] == id;
                diagnostics = is_diagnostics(message, &uri, version);
                list || diagnostics
            });
            answered = answered.or(list.then_some(now));
            published |= diagnostics;
        }
        completions.extend(answered.map(|at| at.duration_since(start)));
    }
    for times in [&mut starts, &mut key_presses, &mut completions] {
        times.sort_unstable();
    }
    Measured { starts, key_presses, completions, resident: server.resident() }
}

fn is_diagnostics(message: &Value, uri: &str, version: i32) -> bool {
    message["params"]["version"] == version && message["params"]["uri"] == uri
}

fn change(uri: &str, version: i32, line: usize, column: usize, remove: usize) -> Value {
    let range = json!({ "start": { "line": line, "character": column },
        "end": { "line": line, "character": column + remove } });
    let change = json!([{ "range": range, "text": if remove == 0 { "x" } else { "" } }]);
    json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
        "textDocument": { "uri": uri, "version": version }, "contentChanges": change } })
}

/// Behind that text, where it stands nearest behind the middle; else where it stands last.
fn typing_place(text: &str, place: &str) -> Option<(usize, usize)> {
    let middle = text.lines().count() / 2;
    let found =
        || text.lines().enumerate().filter_map(|(number, line)| Some((number, line.find(place)? + place.len())));
    found().find(|(line, _)| *line >= middle).or_else(|| found().last())
}

struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_akslint"));
        let mut child =
            command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdin, stdout }
    }

    fn initialized() -> Self {
        let mut server = Self::start();
        server.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "processId": null, "rootUri": null, "capabilities": {} } }));
        server.until(|message| message["id"] == 1);
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        server
    }

    fn open(&mut self, uri: &str, language: &str, text: &str) {
        self.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
            { "uri": uri, "languageId": language, "version": 1, "text": text } } }));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(frame.as_bytes()).expect("the program reads");
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut header = Vec::new();
        while !header.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stdout.read_exact(&mut byte).expect("the program answers");
            header.push(byte[0]);
        }
        let header = String::from_utf8_lossy(&header);
        let length = header.trim().rsplit(' ').next().and_then(|length| length.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        self.stdout.read_exact(&mut body).expect("the program answers");
        body
    }

    /// Waits for such a message. When it was there: what reading it costs here is not the server's.
    fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Instant {
        loop {
            let body = self.receive();
            let now = Instant::now();
            if wanted(&serde_json::from_slice(&body).expect("JSON")) {
                return now;
            }
        }
    }

    /// Waits for the diagnostics of that version.
    fn diagnostics(&mut self, uri: &str, version: i32) -> Instant {
        self.until(|message| is_diagnostics(message, uri, version))
    }

    /// The memory it holds, in bytes; 0 where nobody knows.
    fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok()).unwrap_or(0) * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster stands for so many bytes of other resources.
const BYTES_FOR_A_CLUSTER: usize = 100 << 10;

fn mixed_json(size: usize) -> String {
    let mut resources: Vec<Value> = Vec::new();
    let (mut length, mut clusters) = (0, 0);
    while length < size {
        let number = resources.len();
        let new = if length >= clusters * BYTES_FOR_A_CLUSTER {
            clusters += 1;
            with_its_surroundings(number)
        } else {
            vec![match number % 4 {
                0 => network(number),
                1 => vault(number),
                2 => account(number),
                _ => deployment(number),
            }]
        };
        let last = length > 0 && clusters == 1 && size < 8 << 10;
        if last {
            break;
        }
        // The indentation of the array.
        length += new.iter().map(|one| pretty(one).lines().map(|line| line.len() + 5).sum::<usize>()).sum::<usize>();
        resources.extend(new);
    }
    template(&resources)
}

/// A template of clusters only.
fn clusters_json(size: usize) -> String {
    let mut resources = Vec::new();
    let mut length = 0;
    while length < size {
        let resource = cluster(resources.len());
        length += pretty(&resource).lines().map(|line| line.len() + 5).sum::<usize>();
        resources.push(resource);
    }
    template(&resources)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

fn template(resources: &[Value]) -> String {
    pretty(&json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "prefix": { "type": "string", "defaultValue": "contoso" },
            "location": { "type": "string", "defaultValue": "[resourceGroup().location]" },
        },
        "resources": resources,
    }))
}

fn identity_id(name: &str, number: usize) -> String {
    format!(
        "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', concat(parameters('prefix'), '-{name}-{number}'))"
    )
}

fn cluster(number: usize) -> Value {
    json!({
        "type": "Microsoft.ContainerService/managedClusters",
        "apiVersion": "2024-09-01",
        "name": format!("[concat(parameters('prefix'), '-aks-{number}')]"),
        "location": "westeurope",
        "identity": { "type": "UserAssigned", "userAssignedIdentities": {
            format!("[{}]", identity_id("id", number)): {},
        } },
        "properties": {
            "dnsPrefix": format!("dns{number}"),
            "enableRBAC": true,
            "agentPoolProfiles": [
                { "name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5", "osType": "Linux" },
                { "name": "user", "mode": "User", "count": 3, "vmSize": "Standard_D8s_v5", "osType": "Linux" },
            ],
            "identityProfile": { "kubeletidentity": { "resourceId": format!("[{}]", identity_id("kubelet", number)) } },
            "networkProfile": { "networkPlugin": "azure", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10" },
            "oidcIssuerProfile": { "enabled": true },
            "securityProfile": { "workloadIdentity": { "enabled": true } },
        },
    })
}

/// A cluster with its identities, a registry, and the roles it takes.
fn with_its_surroundings(number: usize) -> Vec<Value> {
    let identity = |name: &str| {
        json!({
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "apiVersion": "2023-01-31",
            "name": format!("[concat(parameters('prefix'), '-{name}-{number}')]"),
            "location": "[parameters('location')]",
        })
    };
    let role = |role: &str, name: &str, scope: String| {
        json!({
            "type": "Microsoft.Authorization/roleAssignments",
            "apiVersion": "2022-04-01",
            "scope": scope,
            "name": format!("[guid({}, '{role}')]", identity_id(name, number)),
            "dependsOn": [format!("[{}]", identity_id(name, number))],
            "properties": {
                "roleDefinitionId": format!("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')]"),
                "principalId": format!("[reference({}, '2023-01-31').principalId]", identity_id(name, number)),
                "principalType": "ServicePrincipal",
            },
        })
    };
    let registry = json!({
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2023-07-01",
        "name": format!("[concat(parameters('prefix'), 'acr{number}')]"),
        "location": "[parameters('location')]",
        "sku": { "name": "Premium" },
        "properties": { "adminUserEnabled": false },
    });
    let mut cluster = cluster(number);
    cluster["dependsOn"] =
        json!([format!("[{}]", identity_id("id", number)), format!("[{}]", identity_id("kubelet", number))]);
    vec![
        identity("id"),
        identity("kubelet"),
        registry,
        cluster,
        role(
            "7f951dda-4ed3-4680-a7ca-43fe172d538d",
            "kubelet",
            format!(
                "[resourceId('Microsoft.ContainerRegistry/registries', concat(parameters('prefix'), 'acr{number}'))]"
            ),
        ),
        role("f1a07417-d97a-45cb-824c-7a7467783830", "id", format!("[{}]", identity_id("kubelet", number))),
    ]
}

fn network(number: usize) -> Value {
    let subnets: Vec<Value> = (0..6)
        .map(|subnet| {
            json!({ "name": format!("snet-{subnet}"), "properties": {
                "addressPrefix": format!("10.{subnet}.0.0/24"),
                "networkSecurityGroup": { "id": format!("[resourceId('Microsoft.Network/networkSecurityGroups', concat(parameters('prefix'), '-nsg-{number}'))]") },
                "privateEndpointNetworkPolicies": "Disabled",
            } })
        })
        .collect();
    json!({
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2023-11-01",
        "name": format!("[concat(parameters('prefix'), '-vnet-{number}')]"),
        "location": "[parameters('location')]",
        "tags": { "owner": "platform", "stage": "production" },
        "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/8"] }, "subnets": subnets },
    })
}

fn vault(number: usize) -> Value {
    json!({
        "type": "Microsoft.KeyVault/vaults",
        "apiVersion": "2023-07-01",
        "name": format!("[concat(parameters('prefix'), '-kv-{number}')]"),
        "location": "westeurope",
        "properties": {
            "tenantId": "[subscription().tenantId]",
            "sku": { "family": "A", "name": "standard" },
            "enableRbacAuthorization": true,
            "enableSoftDelete": true,
            "networkAcls": { "defaultAction": "Deny", "bypass": "AzureServices" },
        },
    })
}

fn account(number: usize) -> Value {
    json!({
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": format!("[toLower(concat(parameters('prefix'), 'st{number}'))]"),
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": { "name": "Standard_LRS" },
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": false,
            "supportsHttpsTrafficOnly": true,
            "encryption": { "services": { "blob": { "enabled": true }, "file": { "enabled": true } }, "keySource": "Microsoft.Storage" },
        },
    })
}

/// What the Bicep compiler makes of a module.
fn deployment(number: usize) -> Value {
    json!({
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": format!("[format('{{0}}-workspace-{number}', parameters('prefix'))]"),
        "properties": {
            "expressionEvaluationOptions": { "scope": "inner" },
            "mode": "Incremental",
            "parameters": {
                "name": { "value": format!("[format('{{0}}-log-{number}', parameters('prefix'))]") },
                "retention": { "value": 30 },
            },
            "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {
                    "name": { "type": "string", "metadata": { "description": "The name of the workspace." } },
                    "retention": { "type": "int", "defaultValue": 90, "metadata": { "description": "In days." } },
                    "location": { "type": "string", "defaultValue": "[resourceGroup().location]" },
                },
                "resources": [{
                    "type": "Microsoft.OperationalInsights/workspaces",
                    "apiVersion": "2023-09-01",
                    "name": "[parameters('name')]",
                    "location": "[parameters('location')]",
                    "properties": { "retentionInDays": "[parameters('retention')]", "sku": { "name": "PerGB2018" } },
                }],
                "outputs": { "id": { "type": "string", "value": "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('name'))]" } },
            },
        },
    })
}

fn mixed_bicep(size: usize) -> String {
    let mut text = String::from(BICEP_PARAMETERS);
    let mut clusters = 0;
    for number in 0.. {
        if text.len() >= size || (clusters == 1 && size < 8 << 10) {
            break;
        }
        if text.len() >= clusters * BYTES_FOR_A_CLUSTER {
            clusters += 1;
            bicep_with_surroundings(&mut text, number);
        } else {
            bicep_other(&mut text, number);
        }
    }
    text
}

const BICEP_PARAMETERS: &str = "param prefix string = 'contoso'\n\nparam location string = resourceGroup().location\n";

fn bicep_with_surroundings(text: &mut String, number: usize) {
    let identity = |name: &str| {
        format!(
            "
resource {name}{number} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{
  name: '${{prefix}}-{name}-{number}'
  location: location
}}
"
        )
    };
    let role = |name: &str, role: &str, scope: &str| {
        format!(
            "
resource {name}Role{number} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid({name}{number}.id, '{role}')
  scope: {scope}{number}
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: {name}{number}.properties.principalId
    principalType: 'ServicePrincipal'
  }}
}}
"
        )
    };
    text.push_str(&identity("id"));
    text.push_str(&identity("kubelet"));
    let _ = write!(
        text,
        "
resource acr{number} 'Microsoft.ContainerRegistry/registries@2023-07-01' = {{
  name: '${{prefix}}acr{number}'
  location: location
  sku: {{
    name: 'Premium'
  }}
  properties: {{
    adminUserEnabled: false
  }}
}}
"
    );
    bicep_cluster(text, number, &format!("kubelet{number}.id"));
    text.push_str(&role("kubelet", "7f951dda-4ed3-4680-a7ca-43fe172d538d", "acr"));
    text.push_str(&role("id", "f1a07417-d97a-45cb-824c-7a7467783830", "kubelet"));
}

fn bicep_cluster(text: &mut String, number: usize, kubelet: &str) {
    let _ = write!(
        text,
        "
resource aks{number} 'Microsoft.ContainerService/managedClusters@2024-09-01' = {{
  name: '${{prefix}}-aks-{number}'
  location: 'westeurope'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {{
      '${{id{number}.id}}': {{}}
    }}
  }}
  properties: {{
    dnsPrefix: 'dns{number}'
    enableRBAC: true
    agentPoolProfiles: [
      {{ name: 'system', mode: 'System', count: 3, vmSize: 'Standard_D4s_v5', osType: 'Linux' }}
      {{ name: 'user', mode: 'User', count: 3, vmSize: 'Standard_D8s_v5', osType: 'Linux' }}
    ]
    identityProfile: {{
      kubeletidentity: {{
        resourceId: {kubelet}
      }}
    }}
    networkProfile: {{
      networkPlugin: 'azure'
      serviceCidr: '10.0.0.0/16'
      dnsServiceIP: '10.0.0.10'
    }}
    oidcIssuerProfile: {{
      enabled: true
    }}
    securityProfile: {{
      workloadIdentity: {{
        enabled: true
      }}
    }}
  }}
}}
"
    );
}

fn bicep_other(text: &mut String, number: usize) {
    let _ = match number % 4 {
        0 => write!(
            text,
            "
resource vnet{number} 'Microsoft.Network/virtualNetworks@2023-11-01' = {{
  name: '${{prefix}}-vnet-{number}'
  location: location
  tags: {{
    owner: 'platform'
    stage: 'production'
  }}
  properties: {{
    addressSpace: {{
      addressPrefixes: [
        '10.0.0.0/8'
      ]
    }}
    subnets: [
      for index in range(0, 6): {{
        name: 'snet-${{index}}'
        properties: {{
          addressPrefix: cidrSubnet('10.0.0.0/8', 24, index)
          networkSecurityGroup: {{
            id: resourceId('Microsoft.Network/networkSecurityGroups', '${{prefix}}-nsg-{number}')
          }}
          privateEndpointNetworkPolicies: 'Disabled'
        }}
      }}
    ]
  }}
}}
"
        ),
        1 => write!(
            text,
            "
// The secrets of application {number}.
resource vault{number} 'Microsoft.KeyVault/vaults@2023-07-01' = {{
  name: '${{prefix}}-kv-{number}'
  location: 'westeurope'
  properties: {{
    tenantId: subscription().tenantId
    sku: {{
      family: 'A'
      name: 'standard'
    }}
    enableRbacAuthorization: true
    enableSoftDelete: true
    networkAcls: {{
      defaultAction: 'Deny'
      bypass: 'AzureServices'
    }}
  }}
}}
"
        ),
        2 => write!(
            text,
            "
resource account{number} 'Microsoft.Storage/storageAccounts@2023-05-01' = {{
  name: toLower('${{prefix}}st{number}')
  location: 'westeurope'
  kind: 'StorageV2'
  sku: {{
    name: 'Standard_LRS'
  }}
  properties: {{
    minimumTlsVersion: 'TLS1_2'
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    encryption: {{
      keySource: 'Microsoft.Storage'
      services: {{
        blob: {{ enabled: true }}
        file: {{ enabled: true }}
      }}
    }}
  }}
}}
"
        ),
        _ => write!(
            text,
            "
@description('How long application {number} keeps its logs, in days.')
param retention{number} int = 30

resource log{number} 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {{
  name: '${{prefix}}-log-{number}'
  location: location
  properties: {{
    retentionInDays: retention{number}
    sku: {{
      name: 'PerGB2018'
    }}
  }}
}}

output log{number}Id string = log{number}.id
"
        ),
    };
}

/// A template of clusters only, with the identities they need.
fn clusters_bicep(size: usize) -> String {
    let mut text = String::from(BICEP_PARAMETERS);
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        let _ = write!(
            text,
            "
resource id{number} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{
  name: '${{prefix}}-id-{number}'
}}
"
        );
        bicep_cluster(&mut text, number, &format!("id{number}.id"));
    }
    text
}
