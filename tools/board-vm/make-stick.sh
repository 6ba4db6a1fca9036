#!/usr/bin/env bash
# make-stick.sh arm64|amd64 PACKAGE: what a person brings to a board, as a disk image below build/board-vm/<arch>:
#   provision.sh   interrupt.sh
#   offline/       the package, mosquitto, and all that these need and the board does not have
#   newer/         the same package with a higher version
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
package=$(realpath "${2:?a scenecast_*.deb}")
stick=$work/stick

download_debs() {
  local status=$work/board-status
  tar -xOf "$work/rootfs.tar" ./var/lib/dpkg/status >"$status"
  mkdir -p "$work/offline-archives/partial"
  private_apt apt-get update -qq
  private_apt apt-get install -qq -y --no-install-recommends --download-only -o "Dir::State::status=$status" \
    -o "Dir::Cache::archives=$work/offline-archives" "$package" mosquitto
  cp "$work"/offline-archives/*.deb "$stick/offline/"
}

raise_version() {
  local folder=$work/newer-package
  rm -rf "$folder"
  dpkg-deb -R "$package" "$folder"
  sed -i 's/^Version: .*/&+newer/' "$folder/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone -b "$folder" "$stick/newer" >/dev/null
  rm -rf "$folder"
}

make_stick() {
  say "a stick for $arch: $(basename "$package") and what it needs"
  rm -rf "$stick" "$work/offline-archives"
  mkdir -p "$stick"/{offline,newer}
  cp "$package" "$stick/offline/"
  download_debs
  raise_version
}

once stick "$(sha256sum <"$package") $(sha256sum <"${BASH_SOURCE[0]}") $(cat "$work/rootfs.stamp")" make_stick
cp "$repository/scripts/provision.sh" "$repository/tools/board-vm/interrupt.sh" "$stick/"
rm -f "$work/stick.img"
truncate -s 1500M "$work/stick.img"
mke2fs -q -t ext4 -O ^has_journal -F -d "$stick" -L stick "$work/stick.img"
