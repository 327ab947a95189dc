#!/usr/bin/env bash
# What the GitHub Action does once akslint is there: annotations, a SARIF file, and the summary of the job. Inputs come
# as variables, never as text of a script.
set -euo pipefail

program=${AKSLINT:-akslint}
sarif=${INPUT_SARIF_FILE:-akslint.sarif}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

arguments=(check --format github --output-file "sarif=$sarif" --output-file "markdown=$temporary/summary.md")
# GitHub looks for files from the top of the checkout, wherever this is run.
if [ -n "${GITHUB_WORKSPACE:-}" ]; then arguments+=("--relative-to=$GITHUB_WORKSPACE"); fi
if [ -n "${INPUT_FAIL_ON:-}" ]; then arguments+=(--fail-on "$INPUT_FAIL_ON"); fi
if [ -n "${INPUT_SINCE:-}" ]; then arguments+=("--since=$INPUT_SINCE"); fi
# One to a line, so that names may have blanks. The shells of macOS are too old for `mapfile`.
while IFS= read -r argument; do
  if [ -n "$argument" ]; then arguments+=("$argument"); fi
done <<<"${INPUT_ARGS:-}"
arguments+=(--)
while IFS= read -r path; do
  if [ -n "$path" ]; then arguments+=("$path"); fi
done <<<"${INPUT_PATHS:-.}"

code=0
"$program" "${arguments[@]}" || code=$?

if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$temporary/summary.md" ]; then
  cat "$temporary/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  {
    echo "exit-code=$code"
    # Wrong usage leaves no file behind; there is nothing to upload then.
    if [ -f "$sarif" ]; then echo "sarif-file=$sarif"; fi
  } >>"$GITHUB_OUTPUT"
fi
exit "$code"
