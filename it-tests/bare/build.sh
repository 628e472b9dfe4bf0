#!/bin/sh
# Builds a bare-metal guest: build.sh SOURCE.c OUTPUT. Exit status 3 when the compiler is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cross=powerpc64-linux-gnu-
command -v ${cross}gcc >/dev/null || {
  echo "build.sh: ${cross}gcc is not installed" >&2
  exit 3
}
exec ${cross}gcc -mabi=elfv2 -O1 -std=gnu11 -Wall -Wno-unused-function -Wno-parentheses \
  -ffreestanding -fno-builtin -nostdlib -mcpu=power9 -mno-vsx -mno-altivec -msoft-float \
  -fno-pic -no-pie -fno-stack-protector -fno-tree-loop-distribute-patterns \
  -Wl,--build-id=none -Wl,-T,"$here/guest.lds" -I"$here" -o "$2" "$here/start.S" "$1"
