#!/bin/sh
# Executes the same guests on this processor and on the machine's QEMU (TCG), one after the other:
# tight loops, which time themselves, and Linux to power-off if its files are given.
#
#   compare-speed.sh [VMLINUX INITRD]
#
# Times are user + system CPU seconds, since other work on the machine does not count in them.
# Exit status: 0 measured, 3 a tool is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
vmm=$here/../../vmm
machine=${VMM_MACHINE:-witherspoon-4gpu}
for tool in powerpc64-linux-gnu-gcc qemu-system-ppc64 dtc; do
  command -v "$tool" >/dev/null || {
    echo "compare-speed.sh: $tool is not installed" >&2
    exit 3
  }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command; its output, then the CPU time that it took.
timed() {
  name=$1
  shift
  echo "== $name"
  bash -c 'TIMEFORMAT="CPU %U + %S s, wall %R s"; time "$@" </dev/null' bash "$@" 2>&1 |
    tr -d '\r' | grep -a 'MIPS\|^CPU' || true
}

# Enters 0x400000 as kexec would, the tree at 0x7000000 in r3; at 0x200 the RTAS call.
head -c 256 /dev/zero >"$work/reset.bin"
printf '\074\140\007\000\070\240\000\000\074\200\000\100\174\211\003\246\116\200\004\040' \
  >>"$work/reset.bin"
head -c 236 /dev/zero >>"$work/reset.bin"
printf '\174\144\033\170\074\140\000\000\140\143\360\000\104\000\000\042\116\200\000\040' \
  >"$work/rtas.bin"
qemu="qemu-system-ppc64 -cpu power9 -nographic -vga none -nodefaults -serial stdio -monitor none \
  -no-reboot -smp 1 -m 512M"

# The tree of QEMU's machine, made fit to be entered without firmware.
tree() {
  # shellcheck disable=SC2086
  $qemu -M pseries,dumpdtb="$work/base.dtb" "$@" >/dev/null 2>&1 || true
  dtc -q -I dtb -O dts "$work/base.dtb" | sed \
    -e 's|^/dts-v1/;|&\n/memreserve/ 0x6f00000 0x10000;|' \
    -e 's|^\trtas {|&\n\t\tlinux,rtas-base = <0x6f00000>; linux,rtas-entry = <0x6f00000>;|' \
    -e 's|ibm,architecture-vec-5 = .*|ibm,architecture-vec-5 = [00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 40 00 40 00];|' |
    dtc -q -I dts -O dtb -o "$work/tree.dtb" -
}

on_qemu() {
  name=$1
  shift
  # shellcheck disable=SC2086
  timed "$name" $qemu -M pseries -bios "$work/reset.bin" "$@" \
    -device loader,file="$work/tree.dtb",addr=0x7000000,force-raw=on \
    -device loader,file="$work/rtas.bin",addr=0x6f00000,force-raw=on
}

"$here/build.sh" "$here/loops.c" "$work/loops.elf" 2>/dev/null
for how in interpret auto; do
  timed "loops, $how" "$vmm" run "$machine" --vcpu $how --kernel "$work/loops.elf"
done
tree
on_qemu "loops, QEMU" -device loader,file="$work/loops.elf"

if [ $# -ge 2 ]; then
  for how in interpret auto; do
    timed "Linux, $how" "$vmm" run "$machine" --vcpu $how --kernel "$1" --initrd "$2"
  done
  tree -kernel "$1" -initrd "$2" -append console=hvc0
  on_qemu "Linux, QEMU" -kernel "$1" -initrd "$2" -append console=hvc0
fi
