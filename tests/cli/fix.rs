use crate::common::{BROKEN, MISSPELT, Project, SPELT};

#[test]
fn writes_safe_fixes_and_reports_what_is_left() {
    let project = Project::new(&[("a.bicep", MISSPELT), ("b.bicep", BROKEN)]);
    project.run(&["check", "--fix"]).code(1).prints("1 error, 1 fix applied");
    assert_eq!(project.read("a.bicep"), SPELT);
    assert_eq!(project.read("b.bicep"), BROKEN);
    project.run(&["check", "--fix", "a.bicep"]).code(0).prints("nothing found");
}

#[test]
fn a_fix_that_was_applied_can_fail_the_run() {
    let project = Project::new(&[("a.bicep", MISSPELT)]);
    project.run(&["check", "--fix", "--exit-non-zero-on-fix"]).code(1);
    project.run(&["check", "--fix", "--exit-non-zero-on-fix"]).code(0);
}

#[test]
fn keeps_line_ends_and_byte_order_mark() {
    let crlf = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let project = Project::new(&[("a.bicep", &crlf(MISSPELT))]);
    project.run(&["check", "--fix"]).code(0).prints("1 fix applied");
    assert_eq!(project.read("a.bicep"), crlf(SPELT));
}

#[test]
fn a_diff_writes_nothing() {
    let project = Project::new(&[("folder/a.bicep", MISSPELT)]);
    let run = project.run(&["check", "--diff"]).code(1).complains("1 warning");
    let expected = "\
--- a/folder/a.bicep
+++ b/folder/a.bicep
@@ -1,2 +1,2 @@
-// akslint: ignore[unused-supression] spelt like that
+// akslint: ignore[unused-suppression] spelt like that
 param name string
";
    assert_eq!(run.stdout, expected);
    assert_eq!(project.read("folder/a.bicep"), MISSPELT);
}

#[test]
fn stdin_comes_out_mended_and_the_report_apart() {
    let project = Project::new(&[]);
    let arguments = ["check", "--fix", "-", "--stdin-filename", "a.bicep"];
    let run = project.command(&arguments).run_with(MISSPELT.as_bytes()).code(0);
    assert_eq!(run.stdout, SPELT);
    let run = run.complains("1 fix applied");
    assert!(!project.path("a.bicep").exists(), "{run:?}");
    // Whoever pipes a file through must get it back whole.
    let run = project.command(&arguments).run_with(BROKEN.as_bytes()).code(1).complains("syntax-error");
    assert_eq!(run.stdout, BROKEN);
    let run = project.command(&["check", "--diff", "-"]).run_with(MISSPELT.as_bytes()).code(1);
    assert!(run.stdout.contains("+// akslint: ignore[unused-suppression]"), "{run:?}");
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn keeps_permissions_and_links() {
        let project = Project::new(&[("real/a.bicep", MISSPELT)]);
        fs::set_permissions(project.path("real/a.bicep"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real/a.bicep", project.path("link.bicep")).unwrap();
        project.run(&["check", "--fix", "link.bicep"]).code(0).prints("1 fix applied");
        assert_eq!(project.read("real/a.bicep"), SPELT);
        assert!(fs::symlink_metadata(project.path("link.bicep")).unwrap().is_symlink());
        let mode = fs::metadata(project.path("real/a.bicep")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(project.path("real")).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_read_only_file_is_not_replaced() {
        let project = Project::new(&[("a.bicep", MISSPELT)]);
        fs::set_permissions(project.path("a.bicep"), fs::Permissions::from_mode(0o444)).unwrap();
        project.run(&["check", "--fix"]).code(2).complains("read-only");
        assert_eq!(project.read("a.bicep"), MISSPELT);
    }
}
