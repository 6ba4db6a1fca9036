#!/usr/bin/env bash
# Installs what the board VM needs on a Debian machine, as root: emulators and tools to make a system image with. Heavy
# (about 1 GB), so it is not part of scripts/setup.sh.
set -euo pipefail

packages=(
  qemu-system-arm qemu-system-x86 qemu-user-static binfmt-support arch-test
  mmdebstrap debian-archive-keyring e2fsprogs kmod cpio gzip xz-utils openssh-client
  cmake ninja-build g++ g++-aarch64-linux-gnu libyuv-dev libjpeg62-turbo-dev
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "board-vm: installing ${missing[*]}" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
