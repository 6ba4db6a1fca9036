#!/usr/bin/env bash
# test-deb.sh ARCH SUITE DEB NEXT_DEB: installs DEB in a minimal Debian (bookworm, trixie), uses it, upgrades it to
# NEXT_DEB, removes and purges it, and compares the files before and after. Prints a table at the end; exits with 1 if
# a check fails. As root, with mmdebstrap (and for another architecture qemu-user-static and binfmt-support); the minimal
# system is kept in build/package/test for the next run.
# shellcheck disable=SC2016 # dpkg-query fills its formats itself
set -euo pipefail

arch=${1:?arm64 or amd64} test_suite=${2:?bookworm or trixie} deb=$(realpath "${3:?the package}") next=$(realpath "${4:?a newer one}")
work=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/package/test/$arch
# shellcheck source-path=SCRIPTDIR source=../../scripts/other-arch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/other-arch.sh"
system=$work/$test_suite.tar
root=$work/$test_suite
table=() failures=0

say() { printf 'test-deb: %s\n' "$*" >&2; }

need_tools() {
  local packages=mmdebstrap
  [ "$arch" = "$(dpkg --print-architecture)" ] || packages='mmdebstrap qemu-user-static binfmt-support arch-test'
  # shellcheck disable=SC2086 # names of packages
  dpkg-query -W $packages >/dev/null || {
    echo "test-deb: as root, run: apt-get install $packages" >&2
    exit 1
  }
}

# Installs what is needed to run programs of the other architecture.
enable_emulation() {
  [ "$arch" != "$(dpkg --print-architecture)" ] || return 0
  mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  update-binfmts --enable qemu-aarch64
  export QEMU_CPU=${QEMU_CPU:-cortex-a76}
}

make_system() {
  [ -f "$system" ] && return
  say "Debian $test_suite for $arch"
  mmdebstrap --quiet --format=tar --variant=minbase --arch="$arch" --aptopt='Acquire::Languages "none"' \
    --dpkgopt=force-unsafe-io "$test_suite" "$system.new" "$(mirror)"
  mv "$system.new" "$system"
}

open_root() {
  close_root
  mkdir -p "$root"
  trap close_root EXIT
  tar --numeric-owner --xattrs -xpf "$system" -C "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/run"
  mount --rbind --make-rslave /dev "$root/dev"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # No service is started in here.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
}

close_root() {
  local folder
  for folder in dev run proc; do
    mountpoint -q "$root/$folder" && umount -R "$root/$folder"
  done
  rm -rf --one-file-system "$root"
}

inside() {
  # A board does not have this machine's environment.
  env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${QEMU_CPU:+QEMU_CPU="$QEMU_CPU"} chroot "$root" "$@"
}

apt() { inside apt-get -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >"$root.apt.log" 2>&1 || {
  cat "$root.apt.log" >&2
  return 1
}; }

# check NAME COMMAND...: runs a check and adds a line to the table.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    table+=("ok      $name")
  else
    table+=("FAILED  $name")
    failures=$((failures + 1))
    printf '%s:\n%s\n' "$name" "$output" | tail -n 30 >&2
  fi
}

# Lists every path except caches, logs and the databases of dpkg and apt.
files() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
    -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/systemd \) -prune -o -print | LC_ALL=C sort)
}

version_is() { [ "$(inside scenecast --version)" = "$(dpkg-deb -f "$1" Version)" ]; }

only_scenecast_is_new() {
  local before
  before=$(inside dpkg-query -W -f '${Package}\n' | sort)
  apt install "/tmp/$(basename "$deb")" && [ "$(comm -13 <(echo "$before") <(inside dpkg-query -W -f '${Package}\n' | sort))" = scenecast ]
}

no_compiler() { ! inside sh -c 'command -v cc gcc g++ c++ clang make cmake npm node python3'; }

loads_everything() {
  inside /usr/lib/scenecast/node_modules/.bin/node --input-type=module -e '
    import { createRequire } from "node:module";
    import { readdirSync } from "node:fs";
    const home = "/usr/lib/scenecast/";
    const require = createRequire(home);
    for (const file of readdirSync(home + "build/native")) if (file.endsWith(".node")) require(home + "build/native/" + file);
    for (const name of ["sharp", "mqtt", "pino", "zod", "yaml", "ulid", "commander"]) require(name);
    const { readGgufFileInfo } = await import(home + "node_modules/node-llama-cpp/dist/index.js");
    if (typeof readGgufFileInfo !== "function") throw new Error("node-llama-cpp is not whole");'
}

describes_a_scene() {
  local told
  inside scenecast scene --seed 7 --out /tmp/scene.jpg >&2
  told=$(inside scenecast describe /tmp/scene.jpg)
  echo "$told"
  # The demo model sees coloured shapes in any picture.
  [[ $told =~ (circle|square|triangle) ]]
}

root_is_told() {
  local told
  told=$(inside scenecast models pull smolvlm2-256m 2>&1) && return 1
  echo "$told"
  [[ $told == *'type: runuser -u scenecast -- scenecast models pull smolvlm2-256m'* ]]
}

user_and_folder() {
  inside id -nG scenecast | grep -qw video && [ "$(inside stat -c '%U %a' /var/lib/scenecast)" = 'scenecast 750' ]
}

is_enabled() { [ "$(inside systemctl --root=/ is-enabled scenecast.service)" = "$1" ]; }

config_is_kept() { [ "$(sha256sum <"$root/etc/scenecast/config.yaml")" = "$config" ]; }

# upgrade: with a systemctl that only records its arguments, as if systemd were running.
upgrade() {
  mkdir -p "$root/run/systemd/system"
  mv "$root/usr/bin/systemctl" "$root/usr/bin/systemctl.real"
  printf '#!/bin/sh\necho "$@" >>/tmp/systemctl.log\n' >"$root/usr/bin/systemctl"
  chmod +x "$root/usr/bin/systemctl"
  printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
  local status=0
  apt install "/tmp/$(basename "$next")" || status=$?
  mv "$root/usr/bin/systemctl.real" "$root/usr/bin/systemctl"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  rm -rf "$root/run/systemd"
  return $status
}

restarts_only_what_runs() {
  cat "$root/tmp/systemctl.log"
  grep -q 'daemon-reload' "$root/tmp/systemctl.log" && grep -q 'try-restart.*scenecast' "$root/tmp/systemctl.log" &&
    ! grep -qE '(^| )(start|restart|stop|enable)( |$)' "$root/tmp/systemctl.log"
}

leaves_settings_and_state() {
  config_is_kept && [ -f "$root/var/lib/scenecast/models/own.gguf" ] && [ ! -e "$root/usr/lib/scenecast" ] &&
    [ ! -e "$root/usr/bin/scenecast" ]
}

leaves_nothing() { diff "$work/$test_suite.before" <(files); }

main() {
  need_tools
  enable_emulation
  make_system
  open_root
  cp "$deb" "$next" "$root/tmp/"
  say "dependencies in Debian $test_suite for $arch"
  apt update
  check 'apt finds what it depends on' apt satisfy "$(dpkg-deb -f "$deb" Depends)"
  files >"$work/$test_suite.before"

  say 'install'
  check 'apt installs it, and nothing else' only_scenecast_is_new
  check 'neither compiler nor npm is there' no_compiler
  check 'scenecast --version' version_is "$deb"
  check 'every addon and library loads' loads_everything
  check 'scenecast doctor engine' inside scenecast doctor engine
  check 'scenecast plan: the config fits' inside scenecast plan --config /etc/scenecast/config.yaml
  check 'scenecast describe: the demo model' describes_a_scene
  check 'user in group video, state folder' user_and_folder
  check 'scenecast models pull: root is told what to type' root_is_told
  check 'the service is not enabled' is_enabled disabled

  say 'upgrade'
  echo '# mine' >>"$root/etc/scenecast/config.yaml"
  config=$(sha256sum <"$root/etc/scenecast/config.yaml")
  mkdir -p "$root/var/lib/scenecast/models" "$root/etc/credstore"
  touch "$root/var/lib/scenecast/models/own.gguf" "$root/etc/credstore/scenecast.mqtt-password"
  inside systemctl --root=/ enable scenecast.service 2>/dev/null
  check 'upgrade' upgrade
  check 'the new version runs' version_is "$next"
  check 'a changed config is kept' config_is_kept
  check 'the service is restarted if it runs' restarts_only_what_runs
  check 'an enabled service stays enabled' is_enabled enabled

  say 'remove and purge'
  check 'remove' apt remove scenecast
  check 'remove keeps config and state' leaves_settings_and_state
  check 'installed again' apt install "/tmp/$(basename "$next")"
  check 'with the config as it was' config_is_kept
  check 'purge' apt purge scenecast
  check 'purge leaves nothing' leaves_nothing

  printf '\n%s %s, Debian %s\n' "$(basename "$deb")" "$arch" "$test_suite"
  printf '  %s\n' "${table[@]}"
  [ "$failures" = 0 ] || exit 1
}

main
