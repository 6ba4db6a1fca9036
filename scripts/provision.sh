#!/usr/bin/env bash
# Sets up a board from a fresh Debian 12 or 13 (Radxa OS, Raspberry Pi OS) to its first description. One file: copy it to the
# board beside the package, and run it as root, any number of times. Steps that are already done are skipped; after an
# interruption, run it again to continue.
set -euo pipefail
shopt -s inherit_errexit nullglob
# Plain `su` keeps the user's PATH, which lacks these.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

usage() {
  cat <<'X'
provision.sh [flags]: install and configure Scenecast and its dependencies

  --package FILE       the Debian package (default: scenecast_*.deb beside this script, or in build/packages)
  --from-source        build the package here, from the clone that this script is in
  --offline DIR        use no network: take packages and models (models/NAME/*.gguf) from this folder
  --broker URL         an existing MQTT broker, such as mqtt://192.168.1.2:1883
  --broker-user NAME   the user name at that broker
  --password-file FILE a file whose first line is that user's password
  --install-broker     install mosquitto, for this board only, with a password and an access list
  --camera [NAME=]SPEC a device (/dev/v4l/by-id/...), an rtsp:// or http:// address, a picture file or folder, or
                       scene (drawn pictures); may be repeated
  --model NAME         a model of the catalogue, a folder with the two GGUF files, or demo
  --language LANGUAGE  language of the descriptions, such as German (default: English)
  --prompt TEXT        the prompt for the model (default: Describe the scene.)
  --device NAME        the device's name in MQTT topics (default: the host name)
  --yes                ask nothing: use the flags, else the last run's answers, else the defaults; accepts the model's
                       licence, which is printed before the download
  --dry-run            print what would be done, and change nothing
  --uninstall          remove Scenecast, its models, and the packages installed for it
  --help               print this text

Exit codes: 0 success; 1 failure (the message says what to do); 3 dry run: a real run would stop, for the reasons in the
last lines; 64 wrong flag; 75 another run is in progress.
Log: /var/log/scenecast-provision.log
X
}

# For tests: a folder used in place of /.
readonly root=${SCENECAST_ROOT:-}
readonly state=$root/var/lib/scenecast-provision work=$root/run/scenecast-provision
readonly log_file=$root/var/log/scenecast-provision.log
readonly config=$root/etc/scenecast/config.yaml data=$root/var/lib/scenecast
readonly credential=$root/etc/credstore/scenecast.mqtt-password
readonly broker_folder=$root/etc/mosquitto
repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly repository
readonly default_prompt='Describe the scene.'
# An earlier date means that the clock was never set: certificates and signatures would be rejected.
readonly earliest_epoch=1767225600 # 2026-01-01

dry_run=no assume_yes=no from_source=no uninstall=no offline='' package='' password_file='' typed_password=''
step_count=9 step_number=0 arch='' was_active=no reported=no
declare -A given=() remembered=() answers=()
declare -a apt_options=() would_stop=()

# --- Output ----------------------------------------------------------------------------------------------------------

to_log() {
  [[ $dry_run == yes || ! -w ${log_file%/*} ]] || TZ=UTC printf '%(%FT%TZ)T %s\n' -1 "$*" >>"$log_file"
}

say() {
  printf '%s\n' "$*"
  to_log "$*"
}

note() { say "    $*"; }

step() {
  step_number=$((step_number + 1))
  say "[$step_number/$step_count] $1 ($((SECONDS / 60)) min $((SECONDS % 60)) s)"
  shift
  "$@"
}

# fail WHAT REMEDY
fail() {
  reported=yes
  {
    printf '\nprovision: %s\n' "$1"
    printf '  %s\n' "${2:-Run the same command again to continue.}"
    [[ $dry_run == yes ]] || printf '  Log: %s\n' "$log_file"
  } >&2
  to_log "failed: $1"
  exit 1
}

wrong_flag() {
  printf 'provision: %s\n  See --help for the flags.\n' "$1" >&2
  exit 64
}

# On every exit: remove temporary files, and report a failure that was not reported yet.
at_exit() {
  local code=$?
  if [[ $code != 0 && $reported == no ]]; then
    reported=yes
    say "provision: stopped in step $step_number. Run the same command again to continue; log: $log_file"
  fi
  [[ $dry_run == yes ]] || rm -rf "$work"
}

# A dry run reports the failure, continues, and repeats it at its end.
require_that() {
  [[ $dry_run == yes ]] || fail "$1" "$2"
  note "would stop here: $1 $2"
  would_stop+=("step $step_number: $1 $2")
}

# --- Commands --------------------------------------------------------------------------------------------------------

# Runs a command, shows and logs its output. Its arguments must not contain secrets.
run() {
  local line
  if [[ $dry_run == yes ]]; then
    note "would run: $*"
    return
  fi
  to_log "+ $*"
  "$@" 2>&1 </dev/null | while IFS= read -r line; do note "$line"; done
}

# Runs a scenecast command as root, with the service's state and credentials.
scenecast() {
  local folder=$work/credentials command=$root/usr/bin/scenecast
  if [[ ! -x $command ]]; then
    command=$repository/bin/scenecast
    [[ $dry_run == yes && -x $repository/node_modules/.bin/node ]] || return 127
    "$command" "$@"
    return
  fi
  local -a settings=("STATE_DIRECTORY=$data" "CREDENTIALS_DIRECTORY=$folder")
  if [[ $dry_run == no ]]; then
    mkdir -p "$folder"
    ln -sfn "$credential" "$folder/mqtt-password"
    # Later commands reuse Node's compiled code, which halves their time.
    settings+=("NODE_COMPILE_CACHE=$work/compiled")
  fi
  env "${settings[@]}" "$command" "$@"
}

# write_file PATH MODE OWNER:GROUP: writes stdin to the file in one step, unless the file is already right.
write_file() {
  local path=$1 mode=$2 owner=$3 temporary
  if [[ $dry_run == yes ]]; then
    cat >/dev/null
    note "would write ${path#"$root"} (mode $mode, $owner)"
    return
  fi
  temporary=${path%/*}/.${path##*/}.new
  rm -f "$temporary"
  (umask 077 && cat >"$temporary")
  chown "$owner" "$temporary"
  chmod "$mode" "$temporary"
  if cmp -s "$temporary" "$path" && [[ $(stat -c %a:%U:%G "$path") == "$(stat -c %a:%U:%G "$temporary")" ]]; then
    rm -f "$temporary"
    return
  fi
  replace_file "$temporary" "$path"
  note "wrote ${path#"$root"}"
}

# Synced before the rename, so that a power cut leaves either the old file or the new one.
replace_file() {
  sync -- "$1"
  mv -f -- "$1" "$2"
  sync -- "${2%/*}"
}

# Marks survive a kill, so the next run knows what was begun.
mark() { [[ $dry_run == yes || -e $state/$1 ]] || { : >"$state/$1" && sync -- "$state"; }; }
unmark() { [[ $dry_run == yes ]] || rm -f "$state/$1"; }
is_marked() { [[ -e $state/$1 ]]; }

# --- Flags and answers -----------------------------------------------------------------------------------------------

# Each check prints what is wrong and fails if the value is invalid.
is_one_line() {
  [[ -n $1 && ! $1 =~ [[:cntrl:]] ]] || { echo 'must be text on one line' && return 1; }
}
is_broker() {
  [[ $1 == install || $1 =~ ^(mqtts?|wss?)://[^@[:space:][:cntrl:]]+$ ]] ||
    { echo 'must be an address such as mqtt://192.168.1.2:1883, without user or password' && return 1; }
}
is_broker_user() {
  [[ ! $1 =~ [[:cntrl:]] ]] || { echo 'must be a name on one line' && return 1; }
}
is_device() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$ ]] || { echo 'must be 1 to 64 letters, digits, "_" or "-"' && return 1; }
}
is_language() {
  [[ $1 =~ ^[[:alpha:]][[:alnum:]\ -]{0,39}$ ]] || { echo 'must be the name of a language, such as German' && return 1; }
}
# As Scenecast itself sees it, once it is installed: a wrong one must not be noticed only after the model's download.
is_known_language() {
  local trial reason folder=$work
  is_language "$1" || return 1
  [[ ${1,,} != english ]] || return 0
  # A dry run has no folder of its own.
  [[ -w $folder ]] || folder=${TMPDIR:-/tmp}
  trial=$(mktemp -p "$folder")
  printf 'language: %s\nmqtt: { url: "mqtt://127.0.0.1" }\ncameras: { camera: { source: { type: scene } } }\n' "$(quoted "$1")" >"$trial"
  reason=$(scenecast config check "$trial" 2>&1 | sed -n 's/.*language: \(must be .*\)/\1/p') || true
  rm -f "$trial"
  [[ -z $reason ]] || { echo "$reason" && return 1; }
}
is_model() {
  [[ $1 =~ ^(models/demo|[a-z0-9][a-z0-9._-]*|/[^[:cntrl:]]+)$ ]] ||
    { echo 'must be the name of a model, or a folder such as /srv/model' && return 1; }
}
is_cameras() {
  local spec specs name names=' '
  IFS=$'\t' read -ra specs <<<"$1"
  ((${#specs[@]} > 0)) || { echo 'must name a camera' && return 1; }
  for spec in "${specs[@]}"; do
    name=$(camera_name "$spec" camera)
    [[ $names != *" $name "* ]] ||
      { echo "names two cameras $name: write --camera NAME=..." && return 1; }
    names+="$name "
    spec=$(camera_source "$spec")
    [[ ! $spec =~ [[:cntrl:]] ]] || { echo 'must be on one line' && return 1; }
    ! is_hidden "$spec" || { echo 'is in a folder that the service cannot see: use another one, such as /srv' && return 1; }
    [[ ! $spec =~ ^[a-z]+://[^/]*@ ]] ||
      { echo 'must not contain user or password: add username and password_file to the config afterwards (docs/cameras.md)' && return 1; }
    [[ $spec =~ ^(scene|/.+|rtsps?://.+|https?://.+)$ ]] ||
      { echo 'must be a device such as /dev/video0, an rtsp:// or http:// address, a picture file or folder, or scene' && return 1; }
  done
}

# Hidden from the service by ProtectHome and PrivateTmp.
is_hidden() { [[ $1/ =~ ^/(home|root|tmp|var/tmp|run)/ ]]; }

readonly named_spec='^([A-Za-z0-9][A-Za-z0-9_-]{0,63})=(.+)$'
camera_name() { if [[ $1 =~ $named_spec ]]; then echo "${BASH_REMATCH[1]}"; else echo "$2"; fi; }
camera_source() { if [[ $1 =~ $named_spec ]]; then echo "${BASH_REMATCH[2]}"; else echo "$1"; fi; }

# Whether ffmpeg must read an address: pictures and motion JPEG over HTTP need none.
is_video() { [[ $1 =~ ^rtsps?:// || $1 =~ ^https?://[^?#]*\.(m3u8|mpd|flv|ts|mp4|mkv|webm)([?#]|$) ]]; }

# give KEY CHECK FLAG VALUE
give() {
  local reason
  reason=$("$2" "$4") || wrong_flag "$3 $4: $reason"
  given[$1]=$4
}

parse_flags() {
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=yes ;;
      --yes) assume_yes=yes ;;
      --from-source) from_source=yes ;;
      --uninstall) uninstall=yes ;;
      --install-broker)
        [[ ! -v given[broker] ]] || wrong_flag '--install-broker: cannot be combined with --broker'
        given[broker]=install
        ;;
      --help)
        usage
        exit 0
        ;;
      --package | --offline | --broker | --broker-user | --password-file | --camera | --model | --language | --prompt | --device)
        (($# > 1)) || wrong_flag "$1: needs a value"
        take_flag "$1" "$2"
        shift
        ;;
      *) wrong_flag "$1: unknown flag" ;;
    esac
    shift
  done
  [[ $from_source == no || -z $offline$package ]] || wrong_flag '--from-source: cannot be combined with --offline or --package'
  [[ -z $password_file || ${given[broker]-} != install ]] ||
    wrong_flag '--password-file: cannot be combined with --install-broker, which generates a password'
}

take_flag() {
  case $1 in
    --package) package=$(readable_file "$1" "$2") || exit ;;
    --password-file) password_file=$(readable_file "$1" "$2") || exit ;;
    --offline)
      [[ -d $2 ]] || wrong_flag "$1 $2: must be an existing folder"
      offline=$(cd -- "$2" && pwd)
      ;;
    --broker)
      [[ ${given[broker]-} != install ]] || wrong_flag '--broker: cannot be combined with --install-broker'
      give broker is_broker "$1" "$2"
      ;;
    --broker-user) give broker_user is_broker_user "$1" "$2" ;;
    --camera) give camera is_cameras "$1" "${given[camera]+${given[camera]}$'\t'}$2" ;;
    --model) give model is_model "$1" "$(meant model "$2")" ;;
    --language) give language is_language "$1" "$2" ;;
    --prompt) give prompt is_one_line "$1" "$2" ;;
    --device) give device is_device "$1" "$2" ;;
  esac
}

readable_file() {
  [[ -f $2 && -r $2 ]] || wrong_flag "$1 $2: must be a readable file"
  realpath -- "$2"
}

# The last run's answers, one key=value per line. They are compared and written, never executed.
remember_answers() {
  local line
  [[ -r $state/answers ]] || return 0
  while IFS= read -r line; do
    [[ $line != *=* ]] || remembered[${line%%=*}]=${line#*=}
  done <"$state/answers"
}

save_answers() {
  local key
  for key in broker broker_user camera detail device language model prompt; do
    printf '%s=%s\n' "$key" "${answers[$key]-}"
  done | write_quietly "$state/answers"
}

write_quietly() { write_file "$1" 0600 "$(id -un):$(id -gn)" >/dev/null; }

# choose KEY QUESTION PROPOSAL CHECK
choose() {
  local key=$1 question=$2 proposal=${remembered[$1]-$3} check=$4 answer reason
  if [[ -v given[$key] ]]; then
    answers[$key]=${given[$key]}
  elif [[ $assume_yes == yes ]]; then
    answers[$key]=$proposal
  else
    while true; do
      printf '  %s [%s]: ' "$question" "${proposal//$'\t'/ }"
      IFS= read -r answer || fail 'no answer was given' 'Run it on a terminal, or with --yes.'
      answer=$(meant "$key" "${answer:-$proposal}")
      if reason=$("$check" "$answer"); then break; fi
      printf '  The answer %s.\n' "$reason"
    done
    answers[$key]=$answer
  fi
  note "$question: $(without_paths "${answers[$key]//$'\t'/, }")"
}

# Shortens addresses to their hosts: paths and queries may contain passwords.
without_paths() { sed -E 's#(([a-z]+)://[^/, ]+)/[^, ]*#\1/...#g' <<<"$1"; }

# A number selects an entry of the printed list; demo is the package's own model.
declare -a listed_camera=() listed_model=()
declare -A detail_of=()
meant() {
  local -n list=listed_$1
  if [[ $1 == model && $2 == demo ]]; then
    echo models/demo
  elif [[ ($1 == camera || $1 == model) && $2 =~ ^[1-9][0-9]?$ && -n ${list[$2 - 1]-} ]]; then
    echo "${list[$2 - 1]}"
  else
    echo "$2"
  fi
}

# --- 1: the board ----------------------------------------------------------------------------------------------------

os_release() { sed -n "s/^$1=\"\\{0,1\\}\\([^\"]*\\).*/\\1/p" "$root/etc/os-release"; }

check_board() {
  local id version memory_mb free_mb
  arch=$(dpkg --print-architecture 2>/dev/null) ||
    fail 'this system is not Debian: dpkg is missing' 'Use Debian 12 or 13, Radxa OS or Raspberry Pi OS.'
  case $arch in
    arm64 | amd64) ;;
    *) require_that "this system is for $arch; Scenecast is for arm64 and amd64." 'Install the 64-bit edition of the system.' ;;
  esac
  id="$(os_release ID) $(os_release ID_LIKE)"
  # Debian testing has no VERSION_ID.
  version=$(os_release VERSION_ID)
  if [[ " $id " != *' debian '* && " $id " != *' raspbian '* ]] || ((${version:-99} < 12)); then
    require_that "this system is $(os_release PRETTY_NAME)." 'Scenecast supports Debian 12 and 13.'
  fi
  [[ -d $root/run/systemd/system ]] || require_that 'systemd is not running.' 'Boot the board with systemd.'
  memory_mb=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1000))
  free_mb=$(df --output=avail -BM "${root:-/}" | tail -1 | tr -dc 0-9)
  note "$(tr -d '\0' 2>/dev/null <"$root/proc/device-tree/model" || uname -n): $arch, $(os_release PRETTY_NAME), $memory_mb MB of memory, $free_mb MB free"
  ((memory_mb >= 450)) || require_that 'the board has too little memory.' 'Scenecast needs 512 MB for the demo model, and 1.5 GB for the smallest real one.'
  ((free_mb >= 1000)) || is_installed scenecast || require_that 'the disk is too full.' 'Free 1 GB, or enlarge the root partition.'
  check_clock
  note "$(compgen -G "$root/dev/video[0-9]*" | wc -l) video devices"
}

check_clock() {
  local waited=0
  while (($(printf '%(%s)T' -1) < earliest_epoch)); do
    if ((waited == 0)); then note 'the clock is not set; waiting a minute for network time'; fi
    if [[ -n $offline || $dry_run == yes ]] || ((waited >= 60)); then
      require_that "the clock is wrong: $(date -u)." "Connect the board to a network with time servers, or: date -s '2026-12-31 12:00'"
      return 0
    fi
    [[ $waited != 0 ]] || timedatectl set-ntp true 2>/dev/null || true
    sleep 5
    waited=$((waited + 5))
  done
}

# --- 2: the package --------------------------------------------------------------------------------------------------

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

apt_get() {
  run env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o Acquire::Retries=3 -o Acquire::http::Timeout=30 "${apt_options[@]}" "$@"
}

# install_packages WHAT...: names, or package files with their whole path
install_packages() {
  local name
  if [[ -z $offline ]]; then
    apt_get update || note 'the package lists could not be updated; continuing with the existing ones'
  fi
  [[ $dry_run == yes ]] || list_packages_before
  apt_get install "$@" && return
  repair_packages
  apt_get install "$@" && return
  # If it is installed later, this script did not install it.
  for name in mosquitto ffmpeg; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == @(half|unpacked|installed|trigger)* ]] || unmark "$name-is-ours"
  done
  fail "$* could not be installed" \
    "$(if [[ -n $offline ]]; then echo "Add the packages that the lines above report as missing to $offline"; else echo 'Check the network and the lines above'; fi), and run it again."
}

# Packages that were installed before are kept by --uninstall.
list_packages_before() {
  [[ ! -e $state/packages-before ]] || return 0
  dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p' | sort | write_quietly "$state/packages-before"
}

# Repairs packages after a kill or a power cut in the middle of dpkg.
repair_packages() {
  local damaged name
  # Partly unpacked: our own package can only be removed; it is installed again below.
  damaged=$(dpkg-query -W -f '${db:Status-Eflag} ${Package}\n' 2>/dev/null | sed -n 's/^reinstreq //p')
  for name in scenecast mosquitto; do
    [[ $'\n'$damaged$'\n' == *$'\n'"$name"$'\n'* ]] || continue
    [[ $name == scenecast ]] || { [[ $uninstall == yes ]] && is_marked "$name-is-ours"; } || continue
    note "removing the partly installed $name"
    run dpkg --remove --force-remove-reinstreq "$name"
  done
  if [[ -n $(dpkg --audit 2>/dev/null) || -n $(compgen -G "$root/var/lib/dpkg/updates/[0-9]*") ]]; then
    note 'completing the interrupted dpkg run'
    run env DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confdef --force-confold || true
  fi
  damaged=$(dpkg-query -W -f '${db:Status-Eflag} ${Package}\n' 2>/dev/null | sed -n 's/^reinstreq //p')
  # shellcheck disable=SC2086 # package names
  [[ -z $damaged ]] || apt_get install --reinstall $damaged || true
  [[ $dry_run == yes ]] || apt-get check -qq "${apt_options[@]}" >/dev/null 2>&1 || apt_get install --fix-broken || true
}

# Makes the folder apt's only source, so that apt resolves dependencies from it.
prepare_offline() {
  local deb index=0 folder=$work/packages
  [[ -n $offline && $dry_run == no ]] || return 0
  rm -rf "$folder"
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  for deb in "$offline"/*.deb; do
    index=$((index + 1))
    # Package file names may contain characters that addresses must not.
    ln -s "$deb" "$folder/$index.deb"
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$index" "$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -d' ' -f1)"
  done >"$folder/Packages"
  printf 'deb [trusted=yes] file:%s ./\n' "$folder" >"$folder/sources.list"
  apt_options=(-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
  # Silenced: apt reports each kind of compression that it tries.
  apt-get -qq "${apt_options[@]}" update >/dev/null 2>&1 || fail "the packages in $offline cannot be read" 'Copy them again.'
}

# Sets $package to the package to install; leaves it empty if there is none.
find_package() {
  local file folder folders
  [[ -z $package ]] || return 0
  if [[ $from_source == yes ]]; then
    build_package
    folders=("$repository/build/packages")
  elif [[ -n $offline ]]; then
    folders=("$offline")
  else
    folders=("$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")" "$repository/build/packages")
  fi
  for folder in "${folders[@]}"; do
    for file in "$folder"/scenecast_*_"$arch".deb; do
      if [[ -z $package ]] || dpkg --compare-versions "$(version_of "$file")" gt "$(version_of "$package")"; then
        package=$file
      fi
    done
  done
}

version_of() { dpkg-deb -f "$1" Version; }

build_package() {
  [[ -f $repository/package.json ]] || fail '--from-source: this script is not in a clone' 'Clone the repository and run scripts/provision.sh from it.'
  run "$repository/scripts/setup.sh"
  run env "PATH=$repository/node_modules/.bin:$PATH" npm --prefix "$repository" run package:deb -- --arch "$arch"
}

install_package() {
  local installed version digest wanted
  prepare_offline
  repair_packages
  find_package
  installed=$(dpkg-query -W -f '${Version}' scenecast 2>/dev/null) || true
  is_installed scenecast || installed=''
  if [[ -z $package ]]; then
    [[ -n $installed ]] || require_that "scenecast_*_$arch.deb was not found." 'Put it beside this script, or pass --package FILE.'
    [[ -z $installed ]] || note "scenecast $installed is installed; no other package was found"
    return 0
  fi
  version=$(version_of "$package") || fail "$package is not a Debian package, or it is damaged" 'Copy it again.'
  wanted=$(dpkg-deb -f "$package" Architecture)
  [[ $wanted == "$arch" ]] || fail "$package is for $wanted; this board is $arch" "Use scenecast_${version}_$arch.deb."
  if [[ -n $installed ]] && dpkg --compare-versions "$installed" gt "$version"; then
    note "scenecast $installed is installed and newer than $package ($version)"
    return 0
  fi
  digest=$(sha256sum <"$package" | cut -d' ' -f1)
  # Another build of the same version replaces the installed one.
  if [[ $installed == "$version" && $(cat "$state/package.sha256" 2>/dev/null || echo "$digest") == "$digest" ]]; then
    note "scenecast $version is installed"
  else
    note "installing scenecast $version"
    check_room "$(dpkg-deb -f "$package" Installed-Size)"
    # shellcheck disable=SC2046 # no word, or one
    install_packages $([[ $installed != "$version" ]] || echo --reinstall) "$package"
  fi
  echo "$digest" | write_quietly "$state/package.sha256"
}

check_room() {
  local free_kb
  free_kb=$(df --output=avail -k "${root:-/}" | tail -1)
  ((free_kb >= $1 + 200000)) ||
    require_that "the package needs $(($1 / 1000)) MB and 200 MB must stay free, but only $((free_kb / 1000)) MB are." 'Free some space, and run it again.'
}

# --- 3: the answers --------------------------------------------------------------------------------------------------

ask_everything() {
  local proposals kind name detail what reason
  proposals=$(scenecast config propose 2>/dev/null) || proposals=''
  while IFS=$'\t' read -r kind name detail what; do
    case $kind in
      camera)
        listed_camera+=("$name")
        note "camera ${#listed_camera[@]}: $what, $name"
        ;;
      ip-camera) note "IP camera: $what, $name" ;;
      model)
        # Offline, only the models that are present can be proposed.
        [[ -z $offline || $name == models/demo || -n $(compgen -G "$offline/models/$name/*.gguf") || -d $data/models/$name ]] || continue
        listed_model+=("$name")
        detail_of[$name]=$detail
        [[ $assume_yes == yes && ${#listed_model[@]} -gt 1 ]] || note "model ${#listed_model[@]}: $name: $what"
        ;;
    esac
  done <<<"$proposals"
  if ((${#listed_camera[@]} == 0)); then
    note 'no camera was found: the default is scene, which draws pictures; plug in a camera and run this again to use it'
  fi
  choose device 'name of this device' "$(uname -n | tr -c 'A-Za-z0-9_\n-' -)" is_device
  choose broker 'MQTT broker (address, or install)' "$(proposed_broker)" is_broker
  ask_login
  choose camera 'camera (number, device, address, picture file or folder, or scene)' "${listed_camera[0]-scene}" is_cameras
  choose model 'model (number, name or folder)' "${listed_model[0]-models/demo}" is_model
  choose_detail
  choose language 'language of the descriptions' English is_known_language
  reason=$(is_known_language "${answers[language]}") || require_that "language: $reason." 'Pass another one with --language.'
  choose prompt 'prompt for the model' "$default_prompt" is_one_line
}

# As much detail as leaves a description within half a minute; kept as long as the model is the same.
choose_detail() {
  local model=${answers[model]}
  answers[detail]=${detail_of[$model]-full}
  if [[ ${remembered[model]-} == "$model" && -n ${remembered[detail]-} ]]; then answers[detail]=${remembered[detail]}; fi
  [[ ${answers[detail]} == full ]] || note "detail: ${answers[detail]}, for a description within half a minute (model.detail in the config)"
}

proposed_broker() {
  if is_installed mosquitto && ! is_marked mosquitto-is-ours; then echo mqtt://127.0.0.1:1883; else echo install; fi
}

ask_login() {
  if [[ ${answers[broker]} == install ]]; then
    answers[broker_user]=scenecast
    return
  fi
  [[ ${remembered[broker]-} != install ]] || unset 'remembered[broker_user]'
  choose broker_user 'user name at the broker (empty: no login)' '' is_broker_user
  [[ -n ${answers[broker_user]} ]] || return 0
  [[ -z $password_file && $assume_yes == no ]] && ! has_password || return 0
  printf '  password (not shown): '
  IFS= read -rs typed_password || true
  printf '\n'
}

# --- 4: the model ----------------------------------------------------------------------------------------------------

has_model_files() {
  local files=("$1"/*.gguf)
  ((${#files[@]} >= 2))
}

get_model() {
  local model=${answers[model]} folder
  case $model in
    models/demo) note 'the demo model is in the package' ;;
    /*)
      has_model_files "$model" || require_that "$model does not contain two GGUF files." 'It must contain the language model and its mmproj.'
      if is_hidden "$model"; then
        folder=$(basename -- "$model" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9._\n-' -)
        copy_model "$model" "$folder"
        answers[model]=$folder
      else
        note "the model is in $model"
      fi
      ;;
    *)
      folder=$data/models/$model
      if has_model_files "$folder"; then
        note "the model is in ${folder#"$root"}"
      elif [[ -n $offline ]]; then
        has_model_files "$offline/models/$model" ||
          require_that "$offline/models/$model does not contain two GGUF files." "Download the model on another machine (scenecast models pull $model --dir FOLDER) and copy it there, or use --model demo."
        copy_model "$offline/models/$model" "$model"
      else
        # If the model is not downloaded yet, only its headers are read.
        run scenecast plan --model "$model" || [[ $? != 78 ]] ||
          fail "$model cannot be used on this board" 'The lines above say why. Choose another model (scenecast models list), or --model demo.'
        show_terms "$model"
        make_data_folder
        # Continues an interrupted download.
        run runuser -u scenecast -- env "STATE_DIRECTORY=$data" scenecast models pull "$model" ||
          fail "$model could not be downloaded" 'The lines above say why. Run it again to continue the download.'
      fi
      ;;
  esac
}

# show_terms MODEL: its licence, and how long a description takes, before the download
show_terms() {
  local facts licence time
  facts=$(scenecast models show "$1" 2>/dev/null) || facts=''
  licence=$(sed -n 's/^  licence  *//p' <<<"$facts")
  time=$(sed -n 's/^  time  *//p' <<<"$facts")
  [[ -z $time ]] || note "time of a description: $time"
  [[ -z $licence ]] || note "licence of $1$([[ $assume_yes == no ]] || echo ', accepted by --yes'): $licence"
}

make_data_folder() {
  [[ -d $data/models ]] || run install -d -o scenecast -g scenecast -m 0750 "$data" "$data/models"
}

# The names and sizes of a model's files.
sizes_of() { find "$1" -maxdepth 1 -name '*.gguf' -printf '%f %s\n' 2>/dev/null | sort; }

# copy_model FROM NAME
copy_model() {
  local folder=$data/models/$2
  if [[ $(sizes_of "$1") == "$(sizes_of "$folder")" ]]; then
    note "the model is in ${folder#"$root"}"
    return
  fi
  make_data_folder
  note "copying $1"
  run rm -rf "$data/models/.$2.new"
  run install -d -o scenecast -g scenecast -m 0750 "$data/models/.$2.new"
  run install -o scenecast -g scenecast -m 0640 -t "$data/models/.$2.new" -- "$1"/*.gguf
  if [[ $dry_run == no ]]; then
    sync -f "$data/models/.$2.new"
    rm -rf "$folder"
    replace_file "$data/models/.$2.new" "$folder"
  fi
}

# A password for another broker or user is not sent to this one.
has_password() {
  [[ -s $credential && ${remembered[broker]-} == "${answers[broker]}" && ${remembered[broker_user]-} == "${answers[broker_user]}" ]]
}

# --- 5: the broker ---------------------------------------------------------------------------------------------------

set_up_broker() {
  if [[ ${answers[broker]} == install ]]; then install_broker; else use_broker; fi
}

use_broker() {
  local password=$typed_password
  unmark password-is-ours
  if [[ -n $password_file ]]; then
    IFS= read -r password <"$password_file" || [[ -n $password ]] || fail "$password_file is empty" 'Write the password into its first line.'
  fi
  if [[ -n $password ]]; then
    write_credential "$password"
  elif [[ -z ${answers[broker_user]} ]]; then
    [[ ! -s $credential ]] || write_credential ''
  elif [[ $dry_run == no ]] && ! has_password; then
    fail "no password for ${answers[broker_user]}" 'Pass --password-file FILE, or omit --broker-user.'
  fi
  note "using the broker ${answers[broker]}"
}

write_credential() {
  [[ $dry_run == yes ]] || (umask 077 && mkdir -p "${credential%/*}")
  if [[ $dry_run == yes || $(cat "$credential" 2>/dev/null) != "$1" || ! -e $credential ]]; then
    keep_working "$credential"
    mark service-needs-restart
    write_file "$credential" 0600 root:root < <([[ -z $1 ]] || printf '%s\n' "$1")
  fi
}

install_broker() {
  if is_installed mosquitto && ! is_marked mosquitto-is-ours; then
    require_that 'mosquitto is already installed on this board.' 'Use it: --broker mqtt://127.0.0.1:1883, with --broker-user and --password-file if it requires a login.'
  fi
  # Marked before the installation, so that after a kill the script still knows that it installed mosquitto.
  mark mosquitto-is-ours
  is_installed mosquitto || install_packages mosquitto
  if ! is_marked password-is-ours || [[ ! -s $credential ]]; then
    # Recreated from the new password, also after a kill between the two.
    [[ $dry_run == yes ]] || rm -f "$broker_folder/scenecast.passwd"
    write_credential "$(head -c 24 /dev/urandom | base64)"
    mark password-is-ours
  fi
  configure_broker
  if is_marked broker-needs-restart; then
    run systemctl restart mosquitto || fail 'mosquitto does not start' 'See journalctl -u mosquitto.'
    unmark broker-needs-restart
  elif [[ $dry_run == no ]] && ! systemctl is-active -q mosquitto; then
    run systemctl enable --now mosquitto || fail 'mosquitto does not start' 'See journalctl -u mosquitto.'
  fi
  note 'mosquitto listens on 127.0.0.1:1883, for this board only; the user name is scenecast'
}

configure_broker() {
  local hashed=$broker_folder/.scenecast.passwd.new
  # Marked before the files are written, so that the broker is restarted even after a kill in between.
  broker_file scenecast.acl 0640 <<'X'
# What Scenecast may do at this broker. Written by scripts/provision.sh.
user scenecast
topic readwrite scenecast/#
topic readwrite homeassistant/#
X
  if [[ $dry_run == yes ]]; then
    note 'would write /etc/mosquitto/scenecast.passwd (mode 0640, root:mosquitto)'
  elif [[ ! -s $broker_folder/scenecast.passwd ]]; then
    mark broker-needs-restart
    (umask 077 && printf 'scenecast:%s\n' "$(cat "$credential")" >"$hashed")
    # Hashes the passwords in the file, so that none appears among arguments.
    run mosquitto_passwd -U "$hashed"
    chown root:mosquitto "$hashed"
    chmod 0640 "$hashed"
    replace_file "$hashed" "$broker_folder/scenecast.passwd"
    note 'wrote /etc/mosquitto/scenecast.passwd'
  fi
  broker_file conf.d/scenecast.conf 0644 <<'X'
# Scenecast's broker: for this board alone, and only with a password. Written by scripts/provision.sh.
listener 1883 127.0.0.1
allow_anonymous false
password_file /etc/mosquitto/scenecast.passwd
acl_file /etc/mosquitto/scenecast.acl
X
}

# broker_file NAME MODE: writes stdin
broker_file() {
  local path=$broker_folder/$1 text
  text=$(cat)
  [[ $(cat "$path" 2>/dev/null) == "$text" ]] || mark broker-needs-restart
  write_file "$path" "$2" root:mosquitto < <(printf '%s\n' "$text")
}

# --- 6: the config ---------------------------------------------------------------------------------------------------

# A YAML string in double quotes; control characters were rejected before.
quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

render_config() {
  local url=${answers[broker]} specs spec number=0 name
  [[ $url != install ]] || url=mqtt://127.0.0.1:1883
  echo '# Written by scripts/provision.sh. Change what you like: a later run with the same answers leaves it alone.'
  echo '# config.example.yaml shows every key; scenecast config check FILE checks it; systemctl restart scenecast applies it.'
  printf 'device: %s\n' "$(quoted "${answers[device]}")"
  [[ ${answers[language],,} == english ]] || printf 'language: %s\n' "$(quoted "${answers[language]}")"
  printf 'mqtt:\n  url: %s\n' "$(quoted "$url")"
  if [[ -n ${answers[broker_user]} ]]; then
    printf '  username: %s\n' "$(quoted "${answers[broker_user]}")"
    echo '  password_file: mqtt-password # the systemd credential of /etc/credstore/scenecast.mqtt-password'
  fi
  echo 'web:'
  echo '  listen: 127.0.0.1:8480 # the window, for this board alone: docs/window.md says how to reach it, and opens it to others'
  printf 'model:\n  path: %s\n' "$(quoted "${answers[model]}")"
  [[ ${answers[detail]} == full ]] || printf '  detail: %s\n' "${answers[detail]}"
  printf 'prompts:\n  default: %s\ncameras:\n' "$(quoted "${answers[prompt]}")"
  IFS=$'\t' read -ra specs <<<"${answers[camera]}"
  for spec in "${specs[@]}"; do
    number=$((number + 1))
    name=$(camera_name "$spec" camera)
    spec=$(camera_source "$spec")
    printf '  %s:\n    source: ' "$(quoted "$name")"
    case $spec in
      scene) echo '{ type: scene }' ;;
      /dev/*) printf '{ type: v4l2, device: %s }\n' "$(quoted "$spec")" ;;
      /*) printf '{ type: still, path: %s }\n' "$(quoted "$spec")" ;;
      *)
        if is_video "$spec"; then
          printf '{ type: ffmpeg, input: %s }\n' "$(quoted "$spec")"
        else
          printf '{ type: http, url: %s }\n' "$(quoted "$spec")"
        fi
        ;;
    esac
  done
}

# Whether the config was edited by hand: neither this script nor the package wrote it.
is_edited() {
  local shipped
  [[ -e $config ]] && ! cmp -s "$config" "$state/config.rendered" || return 1
  shipped=$(dpkg-query -W -f '${Conffiles}\n' scenecast 2>/dev/null | awk '$1 == "/etc/scenecast/config.yaml" {print $2}') || true
  [[ $(md5sum <"$config" | cut -d' ' -f1) != "$shipped" ]]
}

write_config() {
  local rendered candidate=${config%/*}/.config.yaml.candidate kept
  rendered=$(render_config)
  ! grep -q 'type: ffmpeg' <<<"$rendered" || is_installed ffmpeg || {
    mark ffmpeg-is-ours
    install_packages ffmpeg
  }
  if [[ $dry_run == yes ]]; then
    note "would write ${config#"$root"}, after scenecast config check has accepted it:"
    printf '%s\n' "$rendered" | sed 's/^/      /'
    return
  fi
  if [[ $rendered == "$(cat "$config" 2>/dev/null)" ]]; then
    note "${config#"$root"} is up to date"
  elif is_edited && [[ $rendered == "$(cat "$state/config.rendered" 2>/dev/null)" ]]; then
    note "${config#"$root"} was edited by hand, and the answers are the same: it is left alone"
    run scenecast config check "$config" || fail "${config#"$root"} is invalid, as shown above" 'Correct it, and run this again.'
    return
  else
    # Some cameras' addresses contain a password.
    write_file "$candidate" 0640 root:scenecast < <(printf '%s\n' "$rendered") >/dev/null
    run scenecast config check "$candidate" || {
      rm -f "$candidate"
      [[ ! -d $state/working ]] || restore_working
      fail 'these answers do not make a valid config; the existing config was not changed' 'The lines above say which value to change.'
    }
    if is_edited; then
      kept=$state/config.yaml.$(printf '%(%Y%m%dT%H%M%S)T' -1)
      cp -p "$config" "$kept"
      note "your version is saved as ${kept#"$root"}"
    fi
    keep_working "$config"
    keep_working "$state/config.rendered"
    mark service-needs-restart
    replace_file "$candidate" "$config"
    note "wrote ${config#"$root"}"
  fi
  printf '%s\n' "$rendered" | write_quietly "$state/config.rendered"
}

# --- 7 to 9: check, start, wait --------------------------------------------------------------------------------------

run_doctor() {
  run scenecast doctor board || note 'some properties of the board could not be read'
  run scenecast doctor engine || fail 'the engine does not start on this board' 'The lines above say why.'
  # A running engine already uses the memory that the plan would count as available.
  if [[ $was_active == no ]]; then
    run scenecast plan --config "$config" || fail 'the model does not fit this board' 'Choose a smaller one: --model NAME (scenecast models list), or --model demo.'
  fi
}

start_service() {
  local started=yes
  if [[ $dry_run == yes ]]; then
    note 'would enable and start scenecast.service'
    return
  fi
  check_login
  systemctl is-enabled -q scenecast || run systemctl enable scenecast
  if is_marked service-needs-restart; then
    systemctl reset-failed scenecast 2>/dev/null || true
    run systemctl restart scenecast || started=no
  elif [[ $(systemctl show -P ActiveState scenecast) != active ]]; then
    systemctl reset-failed scenecast 2>/dev/null || true
    run systemctl start scenecast || started=no
  else
    note 'the service is running and nothing has changed: not restarted'
  fi
  [[ $started == yes ]] || service_failed 'the service does not start'
  unmark service-needs-restart
  rm -rf "$state/working"
  save_answers
}

# Before the service starts, since it would retry for ever.
check_login() {
  run scenecast listen --config "$config" --count 0 --timeout 30s ||
    service_failed "cannot use the broker ${answers[broker]/#install/mqtt:\/\/127.0.0.1:1883}"
}

# The running service's config and password work: kept until the new ones work too.
keep_working() {
  local kept=$state/working/${1##*/}
  [[ $was_active == yes && -e $1 && ! -e $kept ]] || return 0
  (umask 077 && mkdir -p "$state/working")
  cp -p "$1" "$kept.new"
  replace_file "$kept.new" "$kept"
}

# Restores the config and the password that worked.
restore_working() {
  local path kept=$state/working
  [[ -e $kept/config.rendered || ! -e $kept/config.yaml ]] || rm -f "$state/config.rendered"
  # That password may be another broker's, which a mosquitto on this board does not know.
  [[ ! -e $kept/${credential##*/} ]] || unmark password-is-ours
  for path in "$config" "$state/config.rendered" "$credential"; do
    [[ -e $kept/${path##*/} ]] || continue
    cp -p "$kept/${path##*/}" "$path.restored"
    replace_file "$path.restored" "$path"
  done
  rm -rf "$kept"
  systemctl reset-failed scenecast 2>/dev/null || true
  run systemctl restart scenecast || true
}

service_failed() {
  run journalctl -u scenecast -n 15 --no-pager -o cat || true
  if [[ -d $state/working ]]; then
    restore_working
    fail "$1" 'The last working config is restored. The lines above say why; run this again with other answers.'
  fi
  fail "$1" 'The lines above say why. Run this again with other answers: --broker, --camera, --model ...'
}

await_description() {
  local since listening shown='' status restarts dark=0
  if [[ $dry_run == yes ]]; then
    note 'would wait for the first description, and print it'
    return
  fi
  restarts=$(systemctl show -P NRestarts scenecast)
  # Only a picture taken after this start counts.
  since=$(systemctl show -P ExecMainStartTimestamp scenecast)
  since=$(date -u -d "$since" +%FT%TZ 2>/dev/null || date -u +%FT%TZ)
  # Called directly and not through the function, since it may have to be killed. check_login has created its credentials.
  STATE_DIRECTORY=$data CREDENTIALS_DIRECTORY=$work/credentials "$root/usr/bin/scenecast" \
    listen --config "$config" --count 1 --since "$since" --timeout 30m >"$work/first" 2>"$work/first.error" 9>&- &
  listening=$!
  while kill -0 "$listening" 2>/dev/null; do
    status=$(systemctl show -P StatusText scenecast)
    [[ $status == "$shown" ]] || note "${status:-waiting}"
    shown=$status
    # Failed permanently, or restarted repeatedly.
    if [[ $(systemctl show -P ActiveState scenecast) == failed ]] ||
      (($(systemctl show -P NRestarts scenecast) > ${restarts:-0} + 4)); then
      kill "$listening" 2>/dev/null || true
      service_failed 'the service has stopped'
    fi
    # A camera whose login is still missing in the config would never return a picture.
    if [[ $status == *'looking at 0 of '*'offline: '* ]]; then dark=$((dark + 1)); else dark=0; fi
    if ((dark > 120)); then
      kill "$listening" 2>/dev/null || true
      fail 'no camera returns a picture' 'The line above says why. The service is left running: fix the camera, or its entry in the config (docs/cameras.md).'
    fi
    sleep 1
  done
  wait "$listening" || {
    run cat "$work/first.error"
    run journalctl -u scenecast -n 15 --no-pager -o cat || true
    fail 'no description arrived' 'The service is left running; the lines above say why.'
  }
  say ''
  while IFS= read -r status; do say "  $status"; done <"$work/first"
}

# --- Uninstall -------------------------------------------------------------------------------------------------------

uninstall_everything() {
  local answer
  step_count=3
  if [[ $assume_yes == no && $dry_run == no ]]; then
    printf 'Remove Scenecast, its config, models and outbox%s? [y/N] ' "$(! is_marked mosquitto-is-ours || echo ', and mosquitto')"
    IFS= read -r answer || answer=no
    [[ $answer == [yY]* ]] || { say 'Nothing was changed.' && exit 0; }
  fi
  step 'stop the service' stop_service
  step 'remove packages' remove_packages
  step 'remove files' remove_files
  [[ $dry_run == no ]] || return 0
  rm -f "$log_file"
  printf 'Scenecast is uninstalled.\n'
}

stop_service() {
  if [[ $dry_run == yes ]] || systemctl cat scenecast >/dev/null 2>&1; then run systemctl disable --now scenecast; fi
}

remove_packages() {
  local ours=(scenecast) name
  prepare_offline
  repair_packages
  for name in mosquitto ffmpeg; do
    ! is_marked "$name-is-ours" || ours+=("$name")
  done
  for name in "${ours[@]}"; do
    # Also if only its config files are left.
    ! dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qv '^not-installed$' || apt_get purge "$name"
  done
  remove_brought_packages
}

# Packages that came with ours and that no other package needs.
remove_brought_packages() {
  local name brought=()
  [[ -e $state/packages-before ]] || return 0
  while IFS= read -r name; do
    grep -qxF -e "$name" -e "$name:$(dpkg --print-architecture)" "$state/packages-before" || brought+=("$name")
  done < <(apt-get -s autoremove 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p')
  ((${#brought[@]} == 0)) || apt_get purge "${brought[@]}"
}

remove_files() {
  # A disk mounted there is emptied and stays.
  run rm -rf "$data" || mountpoint -q "$data"
  run rm -rf "$credential" "$root/etc/scenecast"
  if is_marked mosquitto-is-ours; then
    run rm -rf "$broker_folder" "$root/var/lib/mosquitto" "$root/var/log/mosquitto"
  fi
  ! getent passwd scenecast >/dev/null || run userdel scenecast || true
  run rm -rf "$state" "$work"
}

# --- Main program ----------------------------------------------------------------------------------------------------

start() {
  [[ $assume_yes == yes || -t 0 ]] || fail 'there is no terminal to ask questions on' 'Pass --yes, and flags for settings that differ from the defaults.'
  if [[ $dry_run == yes ]]; then
    say 'Dry run: prints what would be done and changes nothing.'
    [[ ! -d $state || -r $state ]] || note 'only root can read the results of earlier runs: with sudo the output may differ'
    return
  fi
  [[ $(id -u) == 0 ]] || fail 'root is required' "Run it with sudo: sudo $0 ..."
  mkdir -p "${log_file%/*}" "$root/run/lock"
  touch "$log_file"
  chmod 0640 "$log_file"
  exec 9>"$root/run/lock/scenecast-provision.lock"
  # If an earlier run was killed alone, its last command may still be running.
  flock -w 60 9 || { echo 'provision: another run is in progress; wait until it has finished' >&2 && exit 75; }
  (umask 077 && mkdir -p "$state" "$work")
  trap at_exit EXIT
  to_log '--- begins'
}

# A dry run's last lines, and its exit code.
finish_dry_run() {
  say 'Nothing was changed.'
  ((${#would_stop[@]} == 0)) && return
  {
    printf '\nprovision: a real run would stop:\n'
    printf '  %s\n' "${would_stop[@]}"
  } >&2
  exit 3
}

finish() {
  [[ $dry_run == yes ]] && finish_dry_run && return
  say ''
  say "Scenecast is running (after $((SECONDS / 60)) min $((SECONDS % 60)) s)."
  note "topics      scenecast/${answers[device]}/#"
  note 'config      /etc/scenecast/config.yaml'
  note 'log         journalctl -u scenecast'
  note 'subscribe   scenecast listen --config /etc/scenecast/config.yaml'
  window_note
  [[ ${answers[broker]} != install ]] || note 'password    /etc/credstore/scenecast.mqtt-password (user scenecast)'
}

# How to reach the window from another computer, unless the config was edited.
window_note() {
  local address
  grep -q '^  listen: 127\.0\.0\.1:8480' "$config" || return 0
  address=$(hostname -I 2>/dev/null | cut -d' ' -f1) || true
  note "window      ssh -L 8480:127.0.0.1:8480 ${SUDO_USER:-$(id -un)}@${address:-$(uname -n)}"
  note '            on your computer; then open http://127.0.0.1:8480 there'
}

main() {
  trap 'exit 130' INT TERM
  parse_flags "$@"
  start
  if [[ $uninstall == yes ]]; then
    uninstall_everything
    return
  fi
  remember_answers
  if [[ $dry_run == no ]] && systemctl is-active -q scenecast; then was_active=yes; fi
  step 'check the board' check_board
  step 'install the package' install_package
  step 'ask for the settings' ask_everything
  # Before the broker: an interrupted download must not leave a new password with an old config.
  step 'get the model' get_model
  step 'set up the MQTT broker' set_up_broker
  step 'write the config' write_config
  step 'check engine and model' run_doctor
  step 'start the service' start_service
  step 'wait for the first description' await_description
  finish
}

main "$@"
