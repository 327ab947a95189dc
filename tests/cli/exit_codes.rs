use crate::common::{BROKEN, GOOD, MISSPELT, Project};

#[test]
fn nothing_found_is_0_and_says_what_was_read() {
    let project = Project::new(&[("main.bicep", GOOD)]);
    project.run(&["check"]).code(0).prints("1 template with 1 cluster checked: nothing found");
}

#[test]
fn an_error_is_1() {
    let project = Project::new(&[("main.bicep", BROKEN)]);
    project.run(&["check"]).code(1).prints("error[syntax-error]");
}

#[test]
fn the_threshold_is_error_unless_said_otherwise() {
    let project = Project::new(&[("main.bicep", MISSPELT)]);
    project.run(&["check"]).code(0).prints("1 warning");
    project.run(&["check", "--fail-on", "warning"]).code(1);
    project.run(&["check", "--fail-on", "hint"]).code(1);
    project.run(&["check", "--fail-on", "never"]).code(0);
}

#[test]
fn exit_zero_hides_diagnostics_but_not_what_could_not_be_read() {
    let project = Project::new(&[("main.bicep", BROKEN)]);
    project.run(&["check", "--exit-zero"]).code(0).prints("1 error");
    project.write("binary.bicep", b"a\0b");
    project.run(&["check", "--exit-zero"]).code(2);
}

#[test]
fn unreadable_is_2_even_beside_diagnostics() {
    let project = Project::new(&[("main.bicep", BROKEN)]);
    project.run(&["check", "main.bicep", "absent.bicep"]).code(2).prints("absent.bicep");
    project.run(&["check", "absent"]).code(2).prints("no such file or folder");
}

#[test]
fn wrong_usage_is_2() {
    let project = Project::new(&[]);
    project.run(&[]).code(2).complains("Usage");
    project.run(&["chekc"]).code(2).complains("check");
    project.run(&["check", "--frmat", "json"]).code(2).complains("--format");
    project.run(&["check", "--select", "identiy"]).code(2).complains("did you mean `identity`?");
    project.run(&["check", "--stdin-filename", "a.bicep"]).code(2).complains("needs `-`");
    project.run(&["explain", "user-asigned"]).code(2).complains("there is no rule");
    project.run(&["schema", "identity.type", "--api-version", "yesterday"]).code(2).complains("no API version");
}

#[test]
fn help_and_version_are_0() {
    let project = Project::new(&[]);
    project.run(&["--version"]).code(0).prints(concat!("akslint ", env!("CARGO_PKG_VERSION")));
    project.run(&["--help"]).code(0).prints("check");
    project.run(&["check", "--help"]).code(0).prints("--fail-on");
}

#[test]
fn a_folder_without_templates_does_not_pass_in_silence() {
    let project = Project::new(&[("package.json", r#"{ "name": "x" }"#)]);
    project.run(&["check"]).code(0).prints("0 templates with 0 clusters").complains("nothing was checked");
}
