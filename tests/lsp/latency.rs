//! How long a key press takes to become diagnostics, and what the server costs in memory. Runs the program itself:
//! `cargo bench -p akslint --bench latency`, or with `-- --gate` to fail when a budget is exceeded.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Size of the template, and the most that half of the key presses may take.
const SIZES: [(usize, Duration); 4] = [
    (5 << 10, Duration::from_millis(5)),
    (80 << 10, Duration::from_millis(10)),
    (330 << 10, Duration::from_millis(40)),
    (1700 << 10, Duration::from_millis(200)),
];
const KEY_PRESSES: usize = 200;

fn main() -> ExitCode {
    let gate = std::env::args().any(|argument| argument == "--gate");
    let mut too_slow = false;
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "language     size  start→first    p50      p99      max     resident");
    for (language, generate) in [("json", json_template as fn(usize) -> String), ("bicep", bicep_template)] {
        for (size, budget) in SIZES {
            let text = generate(size);
            let measured = measure(language, &text);
            let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&measured.key_presses, percent));
            let _ = writeln!(
                stdout,
                "{language:8} {:7.1} KB {:9.2} ms {:6.2} ms {:6.2} ms {:6.2} ms {:6.1} MB",
                kilobytes(text.len()),
                milliseconds(measured.first),
                milliseconds(p50),
                milliseconds(p99),
                milliseconds(max),
                kilobytes(measured.resident) / 1024.0,
            );
            too_slow |= p50 > budget;
        }
    }
    if gate && too_slow { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

struct Measured {
    /// From the start of the program to the first diagnostics.
    first: Duration,
    /// From each edit to the diagnostics of its version, sorted.
    key_presses: Vec<Duration>,
    /// Bytes.
    resident: usize,
}

fn measure(language: &str, text: &str) -> Measured {
    let uri = format!("file:///w/azuredeploy.{language}");
    let start = Instant::now();
    let mut server = Server::start();
    server.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "processId": null, "rootUri": null, "capabilities": {} } }));
    server.receive();
    server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    server.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
        { "uri": uri, "languageId": language, "version": 1, "text": text } } }));
    server.diagnostics(1);
    let first = start.elapsed();
    // In the middle of the text, in the value of some string.
    let line = text.lines().count() / 2;
    let (line, column) = text.lines().enumerate().skip(line).find_map(typing_place).expect("there is such a line");
    let mut key_presses: Vec<Duration> = (0..KEY_PRESSES)
        .map(|press| {
            let version = i32::try_from(press).expect("few") + 2;
            // One letter more, then one less.
            let end = column + press % 2;
            let range = json!({ "start": { "line": line, "character": column },
                "end": { "line": line, "character": end } });
            let change = json!([{ "range": range, "text": if press % 2 == 0 { "x" } else { "" } }]);
            let message = json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
                "textDocument": { "uri": uri, "version": version }, "contentChanges": change } });
            let start = Instant::now();
            server.send(&message);
            server.diagnostics(version);
            start.elapsed()
        })
        .collect();
    key_presses.sort_unstable();
    Measured { first, key_presses, resident: server.resident() }
}

fn typing_place((number, line): (usize, &str)) -> Option<(usize, usize)> {
    ["\"location\": \"", "location: '"].iter().find_map(|start| Some((number, line.find(start)? + start.len())))
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

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(frame.as_bytes()).expect("the program reads");
    }

    fn receive(&mut self) -> Value {
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
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Waits for the diagnostics of that version.
    fn diagnostics(&mut self, version: i32) {
        while self.receive()["params"]["version"] != version {}
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

/// A template of about that size: clusters, identities and role assignments, as a generator would write them.
fn json_template(size: usize) -> String {
    let mut resources = Vec::new();
    let mut length = 0;
    while length < size {
        let number = resources.len();
        let resource = json!({
            "type": "Microsoft.ContainerService/managedClusters",
            "apiVersion": "2024-09-01",
            "name": format!("[concat(parameters('prefix'), '-aks-{number}')]"),
            "location": "westeurope",
            "identity": { "type": "UserAssigned", "userAssignedIdentities": {
                format!("[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', concat(parameters('prefix'), '-id-{number}'))]"): {},
            } },
            "properties": {
                "dnsPrefix": format!("dns{number}"),
                "enableRBAC": true,
                "agentPoolProfiles": [
                    { "name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5", "osType": "Linux" },
                    { "name": "user", "mode": "User", "count": 3, "vmSize": "Standard_D8s_v5", "osType": "Linux" },
                ],
                "identityProfile": { "kubeletidentity": {
                    "resourceId": format!("[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', concat(parameters('prefix'), '-kubelet-{number}'))]"),
                } },
                "networkProfile": { "networkPlugin": "azure", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10" },
                "oidcIssuerProfile": { "enabled": true },
                "securityProfile": { "workloadIdentity": { "enabled": true } },
            },
        });
        length += serde_json::to_string_pretty(&resource).expect("JSON").len() + 400;
        resources.push(resource);
    }
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": { "prefix": { "type": "string" } },
        "resources": resources,
    });
    serde_json::to_string_pretty(&template).expect("JSON")
}

fn bicep_template(size: usize) -> String {
    let mut text = String::from("param prefix string\n");
    let mut number = 0;
    while text.len() < size {
        let _ = write!(
            text,
            "
resource id{number} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{
  name: '${{prefix}}-id-{number}'
}}

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
    networkProfile: {{
      networkPlugin: 'azure'
      serviceCidr: '10.0.0.0/16'
      dnsServiceIP: '10.0.0.10'
    }}
    oidcIssuerProfile: {{
      enabled: true
    }}
  }}
}}
"
        );
        number += 1;
    }
    text
}
