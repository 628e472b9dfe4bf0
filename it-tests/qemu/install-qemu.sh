#!/bin/sh
# Puts QEMU with vfio-user-pci (10.1 or later), Debian kernels and static busyboxes for x86-64 and
# ppc64le guests, each kernel with its module for PCI interrupts in user space, into a folder of its
# own, from Debian's archive, without touching the system:
#
#   it-tests/qemu/install-qemu.sh [FOLDER]       default: $VMM_QEMU_ROOT or ~/.cache/nvlink2-vmm/qemu
#
# Needs apt-get and dpkg-deb (any Debian or Ubuntu), 1.5 GB of disk, no root. A folder that is
# complete is left as it is.
set -eu

folder=${1:-${VMM_QEMU_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/nvlink2-vmm/qemu}}
# The mirror that this machine's own apt uses.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
  grep -m 1 '/debian/*$' || true)}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
done_mark=$folder/complete-2
qemu_mark=$folder/complete-1

[ -e "$done_mark" ] && exit 0
for tool in apt-get apt-cache dpkg-deb; do
  command -v $tool >/dev/null || { echo "install-qemu: $tool is not installed" >&2; exit 3; }
done
[ -n "$mirror" ] || { echo "install-qemu: apt knows no Debian mirror" >&2; exit 3; }
host=$(dpkg --print-architecture)

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
apt=$folder/apt
mkdir -p "$apt/etc/apt/apt.conf.d" "$apt/etc/apt/preferences.d" "$apt/var/lib/apt/lists/partial" \
  "$apt/var/lib/dpkg" "$apt/var/cache/apt/archives/partial" "$apt/var/log/apt"
: >"$apt/var/lib/dpkg/status"
cat >"$apt/etc/apt/sources.list" <<END
deb [signed-by=$keyring] $mirror trixie main
deb [arch=$host signed-by=$keyring] $mirror trixie-backports main
END
cat >"$apt/apt.conf" <<END
Dir "$apt";
Dir::State::status "$apt/var/lib/dpkg/status";
APT::Architecture "$host";
APT::Architectures { "$host"; "amd64"; "ppc64el"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
END
export APT_CONFIG="$apt/apt.conf"

apt-get -q update

# Fetches the newest kernel of a flavour that the mirror has: while it syncs, its index is ahead.
kernel() {
  for k in $(apt-cache search --names-only "^linux-image-6\\.12\\..*-$1\$" |
    sed "s/ .*//" | grep -v -e cloud -e -rt- -e dbg -e unsigned | sort -rV); do
    apt-get -q download "$k:$2" && return
  done
  echo "install-qemu: no kernel for $2 in the archive" >&2
  exit 3
}

# QEMU with everything that it links to; the guests' packages alone.
[ -e "$qemu_mark" ] ||
  apt-get -q -y --download-only -t trixie-backports install qemu-system-x86 qemu-system-ppc
(
  mkdir -p "$folder/guest-packages"
  cd "$folder/guest-packages"
  apt-get -q download busybox-static:amd64 busybox-static:ppc64el
  kernel amd64 amd64
  kernel powerpc64le ppc64el
)

for arch in amd64 ppc64el; do
  guest=$folder/$arch
  mkdir -p "$guest/x"
  for package in "$folder"/guest-packages/*_$arch.deb; do dpkg-deb -x "$package" "$guest/x"; done
  mv "$guest"/x/boot/vmlinu* "$guest/kernel"
  if [ -e "$guest/x/bin/busybox" ]; then mv "$guest/x/bin/busybox" "$guest/busybox"
  else mv "$guest/x/usr/bin/busybox" "$guest/busybox"; fi
  find "$guest/x" -path '*/drivers/uio/*' \( -name 'uio.ko*' -o -name 'uio_pci_generic.ko*' \) \
    -exec mv {} "$guest/" \;
  rm -rf "$guest/x"
done
rm -rf "$folder/guest-packages"
if [ -e "$qemu_mark" ]; then
  : >"$done_mark"
  exit 0
fi

root=$folder/root
mkdir -p "$root"
for package in "$apt"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$root"; done

# QEMU runs on the libraries of its own release: by their loader, from where they lie.
loader=$(find "$root/lib64" "$root/usr/lib64" "$root/usr/lib" -maxdepth 2 -name 'ld*.so.[12]' 2>/dev/null | head -n 1)
libraries=$(find "$root/usr/lib" "$root/lib" -maxdepth 1 -type d -name '*-linux-gnu*' 2>/dev/null | head -n 1)
mkdir -p "$folder/bin"
for system in x86_64 ppc64; do
  cat >"$folder/bin/qemu-system-$system" <<END
#!/bin/sh
# Without this QEMU takes the modules of a QEMU that the system may have.
export QEMU_MODULE_DIR="$libraries/qemu"
exec "$loader" --library-path "$libraries:$libraries/pulseaudio" \
  "$root/usr/bin/qemu-system-$system" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" \
  -L "$root/usr/lib/ipxe/qemu" "\$@"
END
  chmod +x "$folder/bin/qemu-system-$system"
  "$folder/bin/qemu-system-$system" -device vfio-user-pci,help | grep -q socket= ||
    { echo "install-qemu: qemu-system-$system has no vfio-user-pci" >&2; exit 3; }
done
rm -rf "$apt/var/cache/apt/archives"
: >"$qemu_mark"
: >"$done_mark"
echo "install-qemu: $("$folder/bin/qemu-system-x86_64" --version | head -n 1) in $folder"
