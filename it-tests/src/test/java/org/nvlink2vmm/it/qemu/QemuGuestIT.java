package org.nvlink2vmm.it.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** Real guests in a real QEMU: Linux finds devices that this program serves, and uses them. */
class QemuGuestIT {
  private static final int NVIDIA = 0x10de;
  private static final int IBM = 0x1014;
  private static final long MEMORY = 256 << 20;

  /** Prints the functions, reads BOOT_0 in BAR0 and writes a pattern through BAR1 of the GPU. */
  private static final String INIT =
      """
      #!/bin/busybox sh
      B=/bin/busybox
      $B mount -t proc none /proc
      $B mount -t sysfs none /sys
      $B mount -t devtmpfs none /dev
      for d in /sys/bus/pci/devices/*; do
        echo "PCI $($B basename $d) vendor=$($B cat $d/vendor) device=$($B cat $d/device)" \
          "class=$($B cat $d/class) irq=$($B cat $d/irq)"
        if [ $($B cat $d/vendor) = 0x10de ]; then
          echo 1 > $d/enable
          bar0=$($B head -n 1 $d/resource | $B cut -d' ' -f1)
          bar1=$($B head -n 2 $d/resource | $B tail -n 1 | $B cut -d' ' -f1)
          echo "BAR0 $bar0 BAR1 $bar1"
          echo "BOOT_0 $($B devmem $bar0 32)"
          $B devmem $(($bar1 + 0x1000)) 32 0x5ca1ab1e
          echo "PATTERN $($B devmem $(($bar1 + 0x1000)) 32)"
        fi
      done
      echo GUEST-DONE
      $B sync
      $B poweroff -f
      """;

  @TempDir Path work;
  private Qemu qemu;

  @BeforeEach
  void findQemu() {
    Optional<Qemu> installed = Qemu.installed();
    assumeTrue(
        installed.isPresent(),
        "no QEMU with vfio-user-pci: run it-tests/qemu/install-qemu.sh, or set VMM_QEMU_ROOT");
    qemu = installed.get();
  }

  private interface Boot {
    String run(List<Path> sockets) throws Exception;
  }

  private void bootAndCheck(Boot boot) throws Exception {
    try (GuestVisibleDevice gpu = new GuestVisibleDevice("gpu0", NVIDIA, 0x1db1, 0x030200, MEMORY);
        GuestVisibleDevice bridge = new GuestVisibleDevice("npu0", IBM, 0x04ea, 0x068000, 1 << 17);
        VfioUserServer first = VfioUserServer.listen(work.resolve("gpu0.sock"), gpu.vfio);
        VfioUserServer second = VfioUserServer.listen(work.resolve("npu0.sock"), bridge.vfio)) {
      String console = boot.run(List.of(first.path(), second.path()));

      assertThat(console).contains("GUEST-DONE");
      assertThat(console).contains("vendor=0x10de device=0x1db1 class=0x030200");
      assertThat(console).contains("vendor=0x1014 device=0x04ea class=0x068000");
      assertThat(console).containsIgnoringCase("BOOT_0 0x140000A1");
      assertThat(console).containsIgnoringCase("PATTERN 0x5CA1AB1E");
      assertThat(pattern(gpu)).isEqualTo(0x5ca1ab1e);
    }
  }

  private static int pattern(GuestVisibleDevice gpu) {
    return gpu.memory
        .segment()
        .get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0x1000);
  }

  @Test
  void aPcGuestUsesAGpuAndABridge() throws Exception {
    bootAndCheck(sockets -> qemu.bootPc(work, INIT, sockets));
  }

  @Test
  void aPseriesGuestUsesAGpuAndABridge() throws Exception {
    bootAndCheck(sockets -> qemu.bootPseries(work, INIT, sockets));
  }
}
