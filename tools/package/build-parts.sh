#!/usr/bin/env bash
# build-parts.sh arm64|amd64: builds the inputs of the package: npm packages with Node in
# build/package/<arch>/packages, native parts in build/native (this machine's architecture) or build/native-<arch>.
# Called by package-deb.ts, after scripts/setup.sh.
set -euo pipefail

arch=${1:?arm64 or amd64}
work=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/package/$arch
# shellcheck source-path=SCRIPTDIR source=../../scripts/other-arch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/other-arch.sh"

main() {
  local script run
  # shellcheck disable=SC2154 # set by other-arch.sh
  local scripts=$repository/scripts
  # The modules that are packaged (stage.ts).
  case $arch in
    arm64) export SCENECAST_CPU_MODULES='a720 a76 a72' ;;
    amd64) export SCENECAST_CPU_MODULES='' ;;
  esac
  if [ "$arch" = "$(dpkg --print-architecture)" ]; then
    run=
  else
    "$scripts/arm64-packages.sh"
    run=cross_build
  fi
  for script in build-native.sh build-v4l2.sh build-sd-notify.sh build-cpu.sh; do
    if [ -n "$run" ]; then "$run" "$script"; else "$scripts/$script"; fi
  done
  once packages "$(sha256sum <"$scripts/../package-lock.json")" install_npm_packages "$work/packages"
}

main
