//! `SOURCES.md`: where the facts come from. Each kind of input has one row of its table, replaced when it is read anew.

use serde_json::Value;

/// The page before anything was read.
pub(crate) const EMPTY: &str = "\
# Where the facts come from

Names, types, versions and flags are taken over; sentences are not. What the properties mean is said in `../docs` in our own
words.

| facts | source | as of | licence |
| --- | --- | --- | --- |

What a flag takes follows from the default of its parameter and from `action`, `nargs` and `arg_type` of its registration. A
table of flags that does not say so (`takes`: `switch`, `value`, `optional` or `many`) leaves it as it was.

The `.facts` files are written by these commands and are what is reviewed; `facts.bin` holds the same for the program. A folder
with only the newest API versions adds these to what is there.

```sh
cargo xtask schema <checkout>/generated --commit <commit> --commit-date <day>
cargo xtask schema --api-versions <table.json>
cargo xtask schema --cli-flags <table.json>
cargo xtask schema        # facts.bin only, after an edit of a .facts file
```
";

/// Records the commit of the type files.
pub(crate) fn types(page: &str, commit: &str, day: &str) -> String {
    let source = format!("[Azure/bicep-types-az](https://github.com/Azure/bicep-types-az) {commit}");
    with_row(page, "resource types (`Microsoft.*.facts`)", &[&source, day, "MIT"])
}

/// Records the page that announces retirements.
pub(crate) fn retirement(page: &str, table: &Value) -> String {
    let source = &table["deprecationSource"];
    let text = |key: &str| source[key].as_str().unwrap_or("unknown").to_owned();
    let place = format!("{} {} {}", text("repo"), text("path"), text("commit"));
    let day = table["source"]["commitDate"].as_str().unwrap_or("unknown").to_owned();
    with_row(page, "retired versions (`retired-versions.facts`)", &[&place, &day, "facts only (the page is CC-BY-4.0)"])
}

/// Records the releases whose flags were compared.
pub(crate) fn az(page: &str, table: &Value) -> String {
    let releases: Vec<&str> =
        table["source"]["wheelsCompared"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let place = "signatures and argument registrations of the `acs` module of the azure-cli releases on PyPI";
    with_row(page, "flags (`az-aks.facts`)", &[place, &releases.join(", "), "MIT"])
}

/// Replaces the row that starts with `key`, or adds it to the end of the table.
fn with_row(page: &str, key: &str, cells: &[&str]) -> String {
    let row = format!("| {key} | {} |", cells.join(" | "));
    let start = format!("| {key} |");
    let mut lines: Vec<&str> = page.lines().collect();
    if let Some(at) = lines.iter().position(|line| line.starts_with(&start)) {
        lines[at] = &row;
    } else {
        let end = lines.iter().rposition(|line| line.starts_with("| ")).map_or(lines.len(), |at| at + 1);
        lines.insert(end, &row);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_replaced_and_not_repeated() {
        let once = types(EMPTY, "abc", "2026-01-01");
        let twice = types(&types(&once, "def", "2026-02-01"), "def", "2026-02-01");
        assert_eq!(once.lines().count(), twice.lines().count());
        assert!(twice.contains("def | 2026-02-01 | MIT") && !twice.contains("abc"));
        assert!(once.ends_with("```\n"));
    }
}
