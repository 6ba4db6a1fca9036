#!/usr/bin/env bash
# Builds build/native/sd-notify.node, the addon that talks to systemd (native/sd-notify). Takes seconds.
#
#   scripts/build-sd-notify.sh         needs cmake and g++; build-addon.sh lists the environment variables
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-addon.sh"

build_addon sd-notify
