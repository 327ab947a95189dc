//! Scripts of a file, and what a template says about those it carries.

use schema::az::CliVersion;
use syntax::carriers::{self, Fragment, Origin};
use syntax::shell::Shell;
use text_size::{TextRange, TextSize};

use crate::Template;
use crate::az_command::{self, AzCommand};
use crate::expr::{Expr, ExprId, Ref};
use crate::lower::property;
use crate::model::ModuleSource;
use crate::paths::leads_to;
use crate::workspace::{FileId, SourceFile, Workspace};

/// The type of a script that runs as part of a deployment.
pub const DEPLOYMENT_SCRIPT: &str = "Microsoft.Resources/deploymentScripts";

/// A script with the calls of `az` in it.
#[derive(Clone, Debug)]
pub struct AzScript {
    /// Its text and the way back to the document.
    pub fragment: Fragment,
    /// In the order of their starts; those in substitutions too.
    pub commands: Vec<AzCommand>,
    /// The resource that runs it, where that is in the same file.
    pub run_by: Option<DeploymentScript>,
}

/// A deployment script as its template describes it.
#[derive(Clone, Debug)]
pub struct DeploymentScript {
    /// Where to underline the resource.
    pub header: TextRange,
    /// PowerShell where `kind` says so.
    pub shell: Shell,
    /// `azCliVersion`, when it is written as text: the value and where it is written, with quotes.
    pub az_cli_version: Option<(Box<str>, TextRange)>,
    /// Where the script is.
    pub content: Content,
}

/// Where the content of a [`DeploymentScript`] is.
#[derive(Clone, Debug)]
pub enum Content {
    /// In this expression of the same file.
    Inline(TextRange),
    /// In a file, relative to this one: `loadTextContent('x.sh')`.
    File(Box<str>),
    /// Not known.
    Unknown,
}

impl DeploymentScript {
    /// The release of the CLI that runs it.
    pub fn release(&self) -> Option<CliVersion> {
        CliVersion::parse(&self.az_cli_version.as_ref()?.0)
    }
}

impl AzScript {
    /// Whether nobody is there to answer a question.
    pub fn is_unattended(&self) -> bool {
        self.run_by.is_some() || self.fragment.origin == Origin::Pipeline
    }

    /// Whether it is there to be read: a person copies it, line by line, or not at all.
    pub fn is_prose(&self) -> bool {
        matches!(self.fragment.origin, Origin::Prose | Origin::Comment)
    }
}

/// The scripts of a file that call `az`.
pub(crate) fn scripts(file: &SourceFile) -> Vec<AzScript> {
    let text = file.text.as_str();
    if !carriers::calls_az(text) {
        return Vec::new();
    }
    let mut fragments = match (file.carrier(), file.tree()) {
        (Some(carrier), _) => carriers::fragments(carrier, text),
        (None, Some(tree)) if file.template.is_some() => carriers::in_tree(tree),
        _ => Vec::new(),
    };
    fragments.retain(|fragment| carriers::calls_az(&fragment.text));
    let resources = file.template.as_ref().map(deployment_scripts).unwrap_or_default();
    let mut scripts = Vec::new();
    for mut fragment in fragments {
        let run_by = resources.iter().find(|resource| match &resource.content {
            Content::Inline(range) => range.contains_range(fragment.source_range()),
            _ => false,
        });
        if let Some(resource) = run_by {
            fragment.shell = resource.shell;
        }
        let commands = az_command::commands(&fragment);
        if !commands.is_empty() {
            scripts.push(AzScript { fragment, commands, run_by: run_by.cloned() });
        }
    }
    scripts
}

/// The deployment scripts of a template, nested ones included.
pub fn deployment_scripts(template: &Template) -> Vec<DeploymentScript> {
    let mut found: Vec<DeploymentScript> = template
        .resources
        .iter()
        .filter(|resource| !resource.existing && resource.is_type(DEPLOYMENT_SCRIPT))
        .map(|resource| {
            let properties = property(template, resource.body, "properties");
            let of = |name| property(template, properties?, name);
            let kind = property(template, resource.body, "kind").and_then(|kind| text(template, kind));
            let is_powershell = kind.is_some_and(|(kind, _)| kind.eq_ignore_ascii_case("AzurePowerShell"));
            let script = of("scriptContent").map(|content| follow(template, content));
            DeploymentScript {
                header: resource.header,
                shell: if is_powershell { Shell::PowerShell } else { Shell::Bash },
                az_cli_version: of("azCliVersion").and_then(|version| text(template, version)),
                content: script.map_or(Content::Unknown, |script| content(template, script)),
            }
        })
        .collect();
    for module in &template.modules {
        if let ModuleSource::Inline { template, .. } = &module.source {
            found.extend(deployment_scripts(template));
        }
    }
    found
}

fn content(template: &Template, script: ExprId) -> Content {
    match template.expr(script) {
        Expr::Call(call) if call.function == *"loadTextContent" => {
            let path = call.arguments.first().and_then(|&path| text(template, path));
            path.map_or(Content::Unknown, |(path, _)| Content::File(path))
        }
        // `replace(loadTextContent('x.sh'), …)`
        Expr::Call(call) => call.arguments.first().map_or(Content::Unknown, |&first| content(template, first)),
        _ => Content::Inline(template.exprs.range(script)),
    }
}

/// The expression that a variable stands for.
fn follow(template: &Template, expr: ExprId) -> ExprId {
    match template.expr(expr) {
        Expr::Ref(Ref::Variable(name)) => {
            let variable = template.variables.iter().find(|variable| variable.name == *name);
            variable.map_or(expr, |variable| variable.value)
        }
        _ => expr,
    }
}

fn text(template: &Template, expr: ExprId) -> Option<(Box<str>, TextRange)> {
    let expr = follow(template, expr);
    match template.expr(expr) {
        Expr::Str(text) => Some((text.clone(), template.exprs.range(expr))),
        _ => None,
    }
}

impl Workspace {
    /// The deployment scripts of other files that load this one.
    pub fn loaders(&self, script: FileId) -> Vec<(FileId, DeploymentScript)> {
        let wanted = &self.file(script).path;
        let mut found = Vec::new();
        for (id, file) in self.files() {
            let Some(template) = &file.template else { continue };
            for resource in deployment_scripts(template) {
                if let Content::File(path) = &resource.content
                    && leads_to(&file.path, path, wanted)
                {
                    found.push((id, resource));
                }
            }
        }
        found
    }
}

/// The command around an offset of a file, and the number of its word there: the one that the offset is in or at the end
/// of, else the number that a word typed there would have.
pub fn command_at(file: &SourceFile, offset: TextSize) -> Option<(&AzScript, &AzCommand, usize)> {
    let mut best: Option<(&AzScript, &AzCommand)> = None;
    for script in file.scripts() {
        for command in &script.commands {
            let text = file.text.as_str();
            // Blanks and continuations behind the last word still belong to it.
            let rest = &text[usize::from(command.range.end())..];
            let mark = az_command::continuation(script.fragment.shell);
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let mut end = usize::from(command.range.end()) + blanks;
            if command.dangling.is_some() && rest[blanks..].starts_with(mark) {
                let next = rest[blanks..].find('\n').map_or(rest.len(), |at| blanks + at + 1);
                let blanks = rest[next..].len() - rest[next..].trim_start_matches([' ', '\t']).len();
                end = usize::from(command.range.end()) + next + blanks;
            }
            if command.range.start() <= offset
                && usize::from(offset) <= end
                && best.is_none_or(|(_, other)| command.range.start() >= other.range.start())
            {
                best = Some((script, command));
            }
        }
    }
    let (script, command) = best?;
    let at = command.words.iter().position(|word| word.range.contains_inclusive(offset));
    let number = at.unwrap_or_else(|| command.words.partition_point(|word| word.range.end() < offset));
    Some((script, command, number))
}

#[cfg(test)]
mod tests {
    use syntax::SourceText;

    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile::parse(path, SourceText::new(text))
    }

    /// Each command with its flags, and the flag names as they stand in the document.
    fn sketch(path: &str, text: &str) -> Vec<String> {
        let file = file(path, text);
        let mut all = Vec::new();
        for command in file.scripts().iter().flat_map(|script| &script.commands) {
            let flags: Vec<&str> = command.flags.iter().map(|flag| file.text.slice(flag.name_range)).collect();
            let open = if command.open { " …" } else { "" };
            all.push(format!("{}: {}{open}", command.name, flags.join(" ")));
        }
        all
    }

    #[test]
    fn finds_commands_in_every_carrier() {
        let plain = "az aks create -g rg --assign-identity $ID";
        let expected = ["aks create: -g --assign-identity"];
        for (path, text) in [
            ("a.sh", plain.to_owned()),
            ("a.azcli", plain.to_owned()),
            ("a.ps1", plain.to_owned()),
            ("a.cmd", plain.replace("$ID", "%ID%")),
            ("a.md", format!("# T\n\n```azurecli\n{plain}\n```\n")),
            (".github/workflows/a.yml", format!("jobs:\n  a:\n    steps:\n      - run: |\n          {plain}\n")),
            (
                "azure-pipelines.yml",
                format!("steps:\n  - task: AzureCLI@2\n    inputs:\n      inlineScript: '{plain}'\n"),
            ),
            ("a.json", json(&format!("\"echo \\\"x\\\"\\n{plain}\""))),
            ("a.json", json("\"[concat('echo ''x''; az aks create -g ', parameters('g'), ' --assign-identity x')]\"")),
            ("a.json", json("\"[format('az aks create -g {0} --assign-identity x', parameters('g'))]\"")),
            ("a.bicep", bicep(&format!("'{plain}'"))),
            ("a.bicep", bicep(&format!("'''\n{plain}\n'''"))),
            ("a.bicep", bicep("'az aks create -g ${g} --assign-identity x'")),
            ("a.bicep", format!("// {}\nvar x = 1\n", plain.replace(" --", " \\\n//   --"))),
        ] {
            assert_eq!(sketch(path, &text), expected, "{path}: {text}");
        }
    }

    fn json(content: &str) -> String {
        format!(
            "{{ \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"resources\": [ {{ \"type\": \"{DEPLOYMENT_SCRIPT}\", \"apiVersion\": \"2020-10-01\", \"name\": \"s\", \"kind\": \"AzureCLI\", \"properties\": {{ \"azCliVersion\": \"2.30.0\", \"scriptContent\": {content} }} }} ] }}"
        )
    }

    fn bicep(content: &str) -> String {
        format!(
            "resource s '{DEPLOYMENT_SCRIPT}@2020-10-01' = {{\n  name: 's'\n  kind: 'AzureCLI'\n  properties: {{\n    azCliVersion: '2.30.0'\n    scriptContent: {content}\n  }}\n}}\n"
        )
    }

    #[test]
    fn knows_the_resource_that_runs_a_script() {
        let release = CliVersion::parse("2.30.0");
        for (path, text) in [("a.json", json("\"az aks create\"")), ("a.bicep", bicep("'az aks create '"))] {
            let file = file(path, &text);
            let [script] = file.scripts() else { panic!("one script in {text}") };
            assert_eq!(script.run_by.as_ref().and_then(DeploymentScript::release), release);
        }
        let files = [("infra/a.bicep", bicep("loadTextContent('./s/x.sh')")), ("infra/s/x.sh", "az aks create".into())];
        let files = files.iter().map(|(path, text)| std::sync::Arc::new(self::file(path, text))).collect();
        let workspace = Workspace::new(files);
        assert_eq!(workspace.loaders(FileId(1)).len(), 1);
        assert!(workspace.loaders(FileId(0)).is_empty());
    }

    #[test]
    fn what_may_hold_flags_leaves_a_command_open() {
        for text in
            ["$ARGS", "\"${args[@]}\"", "-g rg $MORE", "--enable-managed-identity $X", "[--no-wait]", "--yes ..."]
        {
            assert!(sketch("a.sh", &format!("az aks create {text}"))[0].ends_with('…'), "{text}");
        }
        for text in ["-g $RG", "--assign-identity $ID", "-g \"$(f)\" --yes"] {
            assert!(!sketch("a.sh", &format!("az aks create {text}"))[0].ends_with('…'), "{text}");
        }
    }

    #[test]
    fn a_continuation_does_not_swallow_the_next_command() {
        let file = file("a.sh", "az aks create \\\n  --no-wait \\\naz aks show --name x\n");
        let commands = &file.scripts()[0].commands;
        assert_eq!(commands[0].name, "aks create");
        assert_eq!(commands[0].flags.len(), 1);
        assert!(commands[0].dangling.is_some());
    }

    #[test]
    fn values_know_the_command_that_prints_them() {
        let text = "ID=$(az identity show -n a --query clientId -o tsv)\naz aks create --assign-identity $ID --assign-kubelet-identity \"$(az identity show -n b --query id)\"\n";
        let file = file("a.sh", text);
        let commands = &file.scripts()[0].commands;
        let create = commands.iter().find(|command| command.name == "aks create").unwrap();
        let query = |flag: &str| {
            let output = create.flag(flag).unwrap().values[0].output.as_ref().unwrap();
            output.command.query().unwrap().text.clone()
        };
        assert_eq!((query("--assign-identity"), query("--assign-kubelet-identity")), ("clientId".into(), "id".into()));
    }

    #[test]
    fn near_misses_of_identity_flags_only() {
        let meant = |flag: &str| {
            let file = file("a.sh", &format!("az aks create {flag}"));
            file.scripts()[0].commands[0].flags[0].meant.clone()
        };
        for (flag, wanted) in [
            ("--assign-kublet-identity", "--assign-kubelet-identity"),
            ("--asign-identity", "--assign-identity"),
            ("-assign-identity", "--assign-identity"),
            ("\u{2014}assign-identity", "--assign-identity"),
            ("--enable-manage-identity", "--enable-managed-identity"),
            ("--enable-workload-identities", "--enable-workload-identity"),
            ("--attach-arc", "--attach-acr"),
            ("--identity", "--assign-identity"),
            ("--kubelet-identity", "--assign-kubelet-identity"),
        ] {
            assert_eq!(meant(flag).first(), Some(&wanted), "{flag}");
        }
        for flag in [
            "--assign-kubelet",
            "--enable-oidc",
            "--enable-keda-thing",
            "--node-cuont",
            "--foo",
            "--disable-oidc-issuer",
        ] {
            assert_eq!(meant(flag), Vec::<&str>::new(), "{flag}");
        }
    }

    #[test]
    fn an_offset_leads_to_its_command_and_word() {
        let text = "az aks create -g rg --assign-ide \naz aks show\n";
        let file = file("a.sh", text);
        let at = |offset: usize| {
            command_at(&file, TextSize::try_from(offset).unwrap())
                .map(|(_, command, word)| (command.name.clone(), word))
        };
        assert_eq!(at(text.find("ide").unwrap()), Some(("aks create".into(), 5)));
        assert_eq!(at(text.find("\naz").unwrap()), Some(("aks create".into(), 6)));
        assert_eq!(at(text.find("show").unwrap()), Some(("aks show".into(), 2)));
    }
}
