#!/usr/bin/env bash
# Writes SHA256SUMS for all archives in a folder.
#
#   packaging/checksums.sh [FOLDER]     the folder is dist if none is named
set -euo pipefail
cd "${1:-dist}"
if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
"${sum[@]}" -- *.tar.gz *.vsix 2>/dev/null >SHA256SUMS || "${sum[@]}" -- *.tar.gz >SHA256SUMS
cat SHA256SUMS
