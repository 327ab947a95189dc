#!/bin/sh
# Compiles the Tree-sitter grammar for Bicep to parser/bicep.so, where Neovim looks for it.
set -eu
cd "$(dirname "$0")"
grammar=../../grammars/bicep/src
mkdir -p parser
"${CC:-cc}" -O2 -fPIC -shared -I "$grammar" "$grammar/parser.c" "$grammar/scanner.c" -o parser/bicep.so
