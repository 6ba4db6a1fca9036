#!/usr/bin/env bash
# Builds build/native/cpu/libggml-cpu-*.so: ggml's CPU modules for kinds of processors (native/cpu). Takes half a minute for
# each on a PC and some minutes on a board the first time, and no time if nothing has changed.
#
#   scripts/build-cpu.sh               needs git, cmake and clang-19; it builds the module that the processor uses, if any
#
# SCENECAST_ARCH=arm64             target architecture (default: this machine's); for another one the output goes
#                                  to build/native-<arch>/cpu
# SCENECAST_CPU_MODULES="a76 a72"  modules to build (default: the one in use; all for ARM when cross-compiling)
# SCENECAST_BUILD_DIR=...          default: <repository>/build
# SCENECAST_JOBS=n                 parallel compile jobs (default: one per processor)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-native.sh"

# The clang that both Debian 12 and 13 have: gcc's K-quant kernels take more instructions (native/cpu/README.md).
clang=19

# modules_for CPUINFO: prints the module that src/vision/native/cpu-module.ts would choose on a machine with this /proc/cpuinfo.
modules_for() {
  local features
  features=" $(sed -n -E 's/^(Features|flags)[[:space:]]*: //p' "$1" | head -1) "
  has() {
    local feature
    for feature in "$@"; do [[ $features == *" $feature "* ]] || return 1; done
  }
  if has i8mm bf16 asimddp asimdhp; then
    echo a720
  elif has asimddp asimdhp; then
    echo a76
  elif has asimd; then
    echo a72
  elif has avx512_bf16 amx_int8; then
    echo sapphirerapids
  elif has avx512_bf16; then
    echo cooperlake
  fi
}

# build_module NAME ARCH LIBRARIES OUTPUT
build_module() {
  local name=$1 arch=$2 libraries=$3 output=$4/libggml-cpu-$1.so cmake_dir=$build_dir/cmake-cpu-$2-$1
  local stamp=$output.stamp wanted
  wanted="$arch $(hash_files "$repository"/scripts/build-cpu.sh "$bundle" "$cpu_patches_dir"/*.patch \
    "$repository/native/cpu/CMakeLists.txt" "$libraries"/lib{ggml.*,ggml-base}.so)"
  if [[ -f $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$output is up to date"
    return
  fi
  rm -rf "$stamp" "$cmake_dir"
  prepare_source
  # When cross-compiling, clang uses the headers and libraries of g++-aarch64-linux-gnu.
  local machine=x86_64
  [[ $arch == x64 ]] || machine=aarch64
  local options=(
    -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_SYSTEM_PROCESSOR=$machine"
    "-DCMAKE_C_COMPILER=clang-$clang" "-DCMAKE_C_COMPILER_TARGET=$machine-linux-gnu"
    "-DCMAKE_CXX_COMPILER=clang++-$clang" "-DCMAKE_CXX_COMPILER_TARGET=$machine-linux-gnu"
    "-DCPU_MODULE=$name"
    "-DLLAMA_SOURCE_DIR=$source_dir"
    "-DLLAMA_LIBRARY_DIR=$libraries"
  )
  if command -v ninja >/dev/null; then options+=(-G Ninja); fi
  # The addons' toolchain file would bring gcc.
  env -u CMAKE_TOOLCHAIN_FILE cmake -S "$repository/native/cpu" -B "$cmake_dir" "${options[@]}" >"$cmake_dir.log" 2>&1 ||
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
  if [[ $arch == "$host" ]]; then
    modules=$(modules_for /proc/cpuinfo)
  else
    modules='a720 a76 a72'
    output=$build_dir/native-$arch
  fi
  modules=${SCENECAST_CPU_MODULES-$modules}
  [[ -n $modules ]] || return 0
  command -v "clang-$clang" >/dev/null || fail "clang-$clang is missing: apt install clang-$clang"
  libraries=$repository/node_modules/@node-llama-cpp/linux-$arch/bins/linux-$arch
  need "$bundle" 'run npm install'
  need "$libraries/libggml-base.so" "run npm install (for linux-$arch)"
  mkdir -p "$output/cpu"
  for name in $modules; do build_module "$name" "$arch" "$libraries" "$output/cpu"; done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then build_cpu; fi
