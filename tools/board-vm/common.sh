# shellcheck shell=bash
# Shared by the scripts of this folder: which architecture, where things are kept.
set -euo pipefail

arch=${1:?arm64 or amd64}
# Everything is created here and kept for the next run; remove it to start over.
vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/board-vm
work=$vm_dir/$arch
# Bookworm's folders have no suffix.
[ "${SCENECAST_DEBIAN:-bookworm}" = bookworm ] || work+=-$SCENECAST_DEBIAN
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/other-arch.sh"
say() { printf 'board-vm: %s\n' "$*" >&2; }
