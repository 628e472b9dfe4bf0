#!/bin/busybox sh
# The first and only process of a guest: says what Linux found on PCI, uses the GPU, and goes off.
B=/bin/busybox
$B mount -t proc none /proc
$B mount -t sysfs none /sys
$B mount -t devtmpfs none /dev

# reg OFFSET [VALUE]: reads or writes a register of BAR 0.
reg() {
  $B devmem $((bar0 + $1)) 32 $2
}

# The alarm of the timer (PTIMER) interrupts; a driver in user space waits for it.
interrupt() {
  for module in uio uio_pci_generic; do
    $B unxz -c /lib/$module.ko.xz >/$module.ko
    $B insmod /$module.ko
  done
  echo "$($B cat $1/vendor) $($B cat $1/device)" >/sys/bus/pci/drivers/uio_pci_generic/new_id
  $B dd if=/dev/uio0 of=/count bs=4 count=1 2>/dev/null &
  reg 0x9140 1                                   # PTIMER INTR_EN_0: the alarm
  reg 0x160 0x100000                             # PMC INTR_EN_SET(0): PTIMER
  reg 0x9420 $(($(reg 0x9400) + 0x100000))       # ALARM_0 = TIME_0 + 1 ms
  for i in 1 2 3 4 5 6 7 8 9 10; do
    [ -s /count ] && break
    $B sleep 1
  done
  echo "INTERRUPTS $($B od -A n -t d4 /count)"
  echo "PENDING $(reg 0x9100) $(reg 0x100)"
  reg 0x9100 1                                   # PTIMER INTR_0: seen
  echo "CLEARED $(reg 0x9100) $(reg 0x100)"
  echo "LINE $($B grep uio_pci_generic /proc/interrupts)"
}

use() {
  echo 1 >$1/enable
  bar0=$($B sed -n '1s/ .*//p' $1/resource)
  bar1=$($B sed -n '2s/ .*//p' $1/resource)
  echo "BOOT_0 $(reg 0)"
  $B devmem $((bar1 + 0x1000)) 32 0x5ca1ab1e
  $B devmem $((bar1 + 0x3fffffff8)) 64 0x1122334455667788
  echo "PATTERN $($B devmem $((bar1 + 0x1000)) 32) $($B devmem $((bar1 + 0x3fffffff8)) 64)"
  interrupt $1
}

for d in /sys/bus/pci/devices/*; do
  echo "PCI $($B basename $d) vendor=$($B cat $d/vendor) device=$($B cat $d/device)" \
    "class=$($B cat $d/class) irq=$($B cat $d/irq)"
  case $($B cat $d/vendor) in 0x10de | 0x1014)
    n=0
    while read start end flags; do
      [ $end != 0x0000000000000000 ] && echo "BAR $n $start $end $flags"
      n=$((n + 1))
    done <$d/resource
    $B od -A x -t x1 -v $d/config | $B sed 's/^/CONFIG /'
    ;;
  esac
done
for d in /sys/bus/pci/devices/*; do
  [ $($B cat $d/vendor) = 0x10de ] && use $d
done
echo GUEST-DONE
$B sync
$B poweroff -f
