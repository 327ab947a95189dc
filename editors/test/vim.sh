#!/usr/bin/env bash
# Runs Vim with ALE, without a screen, against the server.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/tools.sh"
need_server
need_debian - vim-nox vim-ale

T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
export HOME=$T AKSLINT PLUGIN=$here/../vim EXPECTED=$here/../neovim/test/fixed.bicep
cp -r "$here/../vscode/test/e2e/workspace" "$T/demo"
vim.nox --version | head -1
(cd "$T/demo" && timeout 60 vim.nox -es -N -u "$here/vim.vim" -i NONE main.bicep -c "source $here/drive.vim" >"$T/log" 2>&1) || {
  cat "$T/log" "$T/result" 2>/dev/null; echo "Vim: failed" >&2; exit 1; }
cat "$T/result"
echo "Vim: all good"
