//! `akslint doctor`: what somebody who wants to help would ask first.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::Exit;
use crate::catalog;
use crate::check;
use crate::config::{Choice, Configuration, Source};
use crate::registry;

/// Prints it. An unusable configuration makes the run fail.
pub(crate) fn run(out: &mut dyn Write) -> anyhow::Result<Exit> {
    let directory = std::env::current_dir()?;
    writeln!(out, "version        {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "platform       {} {}", std::env::consts::OS, std::env::consts::ARCH)?;
    writeln!(out, "executable     {}", std::env::current_exe()?.display())?;
    writeln!(out, "directory      {}", directory.display())?;
    writeln!(out, "threads        {}", std::thread::available_parallelism().map_or(1, usize::from))?;
    writeln!(out, "rules          {}", catalog::rules().len())?;
    let git = Command::new("git").arg("--version").output().ok().filter(|output| output.status.success());
    let git = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    writeln!(out, "git            {}", git.as_deref().unwrap_or("not found: --since will not work"))?;
    writeln!(out, "encodings      files: UTF-8; positions in editors: UTF-8, UTF-16, UTF-32")?;
    let configuration = Configuration::new(Source::Nearest, directory.clone(), Choice::default());
    match configuration.origins(Path::new("main.bicep")) {
        Ok(origins) if origins.is_empty() => writeln!(out, "configuration  none")?,
        Ok(origins) => {
            for origin in origins {
                writeln!(out, "configuration  {}", origin.display())?;
            }
        }
        Err(error) => {
            writeln!(out, "configuration  unusable: {error:#}")?;
            return Ok(Exit::Broken);
        }
    }
    let survey = check::survey(&directory)?;
    writeln!(out, "files          {} seen in this folder", survey.seen)?;
    writeln!(out, "templates      {} with {}", survey.templates, check::report::plural(survey.clusters, "cluster"))?;
    let (modules, remote, cached) = (survey.modules, survey.registry_modules, survey.cached_modules);
    writeln!(out, "modules        {modules} in files, {remote} in registries ({cached} of them in the module cache)")?;
    match registry::folder(&directory.join("main.bicep")) {
        Some(folder) if folder.is_dir() => writeln!(out, "module cache   {}", folder.display())?,
        Some(folder) => writeln!(out, "module cache   {} is not there; nothing is fetched", folder.display())?,
        None => writeln!(out, "module cache   unknown: there is no home folder")?,
    }
    writeln!(out, "scripts        {} that call az", survey.scripts)?;
    for unreadable in survey.unreadable {
        writeln!(out, "unreadable     {}: {}", unreadable.path, unreadable.reason)?;
    }
    Ok(Exit::Clean)
}
