#!/usr/bin/env bash
# Builds build/native/sd-notify.node, the addon that talks to systemd (native/sd-notify). Seconds; nothing changed: at once.
#
#   scripts/build-sd-notify.sh         needs cmake and g++
#
# SCENECAST_ARCH=arm64|x64   target architecture (default: this machine's); another one's addon is put into
#                            build/native-<arch>
# CMAKE_TOOLCHAIN_FILE=...   toolchain file, for cross-compiling: native/arm64-linux-gnu.cmake
# SCENECAST_BUILD_DIR=...    default: <repository>/build
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-native.sh"

build_sd_notify() {
  local arch output=$build_dir/native stamp wanted cmake_dir
  arch=$(node_arch "${SCENECAST_ARCH:-$(uname -m)}")
  [[ $arch == "$(node_arch "$(uname -m)")" ]] || output=$build_dir/native-$arch
  mkdir -p "$output"
  output=$output/sd-notify.node stamp=$output.stamp cmake_dir=$build_dir/cmake-sd-notify-$arch
  need "$repository/node_modules/node-addon-api/napi.h" 'run npm install with development dependencies'
  wanted="$arch ${CMAKE_TOOLCHAIN_FILE:-} $(hash_files "$repository"/scripts/build-sd-notify.sh \
    "$repository"/native/sd-notify/{CMakeLists.txt,src/*})"
  if [[ -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -rf "$stamp" "$cmake_dir"
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    "-DNODE_INCLUDE_DIR=$(node_headers "$arch")"
    "-DNODE_ADDON_API_DIR=$repository/node_modules/node-addon-api"
  )
  [[ -z ${CMAKE_TOOLCHAIN_FILE:-} ]] || options+=("-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE")
  if command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S "$repository/native/sd-notify" -B "$cmake_dir" "${options[@]}" >"$cmake_dir.log" 2>&1 ||
    {
      cat "$cmake_dir.log" >&2
      fail 'cmake could not configure the build'
    }
  cmake --build "$cmake_dir"
  # Replaced in one step: a process that has the old file loaded keeps it.
  cp "$cmake_dir/out/sd-notify.node" "$output.new"
  mv -f "$output.new" "$output"
  echo "$wanted" >"$stamp"
  say "built $output"
}

build_sd_notify
