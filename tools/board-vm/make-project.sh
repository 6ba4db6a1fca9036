#!/usr/bin/env bash
# make-project.sh arm64|amd64: this project as the VM sees it, below build/board-vm/<arch>/project: its sources, its
# packages for that architecture (Node among them), and the V4L2 addon, cross-compiled.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
project=$work/project

build_addon() {
  local output=$repository/build/native-$node_arch
  if [ "$arch" = "$(dpkg --print-architecture)" ]; then
    output=$repository/build/native
    "$repository/scripts/build-v4l2.sh"
  else
    cross_build build-v4l2.sh
  fi
  mkdir -p "$project/build/native"
  cp "$output/v4l2.node" "$project/build/native/"
}

make_project "$project" tools/board-vm
build_addon
