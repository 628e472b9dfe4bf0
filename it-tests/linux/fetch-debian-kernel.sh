#!/bin/sh
# Fetches the stock kernel of Debian 12 for ppc64el, Linux 6.1, which knows no NVLink: whatever an
# ordinary guest would boot.
#
#   fetch-debian-kernel.sh [--where]
#
# Prints the file. --where prints it without fetching and fails when it is not there. Cached outside
# the source tree under ${XDG_CACHE_HOME:-~/.cache}/nvlink2-vmm; nothing is installed.
# Exit status: 0 there, 3 a tool or the package cannot be had.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nvlink2-vmm
out=$cache/debian-6.1-1
# The mirror that this machine's own apt uses.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
  grep -m 1 '/debian/*$' || true)}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

refuse() {
  echo "fetch-debian-kernel.sh: $1" >&2
  exit 3
}

if [ -f "$out/vmlinux" ]; then
  echo "$out/vmlinux"
  exit 0
fi
[ "${1:-}" != --where ] || refuse "no kernel at $out: run it-tests/linux/fetch-debian-kernel.sh"

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" >/dev/null || refuse "$tool is not installed"
done
[ -r "$keyring" ] || refuse "$keyring is missing (package debian-archive-keyring)"
[ -n "$mirror" ] || refuse "apt knows no Debian mirror (set DEBIAN_MIRROR)"

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
apt=$work/apt
mkdir -p "$apt/etc/apt/apt.conf.d" "$apt/etc/apt/preferences.d" "$apt/var/lib/apt/lists/partial" \
  "$apt/var/lib/dpkg" "$apt/var/cache/apt/archives/partial" "$work/deb"
: >"$apt/var/lib/dpkg/status"
echo "deb [signed-by=$keyring] $mirror bookworm main" >"$apt/etc/apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir "$apt";
Dir::State::status "$apt/var/lib/dpkg/status";
APT::Architecture "ppc64el";
APT::Architectures { "ppc64el"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
END
export APT_CONFIG="$apt/apt.conf"

echo "fetch-debian-kernel.sh: fetching Linux 6.1 for ppc64el from $mirror" >&2
apt-get -qq update >&2 || refuse "the package list of bookworm cannot be had from $mirror"
# While a mirror syncs, its index is ahead of its files: the newest one that it has.
fetched=
for package in $(apt-cache search --names-only '^linux-image-6\.1\..*-powerpc64le$' |
  sed 's/ .*//' | sort -rV); do
  if (cd "$work/deb" && apt-get -qq download "$package" >&2); then
    fetched=$package
    break
  fi
done
[ -n "$fetched" ] || refuse "no linux-image-6.1 for powerpc64le can be had from $mirror"
dpkg-deb -x "$work"/deb/*.deb "$work/x"

mkdir "$work/done"
cp "$work"/x/boot/vmlinu*-6.1.* "$work/done/vmlinux"
mv "$work/done" "$out" 2>/dev/null || [ -f "$out/vmlinux" ] || refuse "$out cannot be written"
echo "$out/vmlinux"
