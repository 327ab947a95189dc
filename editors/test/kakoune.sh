#!/usr/bin/env bash
# Runs Kakoune with kak-lsp, without a screen, against the server. kak-lsp is compiled on the first run (minutes).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/tools.sh"
need_server
need_debian kak kakoune
if ! command -v kak-lsp >/dev/null; then
  PATH=$EDITOR_CACHE/kakoune/bin:$PATH
  if ! command -v kak-lsp >/dev/null; then
    command -v cargo >/dev/null || skip "needs kak-lsp, and there is no cargo to build it"
    echo "building kak-lsp (some minutes) ..."
    timeout 1200 cargo install --quiet --locked kak-lsp --version 22.0.0 --root "$EDITOR_CACHE/kakoune" ||
      skip "kak-lsp cannot be built"
  fi
fi

T=$(mktemp -d)
session=akslint-$$
export HOME=$T XDG_RUNTIME_DIR=$T XDG_CONFIG_HOME=$T/config TMPDIR=$T
trap 'kak -p "$session" <<<"kill!" 2>/dev/null || true; rm -rf "$T" 2>/dev/null || { sleep 1; rm -rf "$T"; }' EXIT
mkdir -p "$T/config/kak" "$T/bin"
ln -s "$AKSLINT" "$T/bin/akslint"
export PATH=$T/bin:$PATH
cp -r "$here/../vscode/test/e2e/workspace" "$T/demo"
touch "$T/demo/akslint.toml"
printf 'eval %%sh{kak-lsp}\nsource "%s"\n' "$here/../kakoune/akslint.kak" > "$T/config/kak/kakrc"
kak -version
(cd "$T/demo" && exec timeout 60 kak -s "$session" -ui dummy main.bicep >"$T/log" 2>&1) &

# does COMMANDS: in the only client.
does() { kak -p "$session" <<<"evaluate-commands -client client0 %{ $1 }" 2>/dev/null || true; }

# until_is TEXT EXPANSION...: waits until the expansion is that.
until_is() {
  local wanted=$1 answer=
  for _ in $(seq 100); do
    does "echo -to-file $T/answer -- $2"
    sleep 0.05
    answer=$(cat "$T/answer" 2>/dev/null || true)
    [ "$answer" != "$wanted" ] || return 0
  done
  echo "waited in vain for $2 to be $wanted; it is '$answer'" >&2
  cat "$T/log" >&2
  return 1
}

until_is bicep '%opt{filetype}'
until_is 1 '%opt{lsp_diagnostic_error_count}'
echo "  one error in main.bicep"
does 'edit -existing azuredeploy.json'
until_is json '%opt{filetype}'
until_is 1 '%opt{lsp_diagnostic_error_count}'
echo "  one error in azuredeploy.json"
does 'edit -existing main.bicep'
# A person would pick the first entry of the menu: a title, then what it does.
does 'define-command -hidden -override lsp-perform-code-action -params 1.. %{ evaluate-commands %arg{2} }'
does 'select 18.12,18.12; lsp-code-actions quickfix'
until_is 0 '%opt{lsp_diagnostic_error_count}'
does "write! $T/fixed.bicep"
for _ in $(seq 40); do [ -s "$T/fixed.bicep" ] && break; sleep 0.05; done
diff "$here/../neovim/test/fixed.bicep" "$T/fixed.bicep"
echo "  fixed"
echo "Kakoune: all good"
