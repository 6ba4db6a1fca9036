#!/usr/bin/env bash
# Runs every test and fails if one is skipped: installs the brokers that are tested beside mosquitto, builds the arm64 modules
# and the peer that some tests need, and runs the long form of tests that have one. Also counts the peer's exact captions on
# the accuracy scenes. Run it as root on x86-64 Debian 12: a test mounts a file system, and the C++ style needs clang-format
# 14. Ends with: N passed, N failed, N skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  local output=$root/build/test-weekly.log
  setup rabbitmq-server ejabberd
  "$root/scripts/build-arm64.sh"
  "$root/tools/accuracy/peer/build.sh"
  (cd "$root" && npm run --silent peer)
  SCENECAST_LONG=1 "$root/scripts/test.sh" "$@" | tee "$output"
  grep -q ', 0 skipped$' "$output" || fail "tests were skipped; $output names them"
}

main "$@"
