#!/usr/bin/env bash
# Builds build/native/sd-notify.node, the addon that talks to systemd (native/sd-notify). Seconds; nothing changed: at once.
#
#   scripts/build-sd-notify.sh         needs cmake and g++; build-addon.sh tells the variables it heeds
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build-addon.sh"

build_addon sd-notify
