//! What rules and API versions say about themselves, on the command line.

use std::io::Write;

use anyhow::{Context, bail};
use clap::CommandFactory as _;
use serde_json::json;

use crate::args::{Cli, ListFormat};
use crate::catalog;

/// The resource type whose properties `akslint schema` knows when no other is named.
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";

/// Prints the page of a rule.
pub(crate) fn rule(code: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(page) = rules::docs::explain(code) else {
        // The words for an unknown name are those of every other place where one is written.
        match code.parse::<rules::Selector>() {
            Err(error) => bail!(error),
            Ok(_) => bail!("`{code}` is a family of rules; `akslint rules` lists them"),
        }
    };
    writeln!(out, "{}", page.trim_end())?;
    writeln!(out, "\n{}", catalog::url(code))?;
    Ok(())
}

/// Prints a list of all rules.
pub(crate) fn rules(format: ListFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    let rules = catalog::rules();
    match format {
        ListFormat::Text => {
            let width = rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
            for rule in rules {
                let (code, family, severity) = (rule.code, rule.family.as_str(), rule.severity.as_str());
                writeln!(out, "{code:<width$}  {severity:<7}  {family:<17}  {}", rule.summary)?;
            }
        }
        ListFormat::Json => {
            let rules: Vec<_> = rules
                .iter()
                .map(|rule| {
                    json!({
                        "code": rule.code,
                        "family": rule.family.as_str(),
                        "severity": rule.severity.as_str(),
                        "summary": rule.summary,
                        "url": rule.url,
                        "fix": rule.fix,
                        "since": rule.since,
                    })
                })
                .collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&rules)?)?;
        }
    }
    Ok(())
}

/// Prints a page of the manual: the first, or that of a subcommand.
pub(crate) fn manual(command: Option<&str>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut page = Cli::command();
    // Only then do subcommands know what they are called, and have the options that all have.
    page.build();
    if let Some(name) = command {
        let Some(found) = page.find_subcommand(name) else {
            let names: Vec<_> = page.get_subcommands().map(clap::Command::get_name).collect();
            bail!("there is no subcommand `{name}`; there are {}", names.join(", "));
        };
        page = found.clone().version(env!("CARGO_PKG_VERSION"));
    }
    clap_mangen::Man::new(page).render(&mut *out)?;
    Ok(())
}

/// Prints what an API version knows about a property.
pub(crate) fn schema(path: &str, api_version: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let ty = schema::resource_type(CLUSTER).context("the facts have no clusters")?;
    let Some(version) = schema::ApiVersion::parse(api_version) else {
        bail!("`{api_version}` is no API version; they look like 2024-09-01 or 2024-09-02-preview");
    };
    write!(out, "{}", schema::describe(ty, path, Some(version))?)?;
    Ok(())
}
