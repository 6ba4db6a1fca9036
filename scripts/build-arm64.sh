#!/usr/bin/env bash
# Cross-compiles the whole native part for arm64 boards into build/native-arm64 (mtmd.node, v4l2.node, sd-notify.node,
# cpu/*.so). For the tests under QEMU it also creates build/arm64/project: the project as on a board, with arm64 packages and
# Node. Takes a quarter of an hour the first time, and seconds if nothing has changed. Run it on x86-64 Debian, after
# scripts/setup.sh.
#
# SCENECAST_JOBS=n   parallel compile jobs (default: one per processor)
set -euo pipefail

arch=arm64
work=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/arm64
source "$(dirname "${BASH_SOURCE[0]}")/other-arch.sh"

main() {
  local project=$work/project
  [ "$(uname -m)" != aarch64 ] ||
    {
      echo 'build-arm64: this machine is arm64: run scripts/setup.sh, which builds everything natively' >&2
      exit 1
    }
  "$repository/scripts/arm64-packages.sh"
  cross_build build-native.sh
  cross_build build-v4l2.sh
  cross_build build-sd-notify.sh
  cross_build build-cpu.sh
  make_project "$project" tools/arm64
  mkdir -p "$project/build/native" "$project/models"
  # Only newer files are copied: the others may be in use.
  cp -au "$repository/build/native-arm64/." "$project/build/native/"
  ln -sfn "$repository/models/demo" "$project/models/demo"
}

main "$@"
