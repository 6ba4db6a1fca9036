#!/usr/bin/env bash
# Builds build/native/v4l2.node, the addon that reads V4L2 cameras and camera JPEGs (native/v4l2). Takes half a
# minute, and no time if nothing has changed.
#
#   scripts/build-v4l2.sh              needs cmake, g++, libyuv-dev and libjpeg62-turbo-dev
#
# SCENECAST_SYSROOT=...      for cross-compiling: the folder with libyuv-dev, libjpeg62-turbo-dev and their libraries for
#                            the target architecture, unpacked; build-addon.sh lists the other variables
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-addon.sh"

need "${SCENECAST_SYSROOT:-}/usr/include/libyuv.h" 'apt install libyuv-dev'
need "${SCENECAST_SYSROOT:-}/usr/include/jpeglib.h" 'apt install libjpeg62-turbo-dev'
build_addon v4l2 "-DSYSROOT_DIR=${SCENECAST_SYSROOT:-}"
