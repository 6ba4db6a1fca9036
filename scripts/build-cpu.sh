#!/usr/bin/env bash
# Builds build/native/cpu/libggml-cpu-*.so: ggml's CPU modules for ARM cores (native/cpu). Takes some minutes for each module
# the first time, and no time if nothing has changed. On x86-64 there is nothing to build.
#
#   scripts/build-cpu.sh               needs git, cmake and g++; on a board it builds the module that the processor uses
#
# SCENECAST_ARCH=arm64             target architecture (default: this machine's); for another one the output goes
#                                  to build/native-<arch>/cpu
# SCENECAST_CPU_MODULES="a76 a72"  modules to build (default: the one in use; all when cross-compiling)
# CMAKE_TOOLCHAIN_FILE=...         toolchain file, for cross-compiling: native/arm64-linux-gnu.cmake
# SCENECAST_BUILD_DIR=...          default: <repository>/build
# SCENECAST_JOBS=n                 parallel compile jobs (default: one per processor)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-native.sh"

# modules_for CPUINFO: prints the modules that src/vision/native/cpu-module.ts would choose on a machine with this /proc/cpuinfo.
modules_for() {
  local features
  features=" $(sed -n 's/^Features[[:space:]]*: //p' "$1" | head -1) "
  if [[ $features == *' i8mm '* && $features == *' bf16 '* ]]; then echo a720; fi
}

# build_module NAME ARCH LIBRARIES OUTPUT
build_module() {
  local name=$1 arch=$2 libraries=$3 output=$4/libggml-cpu-$1.so cmake_dir=$build_dir/cmake-cpu-$2-$1
  local stamp=$output.stamp wanted
  wanted="$arch ${CMAKE_TOOLCHAIN_FILE:-} $(hash_files "$repository"/scripts/build-cpu.sh "$bundle" \
    "$repository/native/cpu/CMakeLists.txt" "$libraries"/lib{ggml.*,ggml-base}.so)"
  if [[ -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -f "$stamp"
  prepare_source
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    "-DCPU_MODULE=$name"
    "-DLLAMA_SOURCE_DIR=$source_dir"
    "-DLLAMA_LIBRARY_DIR=$libraries"
  )
  [[ -z ${CMAKE_TOOLCHAIN_FILE:-} ]] || options+=("-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE")
  if [[ ! -f $cmake_dir/CMakeCache.txt ]] && command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S "$repository/native/cpu" -B "$cmake_dir" "${options[@]}" >"$cmake_dir.log" 2>&1 ||
    {
      cat "$cmake_dir.log" >&2
      fail 'cmake could not configure the build'
    }
  say "compiling the CPU module $name"
  cmake --build "$cmake_dir" --target ggml-cpu --parallel "${SCENECAST_JOBS:-$(nproc)}"
  # Replaced atomically: a process that has loaded the old file keeps it.
  cp "$cmake_dir/out/libggml-cpu-$name.so" "$output.new"
  mv -f "$output.new" "$output"
  echo "$wanted" >"$stamp"
  say "built $output"
}

build_cpu() {
  local arch host output=$build_dir/native libraries modules name
  host=$(node_arch "$(uname -m)")
  arch=$(node_arch "${SCENECAST_ARCH:-$host}")
  [[ $arch == arm64 ]] || return 0
  modules='a720 a76 a72'
  if [[ $arch == "$host" ]]; then modules=$(modules_for /proc/cpuinfo); else output=$build_dir/native-$arch; fi
  libraries=$repository/node_modules/@node-llama-cpp/linux-$arch/bins/linux-$arch
  need "$bundle" 'run npm install'
  need "$libraries/libggml-base.so" "run npm install (for linux-$arch)"
  mkdir -p "$output/cpu"
  for name in ${SCENECAST_CPU_MODULES:-$modules}; do build_module "$name" "$arch" "$libraries" "$output/cpu"; done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then build_cpu; fi
