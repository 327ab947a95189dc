#!/usr/bin/env bash
# The hook `akslint` of pre-commit: builds the program in pre-commit's own copy of this repository, once for each version,
# and checks the repository it is run in. Arguments go to `akslint check`.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$source/.pre-commit-build
program=$root/bin/akslint
if [ ! -x "$program" ]; then
  echo "akslint: building it, which takes some minutes the first time" >&2
  # What is built on the way is not worth keeping.
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  CARGO_TARGET_DIR=$build cargo install --locked --quiet --path "$source/server/akslint" --root "$root" >&2
  rm -rf "$build"
fi
exec "$program" check "$@"
