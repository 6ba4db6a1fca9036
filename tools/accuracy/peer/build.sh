#!/usr/bin/env bash
# Builds the peers, llama-mtmd-cli and llama-server of the same llama.cpp version, into build/peer. For comparison only.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$root/build/peer
case $(uname -m) in x86_64) arch=x64 ;; *) arch=arm64 ;; esac
libraries=$root/node_modules/@node-llama-cpp/linux-$arch/bins/linux-$arch

main() {
  mkdir -p "$build"
  [ -d "$build/llama.cpp" ] ||
    git -c advice.detachedHead=false clone --quiet "$root/node_modules/node-llama-cpp/llama/gitRelease.bundle" "$build/llama.cpp"
  cmake -S "$root/tools/accuracy/peer" -B "$build/cmake" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DLLAMA_SOURCE_DIR="$build/llama.cpp" -DLLAMA_LIBRARY_DIR="$libraries" >/dev/null
  cmake --build "$build/cmake"
  # ggml looks for its CPU modules beside the program.
  ln -sf "$libraries"/libggml-cpu-*.so "$build/cmake/"
}

main
