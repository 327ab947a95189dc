#!/usr/bin/env bash
# Runs Emacs with Eglot, without a screen, against the server.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/tools.sh"
need_server
need_debian emacs emacs-nox elpa-eglot
emacs --batch -q --eval '(condition-case nil (require (quote eglot)) (error (kill-emacs 1)))' 2>/dev/null || need_debian - elpa-eglot

T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
export PLUGIN=$here/../emacs EXPECTED=$here/../neovim/test/fixed.bicep HOME=$T
cp -r "$here/../vscode/test/e2e/workspace" "$T/demo"
emacs --version | head -1
(cd "$T/demo" && timeout 60 emacs --batch -q -l "$here/emacs.el")
echo "Emacs: all good"
