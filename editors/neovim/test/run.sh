#!/usr/bin/env bash
# Runs Neovim without a screen against the server: a version with vim.lsp.enable, and Debian's old one if it is there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../test/tools.sh"
need_server
need_neovim

T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
export PLUGIN=$here/.. EXPECTED=$here/fixed.bicep HOME=$T XDG_CONFIG_HOME=$T/config XDG_DATA_HOME=$T/data XDG_STATE_HOME=$T/state XDG_CACHE_HOME=$T/cache

# run NVIM INIT
run() {
  "$1" --version | head -1
  rm -rf "$T/demo"
  cp -r "$here/../../vscode/test/e2e/workspace" "$T/demo"
  (cd "$T/demo" && timeout 60 "$1" --headless -u "$here/$2" -i NONE -n main.bicep -c "luafile $here/drive.lua")
}

if command -v "${CC:-cc}" >/dev/null; then
  "$here/../build-parser.sh"
  export PARSER=1
else
  echo "no C compiler: highlighting is not tested" >&2
fi
run "$NVIM" init-new.lua
unset PARSER
old=$(command -v nvim || true)
if [ -n "$old" ] && [ "$("$old" --version | head -1)" != "$("$NVIM" --version | head -1)" ]; then
  run "$old" init-old.lua
else
  echo "no older Neovim here: only the new one was tested" >&2
fi
echo "Neovim: all good"
