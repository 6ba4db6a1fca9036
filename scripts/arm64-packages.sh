#!/usr/bin/env bash
# Installs the packages for cross-compiling for arm64 and running the result under QEMU, as root on Debian. They take about
# 600 MB, so this is not part of scripts/setup.sh.
set -euo pipefail

# qemu-user and not qemu-user-static: only the former takes TCG plugins. binutils for its objdump, nm and readelf.
packages=(g++-aarch64-linux-gnu clang-19 binutils-aarch64-linux-gnu qemu-user debian-archive-keyring cmake ninja-build git g++)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || {
  echo "missing packages; as root, run: apt-get install ${missing[*]}" >&2
  exit 1
}
echo "installing ${missing[*]}" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
