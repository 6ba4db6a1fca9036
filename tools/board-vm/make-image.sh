#!/usr/bin/env bash
# make-image.sh arm64|amd64: a Debian system that boots under QEMU, as disk.ext4, vmlinuz and initrd below
# build/board-vm/<arch>. Ten minutes the first time for arm64, whose packages are configured under emulation; then cached.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Neither kernel nor initramfs-tools: making an initramfs under emulation takes longer than all the rest.
packages=systemd,systemd-sysv,udev,kmod,iproute2,openssh-server,procps,libstdc++6,libgomp1,libyuv0,v4l-utils,usbip

make_rootfs() {
  say "Debian $suite for $arch"
  if [ "$arch" = arm64 ] && [ "$(uname -m)" != aarch64 ]; then
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    update-binfmts --enable qemu-aarch64
  fi
  mmdebstrap --quiet --variant=minbase --arch="$arch" --include="$packages" \
    --aptopt='Acquire::Languages "none"' --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$suite" "$work/rootfs.tar" "$(mirror)"
}

# As unpack_package; what a release has in /bin and /lib, and a later one in /usr/bin and /usr/lib, is found in both.
unpack_merged() {
  local package=$1 folder=$2
  mkdir -p "$folder"/usr/{bin,lib}
  ln -sfn usr/bin "$folder/bin"
  ln -sfn usr/lib "$folder/lib"
  unpack_package "$package" "$folder"
}

# A small initrd: the modules for a virtio disk, and a way to the real system.
make_initrd() {
  local root=$1 version=$2 folder module name
  folder=$(mktemp -d)
  mkdir -p "$folder"/{bin,modules,proc,sys,dev,new}
  unpack_merged busybox-static "$work/busybox"
  cp "$work/busybox/bin/busybox" "$folder/bin/busybox"
  ln -s busybox "$folder/bin/sh"
  for module in virtio_pci virtio_mmio virtio_blk ext4 virtio_net virtio_rng; do
    modprobe -d "$root" -S "$version" --show-depends "$module" 2>/dev/null | awk '$1 == "insmod" {print $2}'
  done | awk '!seen[$0]++' | while read -r module; do
    name=$(basename "$module" .xz)
    # With -f, what is not compressed is copied.
    xz -dcf "$module" >"$folder/modules/$name"
    echo "$name" >>"$folder/modules/order"
  done
  cat >"$folder/init" <<'X'
#!/bin/sh
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sysfs /sys
$busybox mount -t devtmpfs dev /dev
while read -r module; do $busybox insmod "/modules/$module"; done </modules/order
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do $busybox sleep 0.1; tries=$((tries + 1)); done
$busybox mount -t ext4 -o rw,noatime /dev/vda /new || exec $busybox sh
$busybox mount --move /dev /new/dev
$busybox umount /sys
$busybox umount /proc
exec $busybox switch_root /new /sbin/init
X
  chmod +x "$folder/init"
  (cd "$folder" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"
  rm -rf "$folder"
}

# Host name, network by DHCP, root by our key.
configure() {
  local root=$1
  echo board >"$root/etc/hostname"
  echo '127.0.0.1 localhost board' >"$root/etc/hosts"
  mkdir -p "$root/etc/systemd/network" "$root/etc/systemd/system/multi-user.target.wants"
  printf '[Match]\nName=e*\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/80-dhcp.network"
  ln -sf /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
  [ -f "$vm_dir/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$vm_dir/key"
  mkdir -p "$root/root/.ssh"
  cp "$vm_dir/key.pub" "$root/root/.ssh/authorized_keys"
  chmod 700 "$root/root/.ssh"
  chown -R 0:0 "$root/root"
}

make_disk() {
  local root=$work/root kernel=$work/kernel package version
  say "disk image for $arch"
  package=$(private_apt apt-cache depends "linux-image-$arch" | awk '/Depends: linux-image-[0-9]/ {print $2; exit}')
  version=${package#linux-image-}
  version=${version%-unsigned}
  rm -rf "$root" "$kernel"
  mkdir -p "$root"
  tar --numeric-owner --xattrs -xpf "$work/rootfs.tar" -C "$root"
  unpack_merged "$package" "$kernel"
  cp -a "$kernel/lib/modules" "$root/lib/"
  cp "$kernel/boot/vmlinuz-$version" "$work/vmlinuz"
  depmod -b "$root" "$version"
  make_initrd "$root" "$version"
  configure "$root"
  rm -f "$work/disk.ext4"
  truncate -s 3G "$work/disk.ext4"
  mke2fs -q -t ext4 -O ^has_journal -F -d "$root" -L root "$work/disk.ext4"
  rm -rf "$root" "$kernel" "$work/busybox"
}

script=$(sha256sum <"${BASH_SOURCE[0]}" | cut -c1-16)
once rootfs "$packages $suite" make_rootfs
once disk "$script $(cat "$work/rootfs.stamp")" make_disk
