#!/usr/bin/env bash
# Fuzzes targets, each for some seconds; what fails is left in fuzz/artifacts. At the end it says of each target how many inputs it ran
# in how many hours, and how many of them went somewhere new.
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

# Each template of the documentation has a number; numbers without one cost nothing.
mkdir -p fuzz/corpus/prefixes
for number in $(seq 0 1023); do
  printf "\\$(printf '%03o' $((number / 256)))\\$(printf '%03o' $((number % 256)))" >"fuzz/corpus/prefixes/$number"
done

# The address sanitizer watches the parsers in C and makes everything some twenty times slower. Where rules run, which cannot have what it
# looks for, it is left out: that many more inputs are worth more. Inputs are as long as a target can make use of.
options() {
  case $1 in
    mutations) echo "--sanitizer none --no-trace-compares -- -max_len=96" ;;
    edits) echo "--sanitizer none --no-trace-compares -- -max_len=256" ;;
    templates) echo "--sanitizer none --no-trace-compares -- -max_len=4096" ;;
    # All of them once.
    prefixes) echo "--sanitizer none --no-trace-compares -- -runs=0" ;;
    *) echo "-- -max_len=1024" ;;
  esac
}

failed=()
summary=''
log=$(mktemp)
trap 'rm -f "$log"' EXIT
stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
for target in $targets; do
  mkdir -p "fuzz/corpus/$target" "fuzz/regressions/$target"
  printf '\n== fuzz: %s\n' "$target"
  # What is built is not counted.
  # shellcheck disable=SC2046 # several words
  cargo fuzz build "$target" $(options "$target" | sed 's/ *-- .*//')
  start=$SECONDS
  result=''
  # shellcheck disable=SC2046 # several words
  cargo fuzz run "$target" "fuzz/corpus/$target" "fuzz/regressions/$target" $(options "$target") \
    -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 -len_control=0 -print_final_stats=1 2>&1 | tee "$log" || {
    failed+=("$target")
    result=', failed'
  }
  # Where everything is run once, there are no statistics, but the last line says how many it was.
  executed=$(stat number_of_executed_units)
  hours=$(awk "BEGIN { printf \"%.2f\", ($SECONDS - $start) / 3600 }")
  summary+=$(printf '\n%-12s %9s inputs in %s h, %s new%s' "$target" "${executed:-?}" "$hours" "$(stat new_units_added)" "$result")$'\n'
done
printf '\nfuzz: failed: %s\n%s' "${failed[*]:-none}" "${summary//$'\n\n'/$'\n'}"
[ ${#failed[@]} -eq 0 ]
