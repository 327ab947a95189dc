#!/usr/bin/env bash
# Installs a released akslint for this machine, after comparing its checksum.
#
#   install.sh VERSION FOLDER
#
# VERSION is like 0.1.0, FOLDER gets the program. $AKSLINT_RELEASES is where the releases are, if not on GitHub.
set -euo pipefail

version=${1:?a version}
folder=${2:?a folder}
releases=${AKSLINT_RELEASES:-https://github.com/akslint/akslint/releases/download}

case $(uname -s) in
  Linux) system=unknown-linux-gnu ;;
  Darwin) system=apple-darwin ;;
  MINGW* | MSYS* | CYGWIN*) system=pc-windows-msvc ;;
  *) echo "no release for $(uname -s)" >&2; exit 1 ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) echo "no release for $(uname -m)" >&2; exit 1 ;;
esac

name=akslint-$machine-$system
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
for file in "$name.tar.gz" SHA256SUMS; do
  curl --fail --silent --show-error --location --retry 3 --output "$temporary/$file" "$releases/v${version#v}/$file"
done
cd "$temporary"
if ! grep " [ *]*$name.tar.gz\$" SHA256SUMS >expected; then
  echo "SHA256SUMS does not list $name.tar.gz" >&2
  exit 1
fi
if command -v sha256sum >/dev/null; then sha256sum --check --status expected; else shasum -a 256 --check --status expected; fi || {
  echo "$name.tar.gz is not what SHA256SUMS says" >&2
  exit 1
}
tar -xzf "$name.tar.gz"
cd - >/dev/null
mkdir -p "$folder"
for program in "$temporary/$name"/akslint "$temporary/$name"/akslint.exe; do
  if [ -f "$program" ]; then
    cp "$program" "$folder/"
    echo "$folder/$(basename "$program")"
  fi
done
