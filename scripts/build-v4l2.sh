#!/usr/bin/env bash
# Builds build/native/v4l2.node, the addon that reads V4L2 cameras and camera JPEGs (native/v4l2). Half a minute; nothing
# changed: at once.
#
#   scripts/build-v4l2.sh              needs cmake, g++, libyuv-dev and libjpeg62-turbo-dev
#
# SCENECAST_ARCH=arm64|x64   target architecture (default: this machine's); another one's addon is put into
#                            build/native-<arch>
# CMAKE_TOOLCHAIN_FILE=...   toolchain file, for cross-compiling: native/arm64-linux-gnu.cmake
# SCENECAST_SYSROOT=...      where libyuv-dev, libjpeg62-turbo-dev and their libraries for the target architecture are
#                            unpacked, for cross-compiling
# SCENECAST_BUILD_DIR=...    default: <repository>/build
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-native.sh"

build_v4l2() {
  local arch output=$build_dir/native stamp wanted cmake_dir
  arch=$(node_arch "${SCENECAST_ARCH:-$(uname -m)}")
  [[ $arch == "$(node_arch "$(uname -m)")" ]] || output=$build_dir/native-$arch
  mkdir -p "$output"
  output=$output/v4l2.node stamp=$output.stamp cmake_dir=$build_dir/cmake-v4l2-$arch
  need "$repository/node_modules/node-addon-api/napi.h" 'run npm install with development dependencies'
  need "${SCENECAST_SYSROOT:-}/usr/include/libyuv.h" 'apt install libyuv-dev'
  need "${SCENECAST_SYSROOT:-}/usr/include/jpeglib.h" 'apt install libjpeg62-turbo-dev'
  wanted="$arch ${CMAKE_TOOLCHAIN_FILE:-} ${SCENECAST_SYSROOT:-} $(hash_files "$repository"/scripts/build-v4l2.sh \
    "$repository"/native/v4l2/{CMakeLists.txt,src/*})"
  if [[ -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -rf "$stamp" "$cmake_dir"
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    "-DNODE_INCLUDE_DIR=$(node_headers "$arch")"
    "-DNODE_ADDON_API_DIR=$repository/node_modules/node-addon-api"
    "-DSYSROOT_DIR=${SCENECAST_SYSROOT:-}"
  )
  [[ -z ${CMAKE_TOOLCHAIN_FILE:-} ]] || options+=("-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE")
  if command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S "$repository/native/v4l2" -B "$cmake_dir" "${options[@]}" >"$cmake_dir.log" 2>&1 ||
    {
      cat "$cmake_dir.log" >&2
      fail 'cmake could not configure the build'
    }
  cmake --build "$cmake_dir" --parallel "${SCENECAST_JOBS:-$(nproc)}"
  # Replaced in one step: a process that has the old file loaded keeps it.
  cp "$cmake_dir/out/v4l2.node" "$output.new"
  mv -f "$output.new" "$output"
  echo "$wanted" >"$stamp"
  say "built $output"
}

build_v4l2
