#!/usr/bin/env bash
# Shared by the build scripts of the small addons, which source it:
#
#   build_addon NAME [CMAKE_OPTION...]     builds native/NAME into build/native/NAME.node
#
# SCENECAST_ARCH=arm64|x64   target architecture (default: this machine's); for another one the output goes to
#                            build/native-<arch>
# CMAKE_TOOLCHAIN_FILE=...   toolchain file, for cross-compiling: native/arm64-linux-gnu.cmake
# SCENECAST_BUILD_DIR=...    default: <repository>/build
# SCENECAST_JOBS=n           parallel compile jobs (default: one per processor)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-native.sh"

build_addon() {
  local name=$1 arch output=$build_dir/native stamp wanted cmake_dir
  shift
  arch=$(node_arch "${SCENECAST_ARCH:-$(uname -m)}")
  [[ $arch == "$(node_arch "$(uname -m)")" ]] || output=$build_dir/native-$arch
  mkdir -p "$output"
  output=$output/$name.node stamp=$output.stamp cmake_dir=$build_dir/cmake-$name-$arch
  need "$repository/node_modules/node-addon-api/napi.h" 'run npm install with development dependencies'
  wanted="$arch ${CMAKE_TOOLCHAIN_FILE:-} $* $(hash_files "$repository/scripts/build-addon.sh" \
    "$repository"/native/napi/*.{cmake,h} "$repository/native/$name"/{CMakeLists.txt,src/*})"
  if [[ -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -rf "$stamp" "$cmake_dir"
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    "-DNODE_INCLUDE_DIR=$(node_headers "$arch")"
    "-DNODE_ADDON_API_DIR=$repository/node_modules/node-addon-api"
    "$@"
  )
  [[ -z ${CMAKE_TOOLCHAIN_FILE:-} ]] || options+=("-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE")
  if command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S "$repository/native/$name" -B "$cmake_dir" "${options[@]}" >"$cmake_dir.log" 2>&1 ||
    {
      cat "$cmake_dir.log" >&2
      fail 'cmake could not configure the build'
    }
  cmake --build "$cmake_dir" --parallel "${SCENECAST_JOBS:-$(nproc)}"
  # Replaced atomically: a process that has loaded the old file keeps it.
  cp "$cmake_dir/out/$name.node" "$output.new"
  mv -f "$output.new" "$output"
  echo "$wanted" >"$stamp"
  say "built $output"
}
