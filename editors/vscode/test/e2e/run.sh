#!/usr/bin/env bash
# Installs the packaged extension into the real workbench and uses it.
#
#   test/e2e/run.sh [--update] [SCENE...]
#
# $AKSLINT is the server (built if unset). Pictures of every scene go to out/pictures; --update takes those that README and
# walkthrough show over into images/ (needs ImageMagick). Scenes: api, untrusted, grammar, pictures; all by default.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
extension=$(cd "$here/../.." && pwd)
source "$extension/../test/tools.sh"

pictures=$extension/out/pictures
update=
if [ "${1:-}" = --update ]; then update=1; shift; fi
scenes=${*:-api untrusted grammar pictures}

need_server
need_vscode

T=$(mktemp -d)
server_pid=
stop() { [ -z "$server_pid" ] || { kill "$server_pid" 2>/dev/null; wait "$server_pid" 2>/dev/null || true; server_pid=; }; }
trap 'stop; [ -n "${KEEP:-}" ] || rm -rf "$T"' EXIT

vsce=$extension/node_modules/@vscode/vsce/vsce
node "$extension/scripts/package.mjs" --server "$AKSLINT" --out "$T/akslint.vsix"
for stand_in in probe other-bicep; do
  (cd "$here/$stand_in" && node "$vsce" package --no-dependencies --allow-missing-repository --skip-license \
    --out "$T/$stand_in.vsix" >/dev/null)
done

# fresh NAME EXTENSION...: a workbench of its own, with its own copy of the workspace.
fresh() {
  W=$T/$1; shift
  mkdir -p "$W/data/User" "$W/config"
  cp -r "$here/workspace" "$W/demo"
  cat > "$W/data/User/settings.json" <<'J'
{
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "json.schemaDownload.enable": false,
  "json.validate.enable": false,
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "workbench.activityBar.location": "hidden",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.colorTheme": "Default Dark Modern"
}
J
  local vsix
  for vsix in "$@"; do (code --install-extension "$T/$vsix.vsix" >/dev/null 2>>"$T/log"); done
}

# The workbench writes into its home when it starts; not into the user's. To be called in a subshell, which it replaces: so
# that a signal for that job is one for the workbench, which then ends everything it started.
code() {
  export HOME=$W XDG_CONFIG_HOME=$W/config
  exec "$CODE" --user-data-dir "$W/data" --extensions-dir "$W/extensions" "$@"
}

# serve [OPTION...]: sets URL.
serve() {
  local port
  port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
  code --bind-addr "127.0.0.1:$port" --auth none --disable-telemetry --disable-update-check \
    --disable-getting-started-override "$@" "$W/demo" >>"$T/log" 2>&1 &
  server_pid=$!
  URL=http://127.0.0.1:$port
  for _ in $(seq 200); do
    curl -s -o /dev/null "$URL/healthz" && return
    sleep 0.05
  done
  tail -20 "$T/log" >&2
  echo "the workbench does not start" >&2
  return 1
}

drive() { timeout 180 node "$here/drive.mjs" "$@"; }

# probe SCENE [OPTION...]: assertions inside the extension host.
probe() {
  local scene=$1; shift
  export PROBE_SCENE=$scene PROBE_OUT=$W/probe.json
  serve "$@"
  local code=0
  drive wait "$URL" "$W/demo" "$PROBE_OUT" || code=$?
  stop
  return "$code"
}

for scene in $scenes; do
  printf '\n-- %s\n' "$scene"
  case $scene in
    api)
      fresh other akslint probe
      probe 'other files' --disable-workspace-trust
      fresh start akslint probe
      probe start --disable-workspace-trust
      fresh templates akslint probe
      probe templates --disable-workspace-trust
      ;;
    untrusted)
      fresh untrusted akslint probe
      mkdir "$W/demo/.vscode"
      printf '#!/bin/sh\ntouch "%s"\n' "$W/trapped" > "$W/demo/trap.sh"
      chmod +x "$W/demo/trap.sh"
      printf '{ "akslint.server.path": "%s" }\n' "$W/demo/trap.sh" > "$W/demo/.vscode/settings.json"
      export PROBE_TRAP=$W/trapped
      probe untrusted
      # The same workspace, trusted: now it does run, so the test above can fail.
      rm "$PROBE_OUT"
      probe trusted --disable-workspace-trust
      ;;
    grammar)
      # The colours of the grammar alone, without those that the server adds.
      grammar_alone() { sed -i 's/^{$/{ "editor.semanticHighlighting.enabled": false,/' "$W/data/User/settings.json"; }
      fresh ours akslint
      grammar_alone
      serve --disable-workspace-trust
      drive colours "$URL" "$W/demo" ours
      stop
      fresh theirs other-bicep akslint
      grammar_alone
      serve --disable-workspace-trust
      drive colours "$URL" "$W/demo" theirs
      stop
      ;;
    pictures)
      mkdir -p "$pictures"
      for theme in dark light; do
        fresh "$theme" akslint
        [ "$theme" = dark ] || sed -i 's/Default Dark Modern/Default Light Modern/' "$W/data/User/settings.json"
        serve --disable-workspace-trust
        drive pictures "$URL" "$W/demo" "$theme" "$pictures"
        stop
      done
      ;;
    *) echo "no such scene: $scene" >&2; exit 2 ;;
  esac
done
if [ -n "$update" ]; then
  for picture in "$pictures"/{problems,hover,completion,fix,json,explain,map}-{dark,light}.png; do
    [ ! -e "$picture" ] || convert "$picture" -strip +dither -colors 64 -define png:compression-level=9 "$extension/images/$(basename "$picture")"
  done
fi
printf '\nVS Code: all good; pictures in %s\n' "$pictures"
