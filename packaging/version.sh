#!/usr/bin/env bash
# Prints the version of akslint, as the only place that has it says it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
awk -F '"' '/^\[workspace\.package\]/ { found = 1 } found && /^version *=/ { print $2; exit }' "$root/Cargo.toml"
