#!/bin/sh
# Builds the guest kernel of the integration tests: Linux 5.10, the last Debian kernel whose
# vfio-pci and powernv code know NVLink2, from Debian's source package.
#
#   build-kernel.sh [--where]
#
# Prints the directory that holds vmlinux. --where prints it without building and fails when the
# kernel is not there. The result is cached outside the source tree under
# ${XDG_CACHE_HOME:-~/.cache}/nvlink2-vmm, keyed by this script and kernel.config. Nothing is
# installed; apt is used through a private configuration only to fetch and verify the package.
# Exit status: 0 built or cached, 3 a tool or the source package cannot be had, 1 the build failed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nvlink2-vmm
key=$(cat "$here/build-kernel.sh" "$here/kernel.config" | sha256sum | cut -c1-16)
out=$cache/kernel-$key
# The mirror that this machine's own apt uses.
mirror=${DEBIAN_SECURITY_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
  grep -m 1 '/debian-security/*$' || true)}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cross=powerpc64le-linux-gnu-

refuse() {
  echo "build-kernel.sh: $1" >&2
  exit 3
}

if [ -f "$out/vmlinux" ]; then
  echo "$out"
  exit 0
fi
[ "${1:-}" != --where ] || refuse "no kernel at $out: run it-tests/linux/build-kernel.sh"

for tool in apt-get dpkg-deb flock make flex bison bc gcc ${cross}gcc ${cross}ld; do
  command -v "$tool" >/dev/null || refuse "$tool is not installed"
done
[ -r "$keyring" ] || refuse "$keyring is missing (package debian-archive-keyring)"

mkdir -p "$cache"
exec 9>"$cache/kernel.lock"
flock 9
if [ -f "$out/vmlinux" ]; then
  echo "$out"
  exit 0
fi

work=$(mktemp -d "$cache/build-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

[ -n "$mirror" ] || refuse "apt knows no Debian security mirror (set DEBIAN_SECURITY_MIRROR)"
echo "build-kernel.sh: fetching linux-source-5.10 from $mirror" >&2
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/deb"
echo "deb [signed-by=$keyring] $mirror bullseye-security main" >"$work/apt/sources.list"
fetch() {
  (cd "$work/deb" && apt-get -qq \
    -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt" \
    -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" >&2)
}
fetch update || refuse "the package list of bullseye-security cannot be had from $mirror"
fetch download linux-source-5.10 || refuse "linux-source-5.10 cannot be had from $mirror"

echo "build-kernel.sh: building (some minutes, log $cache/kernel-build.log)" >&2
cd "$work"
dpkg-deb --fsys-tarfile deb/linux-source-5.10_*.deb |
  tar -xO ./usr/src/linux-source-5.10.tar.xz | tar -xJ
build() {
  nice make -s -C linux-source-5.10 O="$work/obj" ARCH=powerpc CROSS_COMPILE=$cross \
    KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=guest KBUILD_BUILD_HOST=nvlink2-vmm \
    -j"$(nproc)" "$@"
}
if ! { KCONFIG_ALLCONFIG="$here/kernel.config" build allnoconfig && build vmlinux; } \
  >"$cache/kernel-build.log" 2>&1; then
  tail -n 20 "$cache/kernel-build.log" >&2
  echo "build-kernel.sh: the kernel did not build" >&2
  exit 1
fi

mkdir "$work/done"
cp obj/vmlinux obj/System.map obj/.config "$work/done/"
mv "$work/done" "$out"
echo "$out"
