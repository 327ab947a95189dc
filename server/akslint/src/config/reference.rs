//! What `akslint.toml` may say: one table, from which come the JSON schema for editors and the page about it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::catalog;

/// A key of `akslint.toml`.
struct Key {
    name: &'static str,
    kind: Kind,
    /// What it is when it is not written, in TOML.
    default: &'static str,
    /// Sentences, in Markdown.
    description: &'static str,
    /// A line or two of TOML.
    example: &'static str,
}

/// What a key may be set to.
#[derive(Clone, Copy)]
enum Kind {
    /// A path, relative to the file it is written in.
    Path,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Codes, families, `all`.
    Rules,
    /// Patterns as in `.gitignore`, relative to the file they are written in.
    Patterns,
    Flag,
    /// A table from codes and families to severities.
    Levels,
    /// A list of tables with these keys.
    Overrides(&'static [Key]),
    /// Anything.
    Free,
}

const LEVELS: [&str; 5] = ["off", "hint", "info", "warning", "error"];

const IGNORE: Key = Key {
    name: "ignore",
    kind: Kind::Rules,
    default: "[]",
    description: "These rules do not run. The more exact word counts: a rule that is selected by its code runs although \
                  its family is ignored.",
    example: "ignore = [\"document\"]",
};

const LEVELS_KEY: Key = Key {
    name: "levels",
    kind: Kind::Levels,
    default: "{}",
    description: "Severities by code or family: `off`, `hint`, `info`, `warning` or `error`. The more exact word counts.",
    example: "[levels]\nschema = \"warning\"\nno-cluster-identity = \"error\"",
};

/// All keys, in the order of the page.
static KEYS: &[Key] = &[
    Key {
        name: "extend",
        kind: Kind::Path,
        default: "none",
        description: "Another configuration file that this one builds on. What is written here comes on top.",
        example: "extend = \"../akslint.toml\"",
    },
    Key {
        name: "fail-on",
        kind: Kind::Word(&["error", "warning", "info", "hint", "never"]),
        default: "\"error\"",
        description: "The least severity that makes the exit code 1. The configuration for the working directory counts.",
        example: "fail-on = \"warning\"",
    },
    Key {
        name: "select",
        kind: Kind::Rules,
        default: "[\"all\"]",
        description: "Only these rules run. A rule that is off by itself must be named by its code.",
        example: "select = [\"identity\", \"kubelet\"]",
    },
    Key {
        name: "extend-select",
        kind: Kind::Rules,
        default: "[]",
        description: "These rules run, too: also those that are off by themselves.",
        example: "extend-select = [\"principal-secret-exposed\"]",
    },
    IGNORE,
    LEVELS_KEY,
    Key {
        name: "unsuppressible",
        kind: Kind::Rules,
        default: "[]",
        description: "Nothing in a file silences these rules: no comment, no directive, no `metadata`. Who tries gets the \
                      diagnostic with a pointer at the attempt.",
        example: "unsuppressible = [\"secret-exposed\", \"service-principal\"]",
    },
    Key {
        name: "exclude",
        kind: Kind::Patterns,
        default: "[]",
        description: "Files and folders to skip. What is named on the command line is checked nevertheless.",
        example: "exclude = [\"vendor/\", \"**/generated/*.json\"]",
    },
    Key {
        name: "conditional-errors",
        kind: Kind::Flag,
        default: "false",
        description: "Whether errors that hold for some values of parameters only stay errors instead of becoming \
                      warnings.",
        example: "conditional-errors = true",
    },
    Key {
        name: "with-bicep",
        kind: Kind::Flag,
        default: "false",
        description: "Whether what the Bicep compiler reports by itself is reported in `.bicep` files as well.",
        example: "with-bicep = true",
    },
    Key {
        name: "overrides",
        kind: Kind::Overrides(&[
            Key {
                name: "paths",
                kind: Kind::Patterns,
                default: "required",
                description: "The files that are meant.",
                example: "paths = [\"test/**\"]",
            },
            IGNORE,
            LEVELS_KEY,
        ]),
        default: "[]",
        description: "Other settings for some files.",
        example: "[[overrides]]\npaths = [\"test/**\"]\nignore = [\"service-principal\"]\nlevels = { identity = \"info\" }",
    },
    Key {
        name: "tool",
        kind: Kind::Free,
        default: "{}",
        description: "Free for other programs: akslint does not look into it.",
        example: "[tool.notes]\nowner = \"platform team\"",
    },
];

/// The JSON schema of `akslint.toml`, for editors.
pub fn schema() -> Value {
    let mut words = vec!["all"];
    words.extend(rules::Family::ALL.into_iter().map(rules::Family::as_str));
    words.extend(catalog::rules().iter().map(|rule| rule.code));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "akslint.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties(KEYS),
        "definitions": { "rule": { "enum": words } },
    })
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    keys.iter().map(|key| (key.name.to_owned(), property(key))).collect()
}

fn property(key: &Key) -> Value {
    let rule = json!({ "$ref": "#/definitions/rule" });
    let mut value = match key.kind {
        Kind::Path => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Rules => json!({ "type": "array", "items": rule }),
        Kind::Patterns => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Levels => {
            json!({ "type": "object", "propertyNames": rule, "additionalProperties": { "enum": LEVELS } })
        }
        Kind::Overrides(keys) => json!({
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": required(keys),
                "properties": properties(keys),
            },
        }),
        Kind::Free => json!({ "type": "object" }),
    };
    value["description"] = key.description.replace('`', "").into();
    value
}

fn required(keys: &[Key]) -> Vec<&str> {
    keys.iter().filter(|key| key.default == "required").map(|key| key.name).collect()
}

/// The page about the keys, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Keys of akslint.toml\n\n<!-- Written by `cargo xtask docs` from the code; change it there. -->\n\n\
         `akslint config schema` prints the same as a JSON schema, for editors.\n",
    );
    for key in KEYS {
        let _ = write!(
            page,
            "\n## {}\n\n{}\n\n- Value: {}\n- Default: {}\n",
            key.name,
            key.description,
            in_words(key.kind),
            if key.default == "none" { key.default.to_owned() } else { format!("`{}`", key.default) },
        );
        if let Kind::Overrides(keys) = key.kind {
            page.push_str("- Keys of each table:\n");
            for key in keys {
                let _ = writeln!(page, "  - `{}`: {}. {}", key.name, in_words(key.kind), key.description);
            }
        }
        let _ = write!(page, "\n```toml\n{}\n```\n", key.example);
    }
    page
}

fn in_words(kind: Kind) -> String {
    match kind {
        Kind::Path => "a path, relative to this file".to_owned(),
        Kind::Word(words) => words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "),
        Kind::Rules => "a list of codes and families, or `all`".to_owned(),
        Kind::Patterns => "a list of patterns as in `.gitignore`, relative to this file".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Levels => "a table".to_owned(),
        Kind::Overrides(_) => "a list of tables".to_owned(),
        Kind::Free => "a table of anything".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse;

    #[test]
    fn every_example_is_one() {
        for key in KEYS {
            let path = Path::new("akslint.toml");
            parse(key.example, path).unwrap_or_else(|error| panic!("{}: {error:#}", key.name));
        }
    }

    #[test]
    fn the_table_has_the_keys_that_the_parser_knows() {
        let expected = |text: &str| {
            let error = parse(text, Path::new("akslint.toml")).unwrap_err().to_string();
            let known = error.split_once("expected one of").unwrap().1.lines().next().unwrap().to_owned();
            let mut known: Vec<_> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            known.sort();
            known
        };
        let names = |keys: &[Key]| {
            let mut names: Vec<_> = keys.iter().map(|key| key.name.to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(expected("zebra = 1"), names(KEYS));
        let Some(Kind::Overrides(keys)) = KEYS.iter().find(|key| key.name == "overrides").map(|key| key.kind) else {
            panic!("overrides are tables")
        };
        assert_eq!(expected("[[overrides]]\nzebra = 1"), names(keys));
    }
}
