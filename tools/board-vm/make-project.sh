#!/usr/bin/env bash
# make-project.sh arm64|amd64: this project as the VM sees it, below build/board-vm/<arch>/project: its sources, its
# packages for that architecture (Node among them), and the V4L2 addon, cross-compiled.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
project=$work/project

# As scripts/setup.sh does it, for another architecture.
install_packages() {
  say "npm packages for $arch"
  rm -rf "$project/node_modules"
  cp "$repository/package.json" "$repository/package-lock.json" "$project/"
  # The pinned npm: newer ones want lock entries for packages that are left out on purpose.
  local toolchain=$repository/tools/toolchain
  local npm=$toolchain/node_modules/npm/bin/npm-cli.js
  [ -f "$npm" ] || (cd "$toolchain" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  (cd "$project" && node "$npm" ci --os=linux --cpu="$node_arch" --libc=glibc --omit=dev --ignore-scripts --no-audit \
    --no-fund --loglevel=error >&2)
  [ -x "$project/node_modules/node-linux-$node_arch/bin/node" ] ||
    { say "npm did not install Node for $node_arch"; exit 1; }
}

build_addon() {
  local output=$repository/build/native-$node_arch
  if [ "$arch" = "$(dpkg --print-architecture)" ]; then
    output=$repository/build/native
    "$repository/scripts/build-v4l2.sh"
  else
    local sysroot=$work/sysroot
    [ -d "$sysroot" ] || { unpack_package libyuv-dev "$sysroot" && unpack_package libyuv0 "$sysroot"; }
    [ "$arch" = arm64 ] || { say "cross-compiling is known for arm64 only"; exit 1; }
    SCENECAST_ARCH=$node_arch CMAKE_TOOLCHAIN_FILE=$repository/native/arm64-linux-gnu.cmake LIBYUV_ROOT=$sysroot \
      "$repository/scripts/build-v4l2.sh"
  fi
  mkdir -p "$project/build/native"
  cp "$output/v4l2.node" "$project/build/native/"
}

mkdir -p "$project"
once packages "$(sha256sum <"$repository/package-lock.json")" install_packages
rm -rf "$project"/{src,tools,bin,package.json}
mkdir -p "$project/tools"
cp -a "$repository"/{src,bin,package.json} "$project/"
cp -a "$repository/tools/board-vm" "$project/tools/"
build_addon
