#!/usr/bin/env bash
# Sets everything up, then runs the checks and all tests. Ends with: N passed, N failed, N skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  setup mosquitto
  cd "$root"
  say 'checks: format, lint, types, unused code'
  npm run --silent check >&2
  say 'tests'
  vitest run "$@"
}

main "$@"
