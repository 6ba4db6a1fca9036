#!/usr/bin/env bash
# Sets everything up, then runs the checks and all tests. Ends with: N passed, N failed, N skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

main() {
  # mosquitto: the broker and the clients that the docs use. ffmpeg: also needed at run time, for ffmpeg cameras. jinja2: for
  # Home Assistant's templates. zsh, fish: completion. The others: an RTSP server, and linters for shell scripts and C++.
  setup mosquitto mosquitto-clients ffmpeg python3-jinja2 zsh fish shellcheck shfmt clang-format \
    gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
  cd "$root"
  say 'checking format, lint, types, unused code'
  npm run --silent check >&2
  say 'running the tests'
  vitest run "$@"
}

main "$@"
