#!/usr/bin/env bash
# Sets everything up, then shows the main job: a drawn camera, the demo model, an embedded broker, and what a
# subscriber receives beside what was drawn.   ./scripts/demo.sh [--frames N] [--size 1280x720] [--seed N]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  setup
  exec node "$root/tools/demo/demo.ts" "$@"
}

main "$@"
