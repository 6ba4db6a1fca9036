# shellcheck shell=bash disable=SC2154 # arch and work are the caller's
# Sourced by scripts that prepare files for another architecture: Debian packages unpacked without dpkg's foreign
# architectures, npm packages, the project as on a board. The caller sets
#   arch    arm64 or amd64, as Debian calls it
#   work    a folder for downloads and output
# and gets $repository, $node_arch, $suite and the functions below.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case $arch in
  arm64) node_arch=arm64 ;;
  amd64) node_arch=x64 ;;
  *)
    echo "unsupported architecture: $arch (supported: arm64, amd64)" >&2
    exit 64
    ;;
esac
# Debian's release: bookworm or trixie.
suite=${SCENECAST_DEBIAN:-bookworm}
mkdir -p "$work"

# Prints the mirror that this machine's apt uses.
mirror() {
  local found=${DEBIAN_MIRROR:-}
  # shellcheck disable=SC2016 # apt expands these itself
  [ -n "$found" ] || found=$(apt-get indextargets --format '$(SITE) $(ORIGIN)' | awk '$2 == "Debian" {print $1; exit}')
  echo "${found:-http://deb.debian.org/debian}"
}

# Runs apt for the other architecture, separate from this machine's own apt.
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

# unpack_package PACKAGE FOLDER: unpacks a package of the other architecture without configuring it.
unpack_package() {
  local package=$1 folder=$2 debs=$work/debs
  mkdir -p "$debs" "$folder"
  compgen -G "$debs/${package}_*.deb" >/dev/null || (cd "$debs" && private_apt apt-get download -qq "$package")
  dpkg-deb -x "$debs/${package}"_*.deb "$folder"
}

# once STAMP KEY COMMAND...: runs the command unless the stamp shows that it already ran for this key.
once() {
  local stamp=$work/$1.stamp key=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  rm -f "$stamp"
  "$@"
  echo "$key" >"$stamp"
}

# install_npm_packages FOLDER: installs the project's packages for the other architecture, as scripts/setup.sh does for this
# one. They include Node (node_modules/node-linux-*).
install_npm_packages() {
  local project=$1 toolchain=$repository/tools/toolchain
  # The pinned npm: newer ones require lock entries for packages that are deliberately left out.
  local npm=$toolchain/node_modules/npm/bin/npm-cli.js
  local flags=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  echo "installing npm packages for $arch" >&2
  rm -rf "$project/node_modules"
  mkdir -p "$project"
  cp "$repository/package.json" "$repository/package-lock.json" "$project/"
  [ -f "$npm" ] || (cd "$toolchain" && npm ci "${flags[@]}" >&2)
  # By the pinned Node: for an older one npm leaves out optional packages, sharp and llama.cpp's libraries among them.
  (cd "$project" && "$repository/node_modules/.bin/node" "$npm" ci --os=linux --cpu="$node_arch" --libc=glibc --omit=dev "${flags[@]}" >&2)
  [ -x "$project/node_modules/node-linux-$node_arch/bin/node" ] ||
    {
      echo "npm did not install Node for $node_arch" >&2
      exit 1
    }
}

# make_project FOLDER TOOLS: creates the project as on a board: packages, sources and the given folder of tools, both as
# JavaScript.
make_project() {
  local project=$1 tools=$2
  mkdir -p "$project"
  once packages "$(sha256sum <"$repository/package-lock.json")" install_npm_packages "$project"
  rm -rf "${project:?}"/{src,tools,bin,package.json}
  cp -a "$repository/package.json" "$project/"
  "$repository/node_modules/.bin/node" --disable-warning=ExperimentalWarning \
    "$repository/tools/package/stage-sources.ts" "$project" "$tools"
}

# cross_build SCRIPT: runs one of scripts/build-*.sh for arm64, with Debian's cross compiler and libraries for arm64.
cross_build() {
  # Shared by all callers: the addon is rebuilt if this path changes.
  local sysroot=$repository/build/sysroot-$arch package
  [ "$arch" = arm64 ] || {
    echo 'cross-compiling is supported for arm64 only' >&2
    exit 1
  }
  for package in libyuv-dev libyuv0 libjpeg62-turbo-dev libjpeg62-turbo; do
    [ -f "$sysroot/$package.stamp" ] || { unpack_package "$package" "$sysroot" && touch "$sysroot/$package.stamp"; }
  done
  SCENECAST_ARCH=$node_arch CMAKE_TOOLCHAIN_FILE=$repository/native/arm64-linux-gnu.cmake SCENECAST_SYSROOT=$sysroot \
    "$repository/scripts/$1"
}
