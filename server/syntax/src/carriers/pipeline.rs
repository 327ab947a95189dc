//! Steps of GitHub workflows and actions, and of Azure Pipelines.

use text_size::TextRange;

use super::yaml::{self, Map, Node};
use super::{Fragment, Origin, size};
use crate::shell::Shell;

pub(super) fn fragments(text: &str) -> Vec<Fragment> {
    let mut walk = Walk { text, found: Vec::new() };
    for document in yaml::parse(text) {
        walk.node(&document, Context::default(), false);
    }
    walk.found.sort_by_key(|fragment| fragment.source_range().start());
    walk.found
}

/// What the surroundings say about steps.
#[derive(Clone, Copy, Default)]
struct Context {
    /// `defaults.run.shell`
    shell: Option<Named>,
    /// The agent runs Windows.
    windows: bool,
}

/// The language a `shell:` names.
#[derive(Clone, Copy)]
enum Named {
    Known(Shell),
    /// Python, or a command line of one's own.
    Foreign,
}

/// What fills in parts of a script before a shell sees it.
#[derive(Clone, Copy, PartialEq)]
enum Host {
    /// `${{ expression }}`
    GitHub,
    /// `${{ expression }}` and `$(variable)`
    Pipelines,
}

struct Walk<'a> {
    text: &'a str,
    found: Vec<Fragment>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &Node<'a>, context: Context, is_item: bool) {
        match node {
            Node::Map(map) => {
                let context = self.context(map, context);
                if is_item {
                    self.step(map, context);
                }
                for (_, value) in &map.pairs {
                    self.node(value, context, false);
                }
            }
            Node::Seq(seq) => seq.items.iter().for_each(|item| self.node(item, context, true)),
            Node::Scalar(_) | Node::Empty => {}
        }
    }

    fn context(&self, map: &Map<'a>, mut context: Context) -> Context {
        let run = map.map("defaults").and_then(|defaults| defaults.map("run"));
        if let Some(shell) = run.and_then(|run| run.text("shell", self.text)) {
            context.shell = Some(named(shell));
        }
        for key in ["runs-on", "pool", "vmImage"] {
            if let Some(agent) = map.get(key).and_then(Node::range) {
                context.windows = self.text[agent].to_ascii_lowercase().contains("windows");
            }
        }
        context
    }

    /// The scripts of a step.
    fn step(&mut self, step: &Map<'a>, context: Context) {
        if let Some(run) = step.get("run") {
            let shell = step.text("shell", self.text).map(named).or(context.shell);
            match shell {
                Some(Named::Known(shell)) => self.script(Some(run), shell, Host::GitHub),
                Some(Named::Foreign) => {}
                None if context.windows => self.script(Some(run), Shell::PowerShell, Host::GitHub),
                None => self.script(Some(run), Shell::Bash, Host::GitHub),
            }
        }
        if let (Some(action), Some(with)) = (step.text("uses", self.text), step.map("with")) {
            let powershell = action.to_ascii_lowercase().starts_with("azure/powershell@");
            let shell = if powershell { Shell::PowerShell } else { Shell::Bash };
            self.script(with.get("inlineScript"), shell, Host::GitHub);
        }
        let native = if context.windows { Shell::Cmd } else { Shell::Bash };
        for (key, shell) in
            [("bash", Shell::Bash), ("pwsh", Shell::PowerShell), ("powershell", Shell::PowerShell), ("script", native)]
        {
            self.script(step.get(key), shell, Host::Pipelines);
        }
        if let (Some(task), Some(inputs)) = (step.text("task", self.text), step.map("inputs")) {
            let (task, _) = task.split_once('@').unwrap_or((task, ""));
            let (key, shell) = match task.to_ascii_lowercase().as_str() {
                "azurecli" => {
                    let script_type = inputs.text("scriptType", self.text).map(str::to_ascii_lowercase);
                    let shell = match script_type.as_deref() {
                        Some("ps" | "pscore") => Shell::PowerShell,
                        Some("batch") => Shell::Cmd,
                        Some(_) => Shell::Bash,
                        None => native,
                    };
                    ("inlineScript", shell)
                }
                "azurepowershell" => ("Inline", Shell::PowerShell),
                "bash" => ("script", Shell::Bash),
                "powershell" => ("script", Shell::PowerShell),
                "cmdline" => ("script", native),
                _ => return,
            };
            self.script(inputs.get(key), shell, Host::Pipelines);
        }
    }

    fn script(&mut self, value: Option<&Node<'a>>, shell: Shell, host: Host) {
        let Some(Node::Scalar(scalar)) = value else { return };
        let mut fragment = scalar.decode(self.text).finish(shell, Origin::Pipeline);
        fragment.holes = holes(&fragment.text, host);
        self.found.push(fragment);
    }
}

fn named(shell: &str) -> Named {
    match shell.split_whitespace().next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "bash" | "sh" => Named::Known(Shell::Bash),
        "pwsh" | "powershell" => Named::Known(Shell::PowerShell),
        "cmd" => Named::Known(Shell::Cmd),
        _ => Named::Foreign,
    }
}

/// The ranges of a script that the host fills in.
fn holes(text: &str, host: Host) -> Vec<TextRange> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = memchr::memchr(b'$', &text.as_bytes()[from..]).map(|len| from + len) {
        let rest = &text[start..];
        let len = if rest.starts_with("${{") {
            rest.find("}}").map(|end| end + 2)
        } else if host == Host::Pipelines && rest.starts_with("$(") {
            macro_len(rest)
        } else {
            None
        };
        if let Some(len) = len {
            found.push(TextRange::new(size(start), size(start + len)));
        }
        from = start + len.unwrap_or(1);
    }
    found
}

/// The length of `$(name)`. Anything longer than a name is left to the shell.
fn macro_len(text: &str) -> Option<usize> {
    let name =
        text[2..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')).count();
    (name > 0 && text[2 + name..].starts_with(')')).then_some(name + 3)
}
