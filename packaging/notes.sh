#!/usr/bin/env bash
# Prints what CHANGELOG.md says about the present version.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$("$root/packaging/version.sh")
notes=$(awk -v version="$version" '/^## / { found = index($2, version) == 1 && length($2) == length(version); next } found' "$root/CHANGELOG.md")
if [ -z "${notes//[[:space:]]/}" ]; then
  echo "CHANGELOG.md says nothing about $version" >&2
  exit 1
fi
printf '%s\n' "$notes"
