#!/usr/bin/env bash
# Builds what is released for one target: one program without libraries beside it, in an archive with its licence,
# completions and manual page.
#
#   packaging/release.sh [TARGET]     the target is this machine's if none is named
#
# Writes dist/akslint-TARGET.tar.gz and prints its path. Fails if the program is not static (Linux) or larger than
# 10 MiB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
target=${1:-$host}
limit=$((10 * 1024 * 1024))

# What a static program is made of differs: the flag covers glibc and Microsoft's C library, Apple has no such thing.
case $target in
  *-windows-msvc) RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" ;;
  # Functions that are equal are one, and relocations take a bit each instead of 24 bytes.
  x86_64-*-linux-*)
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
    RUSTFLAGS="$RUSTFLAGS -C link-arg=-Wl,--icf=all -C link-arg=-Wl,-z,pack-relative-relocs"
    ;;
  *-linux-*) RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" ;;
  *) RUSTFLAGS=${RUSTFLAGS:-} ;;
esac
export RUSTFLAGS
# Named even if it is the host: only then do the flags not reach build scripts and macros.
cargo build --release --locked --package akslint --target "$target" >&2

suffix=
case $target in *windows*) suffix=.exe ;; esac
program=${CARGO_TARGET_DIR:-target}/$target/release/akslint$suffix

size=$(wc -c <"$program")
echo "$program: $size bytes" >&2
if [ "$size" -ge "$limit" ]; then
  echo "larger than $limit bytes" >&2
  exit 1
fi
if [ "$target" = "$host" ]; then
  case $target in
    *-linux-*)
      if ! ldd "$program" 2>&1 | grep -Eq 'statically linked|not a dynamic executable'; then
        echo "it needs libraries:" >&2
        ldd "$program" >&2
        exit 1
      fi
      ;;
  esac
fi

name=akslint-$target
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/$name/completions" dist
cp "$program" LICENSE README.md CHANGELOG.md "$folder/$name/"
if [ "$target" = "$host" ]; then
  for shell in bash zsh fish powershell elvish; do
    "$program" completions "$shell" >"$folder/$name/completions/akslint.$shell"
  done
  mkdir "$folder/$name/man"
  "$program" man >"$folder/$name/man/akslint.1"
  for command in check identities server explain rules schema config completions doctor; do
    "$program" man "$command" >"$folder/$name/man/akslint-$command.1"
  done
else
  rmdir "$folder/$name/completions"
fi
tar -C "$folder" -czf "dist/$name.tar.gz" "$name"
echo "dist/$name.tar.gz"
