# Shared by the scripts of this folder: which architecture, where things are kept, Debian packages of either.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
arch=${1:?arm64 or amd64}
case $arch in
  arm64) node_arch=arm64 triplet=aarch64-linux-gnu ;;
  amd64) node_arch=x64 triplet=x86_64-linux-gnu ;;
  *) echo "board-vm: unknown architecture $arch: arm64 and amd64 are known" >&2; exit 64 ;;
esac
suite=bookworm
# Everything is made here and kept for the next time; to begin anew, remove it.
vm_dir=$repository/build/board-vm
work=$vm_dir/$arch
mkdir -p "$work"
say() { printf 'board-vm: %s\n' "$*" >&2; }

# The mirror that this machine's apt uses.
mirror() {
  local found=${DEBIAN_MIRROR:-}
  [ -n "$found" ] || found=$(apt-get indextargets --format '$(SITE) $(ORIGIN)' | awk '$2 == "Debian" {print $1; exit}')
  echo "${found:-http://deb.debian.org/debian}"
}

# apt for the board's architecture that leaves this machine's own apt alone.
private_apt() {
  local root=$work/apt
  if [ ! -f "$root/apt.conf" ]; then
    mkdir -p "$root"/{etc/apt/apt.conf.d,etc/apt/preferences.d,var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/lib/dpkg}
    touch "$root/var/lib/dpkg/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$root/etc/apt/sources.list"
    cat >"$root/apt.conf" <<X
Dir "$root";
Dir::State::status "$root/var/lib/dpkg/status";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
Acquire::Languages "none";
APT::Sandbox::User "root";
X
    APT_CONFIG=$root/apt.conf apt-get update -qq
  fi
  APT_CONFIG=$root/apt.conf "$@"
}

# unpack_package PACKAGE FOLDER: a package of the board's architecture, unpacked and not configured.
unpack_package() {
  local package=$1 folder=$2 debs=$work/debs
  mkdir -p "$debs" "$folder"
  compgen -G "$debs/${package}_*.deb" >/dev/null || (cd "$debs" && private_apt apt-get download -qq "$package")
  dpkg-deb -x "$debs/${package}"_*.deb "$folder"
}

# once STAMP KEY COMMAND...: runs the command unless the stamp says that it was run for this key.
once() {
  local stamp=$work/$1.stamp key=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  rm -f "$stamp"
  "$@"
  echo "$key" >"$stamp"
}
