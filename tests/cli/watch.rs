use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};

use crate::common::{BROKEN, GOOD, Project};

/// A watch that is running; it ends with the test.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut child = project.command(&[&["check", "--watch", "--format", "concise"], arguments].concat()).spawn();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The report of the next run: up to the line that sums it up.
    fn report(&mut self) -> Vec<String> {
        let mut report = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it goes on: {report:?}");
            report.push(line.trim_end().to_owned());
            if line.contains(" checked: ") {
                return report;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn checks_again_when_a_file_changes_comes_or_goes() {
    let project = Project::new(&[("a.bicep", GOOD)]);
    let mut watch = Watch::start(&project, &["--output-file", "sarif=out.sarif"]);
    assert_eq!(watch.report(), ["1 template with 1 cluster checked: nothing found"]);
    project.write("b.bicep", BROKEN);
    assert!(watch.report()[0].starts_with("b.bicep:1:"));
    std::fs::remove_file(project.path("b.bicep")).unwrap();
    assert_eq!(watch.report(), ["1 template with 1 cluster checked: nothing found"]);
    project.write("akslint.toml", "exclude = ['a.bicep']");
    assert_eq!(watch.report(), ["0 templates with 0 clusters checked: nothing found"]);
}

#[test]
fn a_mistake_in_the_configuration_is_waited_out() {
    let project = Project::new(&[("a.bicep", GOOD), ("akslint.toml", "lvels = {}")]);
    let mut watch = Watch::start(&project, &[]);
    let mut errors = BufReader::new(watch.child.stderr.take().unwrap()).lines();
    assert!(errors.any(|line| line.unwrap().contains("did you mean `levels`?")));
    assert!(errors.any(|line| line.unwrap().contains("watching")));
    project.write("akslint.toml", "levels = {}");
    assert_eq!(watch.report(), ["1 template with 1 cluster checked: nothing found"]);
}

#[test]
fn stdin_cannot_be_watched() {
    let project = Project::new(&[]);
    project.run(&["check", "--watch", "-"]).code(2).complains("stdin cannot be watched");
}
