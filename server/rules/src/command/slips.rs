//! Every slip of one letter in a flag that concerns identity is mended in every carrier, and nothing else is changed.

use std::sync::Arc;

use schema::az::{Resolution, command};
use syntax::SourceText;
use template::workspace::{FileId, SourceFile, Workspace};

use crate::apply::fix_all;
use crate::{Applicability, Settings, check};

/// Lines of commands: `{…}` is a variable, `/` where a line may be broken.
const COMMANDS: [&str; 9] = [
    "az aks create -g rg -n aks --enable-managed-identity",
    "az aks update -g rg -n aks --enable-managed-identity --yes",
    "az aks update -g rg -n aks / --enable-managed-identity / --assign-identity {ID} / --yes",
    "az aks create -g rg -n aks / --network-plugin azure / --vnet-subnet-id {SUBNET} / --dns-service-ip 10.2.0.10 / --enable-managed-identity / --assign-identity {ID}",
    "az aks create -g rg -n aks / --assign-identity {ID} / --assign-kubelet-identity {KUBELET}",
    "az aks create -g rg -n aks / --service-principal {APP} / --client-secret {SECRET}",
    "az aks update-credentials -g rg -n aks / --reset-service-principal / --service-principal {APP} / --client-secret {SECRET}",
    "az aks create -g rg -n aks --enable-oidc-issuer --enable-workload-identity --attach-acr registry",
    "az aks show -g rg -n aks --query identity",
];

/// A kind of document: its path, how a script stands in it, what joins lines, what is around the name of a variable.
struct Carrier {
    path: &'static str,
    write: fn(&str) -> String,
    joint: &'static str,
    variable: (&'static str, &'static str),
}

const BASH: (&str, &str) = ("\"$", "\"");

const CARRIERS: [Carrier; 9] = [
    Carrier { path: "a.sh", write: str::to_owned, joint: " \\\n  ", variable: BASH },
    Carrier { path: "a.azcli", write: str::to_owned, joint: " \\\n    ", variable: BASH },
    Carrier { path: "a.ps1", write: str::to_owned, joint: " `\r\n  ", variable: ("$", "") },
    Carrier { path: "a.cmd", write: str::to_owned, joint: " ^\r\n  ", variable: ("%", "%") },
    Carrier {
        path: "a.md",
        write: |script| format!("# Title\n\n1. Do:\n{}", indented(&format!("```azurecli\n{script}```\n"), 3)),
        joint: " \\\n  ",
        variable: BASH,
    },
    Carrier {
        path: ".github/workflows/a.yml",
        write: |script| format!("jobs:\n  a:\n    steps:\n      - run: |\n{}", indented(script, 10)),
        joint: " \\\n  ",
        variable: BASH,
    },
    Carrier {
        path: "azure-pipelines.yml",
        write: |script| {
            format!(
                "steps:\n  - task: AzureCLI@2\n    inputs:\n      scriptType: bash\n      inlineScript: |\n{}",
                indented(script, 8)
            )
        },
        joint: " \\\n  ",
        variable: BASH,
    },
    Carrier {
        path: "a.json",
        write: |script| json(&syntax::Carrier::Json.encode(script)),
        joint: " \\\n  ",
        variable: BASH,
    },
    Carrier {
        path: "a.bicep",
        write: |script| bicep(&syntax::Carrier::Bicep.encode(script)),
        joint: " \\\n  ",
        variable: BASH,
    },
];

fn indented(text: &str, blanks: usize) -> String {
    let lines: Vec<String> = text.split_inclusive('\n').map(|line| format!("{:blanks$}{line}", "")).collect();
    lines.concat()
}

fn json(content: &str) -> String {
    format!(
        "{{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",\n  \"resources\": [\n    {{\n      \"type\": \"Microsoft.Resources/deploymentScripts\",\n      \"apiVersion\": \"2023-08-01\",\n      \"name\": \"s\",\n      \"location\": \"westeurope\",\n      \"kind\": \"AzureCLI\",\n      \"properties\": {{ \"azCliVersion\": \"2.84.0\", \"retentionInterval\": \"PT1H\", \"scriptContent\": \"{content}\" }}\n    }}\n  ]\n}}\n"
    )
}

fn bicep(content: &str) -> String {
    format!(
        "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = {{\n  name: 's'\n  location: 'westeurope'\n  kind: 'AzureCLI'\n  properties: {{\n    azCliVersion: '2.84.0'\n    retentionInterval: 'PT1H'\n    scriptContent: '{content}'\n  }}\n}}\n"
    )
}

impl Carrier {
    fn document(&self, line: &str) -> String {
        let command = line.replace(" / ", self.joint).replace('{', self.variable.0).replace('}', self.variable.1);
        (self.write)(&format!("echo start\n{command}\necho \"done\"\n"))
    }

    /// The document after `--fix`.
    fn fixed(&self, text: &str) -> String {
        let fixed = fix_all(vec![text.to_owned()], Applicability::Safe, |texts| {
            let file = SourceFile::parse(self.path, SourceText::new(texts[0].as_str()));
            check(&Workspace::new(vec![Arc::new(file)]), &[FileId(0)], &Settings::default()).diagnostics
        });
        assert_eq!(fixed.stopped, None, "{text}");
        fixed.texts.into_iter().next().unwrap()
    }
}

/// All slips of one letter at a position: left out, doubled, swapped with the next, another one.
fn slips(name: &str, at: usize) -> Vec<String> {
    let (before, rest) = name.split_at(at);
    let (own, behind) = rest.split_at(1);
    let mut slips = vec![
        format!("{before}{behind}"),
        format!("{before}{own}{own}{behind}"),
        format!("{before}x{behind}"),
        format!("{before}x{rest}"),
    ];
    if let Some(next) = behind.get(..1) {
        slips.push(format!("{before}{next}{own}{}", &behind[1..]));
    }
    slips.retain(|slip| slip != name);
    slips
}

/// The flags of a line that concern identity, with the command they belong to.
fn flags(line: &str) -> Vec<(schema::az::Command, &str)> {
    let name: Vec<&str> = line.split(' ').skip(1).take_while(|word| !word.starts_with('-')).collect();
    let Some(command) = command(&name.join(" ")) else { return Vec::new() };
    let concerns = |word: &&str| command.flag(word).is_some_and(schema::az::Flag::identity);
    line.split(' ').filter(concerns).map(|word| (command, word)).collect()
}

#[test]
fn commands_without_a_slip_are_left_alone() {
    for carrier in &CARRIERS {
        for line in COMMANDS {
            let text = carrier.document(line);
            let file = SourceFile::parse(carrier.path, SourceText::new(text.as_str()));
            let found: Vec<_> = file.scripts().iter().flat_map(|script| &script.commands).collect();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(carrier.fixed(&text), text);
        }
    }
}

#[test]
fn every_slip_of_one_letter_is_mended_everywhere() {
    let mut mended = 0;
    for (number, carrier) in CARRIERS.iter().enumerate() {
        for line in COMMANDS {
            for (command, flag) in flags(line) {
                let text = carrier.document(line);
                // More positions in scripts, some in each of the others; together all of them.
                let step = if number == 0 { 3 } else { 11 };
                for at in (2 + number % step..flag.len()).step_by(step) {
                    for slip in slips(flag, at) {
                        // The beginning of a flag is no slip, and what begins several has no one right form.
                        if command.resolve(&slip) != Resolution::Unknown {
                            continue;
                        }
                        let wrong = text.replacen(flag, &slip, 1);
                        assert_ne!(wrong, text);
                        assert_eq!(carrier.fixed(&wrong), text, "{}: {slip}", carrier.path);
                        mended += 1;
                    }
                }
            }
        }
    }
    assert!(mended > 1400, "{mended}");
}
