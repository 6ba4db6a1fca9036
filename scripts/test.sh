#!/usr/bin/env bash
# Sets everything up, then runs the checks and all tests. Ends with: N passed, N failed, N skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_node_red() {
  say 'installing Node-RED'
  (cd "$node_red" && PATH="$toolchain_node:$PATH" node "$toolchain/node_modules/npm/bin/npm-cli.js" "${npm_ci[@]}" >&2)
}

main() {
  local node_red=$root/tools/node-red
  # mosquitto: the broker and the clients that the docs use. ffmpeg: also needed at run time, for ffmpeg cameras. jinja2: for
  # Home Assistant's templates. zsh, fish: completion. The others: an RTSP server, and linters for shell scripts and C++.
  setup mosquitto mosquitto-clients ffmpeg python3-jinja2 zsh fish chromium shellcheck shfmt clang-format \
    gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
  # It runs docs/node-red/flow.json. Here and not in the project's own packages: it brings 240 of its own.
  once_for_lock "$node_red/package-lock.json" "$node_red/node_modules/.scenecast-lock" install_node_red
  cd "$root"
  say 'checking format, lint, types, unused code'
  npm run --silent check >&2
  say 'running the tests'
  vitest run "$@"
}

main "$@"
