//! The binary: `lsp/` and `check/`, configuration, output formats, exit codes.
