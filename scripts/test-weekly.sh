#!/usr/bin/env bash
# Every test, and none skipped: builds the peer that some compare with, takes the long way where a test has one, and
# fails where one is skipped all the same. Then the peer's captions on the accuracy scenes. As root, for a test that
# mounts a file system. Ends with: N passed, N failed, N skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  local output=$root/build/test-weekly.log
  setup
  "$root/tools/accuracy/peer/build.sh"
  (cd "$root" && npm run --silent peer)
  SCENECAST_LONG=1 "$root/scripts/test.sh" "$@" | tee "$output"
  grep -q ', 0 skipped$' "$output" || fail "tests were skipped; $output names them"
}

main "$@"
