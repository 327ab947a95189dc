//! A folder with files, and the program running in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A template with one cluster and nothing wrong.
pub(crate) const GOOD: &str = "\
resource aks 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'shop'
  location: resourceGroup().location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        count: 3
        vmSize: 'Standard_D4s_v5'
      }
    ]
  }
}
";

/// A parameter without a type: an error.
pub(crate) const BROKEN: &str = "param name =\n";

/// A warning with a safe fix.
pub(crate) const MISSPELT: &str = "// akslint: ignore[unused-supression] spelt like that\nparam name string\n";

/// What `--fix` makes of [`MISSPELT`].
pub(crate) const SPELT: &str = "// akslint: ignore[unused-suppression] spelt like that\nparam name string\n";

/// The least ARM template.
pub(crate) const JSON: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": []
}
"#;

/// A folder that goes away with the test.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs the program with nothing on stdin.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).run_with(b"")
    }

    /// `check`, its output parsed as `--format json`.
    pub(crate) fn check_json(&self, arguments: &[&str]) -> (i32, Value) {
        let run = self.run(&[&["check", "--format", "json"], arguments].concat());
        (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}")))
    }

    /// The program, to be run in the folder. It sees nothing of the environment but the way to git.
    pub(crate) fn command(&self, arguments: &[&str]) -> Invocation {
        let mut command = Command::new(env!("CARGO_BIN_EXE_akslint"));
        command.args(arguments).current_dir(self.root()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.root());
        Invocation(command)
    }

    /// Runs git in the folder.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(self.root()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// A command that is about to run.
pub(crate) struct Invocation(Command);

impl Invocation {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Starts it, with pipes for all streams.
    pub(crate) fn spawn(mut self) -> Child {
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.0.spawn().unwrap()
    }

    /// Runs it with this as stdout.
    pub(crate) fn print_to(mut self, file: std::fs::File) -> Run {
        self.0.stdin(Stdio::null()).stdout(file).stderr(Stdio::piped());
        self.0.output().unwrap().into()
    }

    /// Runs it with these bytes on stdin.
    pub(crate) fn run_with(self, stdin: &[u8]) -> Run {
        let mut child = self.spawn();
        let mut input = child.stdin.take().unwrap();
        // It may not read what it was not asked to.
        let _ = input.write_all(stdin);
        drop(input);
        child.wait_with_output().unwrap().into()
    }
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ends by itself, not by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Fails unless this is on stdout.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self:?}");
        self
    }

    /// Fails unless this is on stderr.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self:?}");
        self
    }
}

/// The codes of a JSON report, each behind its path.
pub(crate) fn codes(report: &Value) -> Vec<String> {
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    diagnostics.iter().map(|one| format!("{} {}", text(&one["path"]), text(&one["code"]))).collect()
}
