#!/usr/bin/env bash
# Fuzzes targets, each for some seconds; what fails is left in fuzz/artifacts.
#
#   fuzz/run.sh SECONDS [TARGET...]     all targets if none is named
#
# Needs cargo-fuzz (`cargo install cargo-fuzz`), and takes a stable compiler at its word that it is a nightly one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?seconds for each target}
shift
targets=${*:-$(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')}
export RUSTC_BOOTSTRAP=1

# Inputs to start from: the first byte says which kind of file the rest is (see tests/fuzzing/src/templates.rs).
mkdir -p fuzz/corpus/templates fuzz/corpus/scripts fuzz/corpus/expressions
seed() { printf "\\$(printf '%03o' "$1")" | cat - "$2" >"fuzz/corpus/templates/seed-$(basename "$2")"; }
for file in examples/*/*.bicep examples/*/*/*.bicep; do seed 0 "$file"; done
for file in examples/*/*.json; do seed 1 "$file"; done
for file in examples/*/*.bicepparam; do seed 2 "$file"; done
for file in packaging/*.sh; do seed 4 "$file"; done
for file in .github/workflows/*.yml; do seed 7 "$file"; done
for file in docs/ci.md server/rules/CONTRIBUTING.md; do seed 8 "$file"; done

failed=()
for target in $targets; do
  mkdir -p "fuzz/corpus/$target" "fuzz/regressions/$target"
  printf '\n== fuzz: %s\n' "$target"
  cargo fuzz run "$target" "fuzz/corpus/$target" "fuzz/regressions/$target" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 || failed+=("$target")
done
printf '\nfuzz: failed: %s\n' "${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
