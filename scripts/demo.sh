#!/usr/bin/env bash
# Sets everything up, then demonstrates the main function: a drawn camera, the demo model, an embedded broker, and the
# messages that a subscriber receives, compared with the drawn scenes.
#   ./scripts/demo.sh [--frames N] [--size 1280x720] [--seed N]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  setup
  exec node "$root/tools/demo/demo.ts" "$@"
}

main "$@"
