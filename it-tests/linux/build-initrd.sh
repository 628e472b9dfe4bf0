#!/bin/sh
# Builds the initial RAM disk of the guest: our init and the directories that it mounts on.
#
#   build-initrd.sh OUTPUT
#
# Exit status: 0 built, 3 a tool is missing, 1 it did not compile.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
output=${1:?usage: build-initrd.sh OUTPUT}
cross=powerpc64le-linux-gnu-

for tool in ${cross}gcc cpio gzip; do
  command -v "$tool" >/dev/null || {
    echo "build-initrd.sh: $tool is not installed" >&2
    exit 3
  }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/root" "$work/root/proc" "$work/root/sys" "$work/root/dev"
# The kernel opens the console before /dev is mounted.
mknod "$work/root/dev/console" c 5 1 2>/dev/null || true
${cross}gcc -O2 -Wall -Wno-unused-function -Werror -ffreestanding -fno-builtin -nostdlib -static -fno-pic -no-pie \
  -mcpu=power8 -mno-vsx -mno-altivec -msoft-float -fno-stack-protector \
  -fno-tree-loop-distribute-patterns -o "$work/root/init" "$here/init.c" || exit 1
${cross}strip "$work/root/init"
(cd "$work/root" && find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -9n) >"$output"
