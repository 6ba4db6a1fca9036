#!/usr/bin/env bash
# Builds build/native/mtmd.node: libmtmd from llama.cpp's source (as node-llama-cpp ships it, plus our
# patches) and the addon around it, linked to node-llama-cpp's prebuilt libllama and ggml.
#
#   scripts/build-native.sh            build for this machine; takes a second if nothing has changed
#   scripts/build-native.sh --force    build even if the stamp says it is up to date
#
# SCENECAST_ARCH=arm64|x64   target architecture (default: this machine's); for another one the output goes to
#                            build/native-<arch>
# CMAKE_TOOLCHAIN_FILE=...   toolchain file, for cross-compiling
# SCENECAST_BUILD_DIR=...    default: <repository>/build
# SCENECAST_JOBS=n           parallel compile jobs (default: one per processor)
# SCENECAST_PATCHES_DIR=...  the addon's patches, default: <repository>/native/mtmd/patches
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=${SCENECAST_BUILD_DIR:-$repository/build}
source_dir=$build_dir/llama.cpp
patches_dir=${SCENECAST_PATCHES_DIR:-$repository/native/mtmd/patches}
cpu_patches_dir=$repository/native/cpu/patches
bundle=$repository/node_modules/node-llama-cpp/llama/gitRelease.bundle

say() { printf 'build-native: %s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

need() {
  [[ -e $1 ]] || fail "$1 is missing: $2"
}

# The name Node gives an architecture.
node_arch() {
  case $1 in
    x64 | x86_64 | amd64) echo x64 ;;
    arm64 | aarch64) echo arm64 ;;
    *) fail "unsupported architecture: $1 (supported: x64, arm64)" ;;
  esac
}

# apply_patches TREE PATCH...: applies each patch to the git work tree; exits and names the first that fails.
apply_patches() {
  local tree=$1 patch
  shift
  # Inside another repository's tree git would silently skip the patches.
  [[ $(git -C "$tree" rev-parse --show-toplevel) == "$(realpath "$tree")" ]] || fail "$tree is not a git work tree"
  for patch in "$@"; do
    git -C "$tree" apply --whitespace=nowarn "$patch" ||
      fail "$(basename "$patch") no longer applies to $tree; renew it as described in native/mtmd/README.md"
    say "applied $(basename "$patch")"
  done
}

# Prints one hash over the content of all files.
hash_files() { cat "$@" | sha256sum | cut -d' ' -f1; }

# Clones the source once, and patches it again only if the bundle or a patch has changed. The addon and the CPU modules
# are built from the same source, each with its own patches.
prepare_source() {
  local stamp=$source_dir.stamp wanted
  local patches=("$patches_dir"/*.patch "$cpu_patches_dir"/*.patch)
  wanted=$(hash_files "$bundle" "${patches[@]}")
  [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
  rm -f "$stamp"
  if [[ -d $source_dir/.git && -f $source_dir.bundle && $(<"$source_dir.bundle") == "$(hash_files "$bundle")" ]]; then
    # Same source, other patches: only the patched files are rewritten, so only they are recompiled.
    git -C "$source_dir" checkout --quiet -- .
  else
    say "unpacking llama.cpp's source"
    rm -rf "$source_dir"
    git -c advice.detachedHead=false clone --quiet "$bundle" "$source_dir"
    hash_files "$bundle" >"$source_dir.bundle"
  fi
  apply_patches "$source_dir" "${patches[@]}"
  echo "$wanted" >"$stamp"
}

configure_and_build() {
  local arch=$1 libraries=$2 output=$3 cmake_dir=$build_dir/cmake-mtmd-$1
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    "-DLLAMA_SOURCE_DIR=$source_dir"
    "-DLLAMA_LIBRARY_DIR=$repository/$libraries"
    "-DNODE_INCLUDE_DIR=$(node_headers "$arch")"
    "-DNODE_ADDON_API_DIR=$repository/node_modules/node-addon-api"
    "-DADDON_RPATH=\$ORIGIN/../../$libraries"
  )
  [[ -n ${CMAKE_TOOLCHAIN_FILE:-} ]] && options+=("-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE")
  if [[ ! -f $cmake_dir/CMakeCache.txt ]] && command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S "$repository/native/mtmd" -B "$cmake_dir" "${options[@]}" >"$build_dir/cmake-mtmd-$arch.log" 2>&1 ||
    {
      cat "$build_dir/cmake-mtmd-$arch.log" >&2
      fail "cmake could not configure the build"
    }
  say "compiling (the first time takes some minutes)"
  cmake --build "$cmake_dir" --parallel "${SCENECAST_JOBS:-$(nproc)}"
  # Replaced atomically: a process that has loaded the old file keeps it.
  cp "$cmake_dir/out/mtmd.node" "$output.new"
  mv -f "$output.new" "$output"
}

# Node's headers are the same for every architecture: any installed node-linux-* package will do.
node_headers() {
  local package
  for package in "$repository/node_modules/node-linux-$1" "$repository"/node_modules/node-linux-*; do
    if [[ -f $package/include/node/node_api.h ]]; then
      echo "$package/include/node"
      return
    fi
  done
  fail "Node's headers are missing: run npm install"
}

main() {
  local arch libraries output stamp wanted tool
  arch=$(node_arch "${SCENECAST_ARCH:-$(uname -m)}")
  output=$build_dir/native
  [[ $arch == "$(node_arch "$(uname -m)")" ]] || output=$build_dir/native-$arch
  mkdir -p "$output"
  output=$output/mtmd.node
  stamp=$output.stamp
  libraries=node_modules/@node-llama-cpp/linux-$arch/bins/linux-$arch
  need "$bundle" "run npm install"
  need "$repository/$libraries/libllama-common.so" "run npm install (for linux-$arch)"
  need "$repository/node_modules/node-addon-api/napi.h" "run npm install with development dependencies"
  for tool in git cmake; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt install git cmake g++"
  done
  wanted="$arch ${CMAKE_TOOLCHAIN_FILE:-} $(hash_files "${BASH_SOURCE[0]}" "$bundle" "$patches_dir"/*.patch \
    "$repository"/native/napi/*.{cmake,h} "$repository"/native/mtmd/{CMakeLists.txt,exports.map,src/*} \
    "$repository/$libraries"/lib{llama*,ggml.*,ggml-base}.so)"
  if [[ ${1:-} != --force && -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -f "$stamp"
  prepare_source
  configure_and_build "$arch" "$libraries" "$output"
  echo "$wanted" >"$stamp"
  say "built $output"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
