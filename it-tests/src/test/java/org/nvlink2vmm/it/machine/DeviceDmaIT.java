package org.nvlink2vmm.it.machine;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.guest.GuestMachine;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;
import org.nvlink2vmm.vmm.machine.RealGuest;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/**
 * A device behind a socket reaches guest memory by bus addresses: through the entries that a
 * simulated guest puts by its call, and through those of a kernel's hypercall.
 */
class DeviceDmaIT {
  private static final long BUID = 0x800_0000_2000_0000L;
  private static final long LIOBN = 0x8000_0000L;
  private static final int COMMAND = 1 << 11 | 4;
  private static final int BUS_MASTER = 4;
  private static final int H_PUT_TCE = 0x20;

  @TempDir private Path folder;

  private volatile DmaSpace memory = DmaSpace.NONE;

  private VfioUserServer serve() {
    ConfigSpace config = new ConfigSpace(256).set32(0, 0x11e8_1234, 0, 0).set16(4, 0, 0x407, 0);
    DirectDevice device =
        DirectDevice.builder("board").config(256, config).onAttach(to -> memory = to).build();
    return VfioUserServer.listen(folder.resolve("board.sock"), device);
  }

  private Machine machine() throws IOException {
    Path file = folder.resolve("machine.yaml");
    Files.writeString(
        file,
        """
        machine: { memory: 1G }
        phbs:
          - index: 0
            devices:
              - { slot: 1, device: v100, socket: "%s" }
        """
            .formatted(folder.resolve("board.sock")));
    PluginCatalogue plugins = PluginCatalogue.installed();
    return Machine.build(MachineFileReader.read(file, plugins), plugins);
  }

  /** Reads a word by DMA; -1 when it is refused. */
  private long dma(long iova) {
    byte[] word = new byte[4];
    boolean reached = memory.read(iova, MemorySegment.ofArray(word));
    return reached
        ? Integer.toUnsignedLong(ByteBuffer.wrap(word).order(LITTLE_ENDIAN).getInt())
        : -1;
  }

  @Test
  void aSimulatedGuestMapsAndUnmapsAPage() throws Exception {
    try (VfioUserServer _ = serve();
        Machine machine = machine()) {
      GuestMachine guest = machine.boot();
      guest.store(0x20010, 4, 0x12345678, LITTLE_ENDIAN);
      guest.writePciConfig(BUID, COMMAND, 2, BUS_MASTER);
      assertThat(guest.putTce(LIOBN, 0x7000, 0x20000 | TceTable.READ)).isZero();
      assertThat(dma(0x7010)).isEqualTo(0x12345678);
      assertThat(guest.putTce(LIOBN, 0x7000, 0)).isZero();
      assertThat(dma(0x7010)).isEqualTo(-1);
      assertThat(machine.spapr().phbs().getFirst().dma().faults())
          .singleElement()
          .asString()
          .contains("read of 4 bytes at bus address 0x7010: not mapped");
      assertThat(guest.putTce(LIOBN, 0x4000_0000L, 0)).isNegative();
      assertThat(guest.putTce(LIOBN + 1, 0, 0)).isNegative();
    }
  }

  @Test
  void aKernelsHypercallMapsForTheDevice() throws Exception {
    Path kernel = folder.resolve("kernel.elf");
    Files.write(kernel, spin());
    try (VfioUserServer _ = serve();
        Machine machine = machine()) {
      RealGuest real =
          new RealGuest(
              machine,
              new RealGuest.Image(kernel, Optional.empty(), ""),
              OutputStream.nullOutputStream());
      machine.spapr().memory().write(0x30010, 4, 0x9abcdef0L, LITTLE_ENDIAN);
      machine.spapr().rtas().writePciConfig(BUID, COMMAND, 2, BUS_MASTER);
      Vcpu vcpu = real.guest().partition().vcpus().getFirst();
      vcpu.gpr(3, H_PUT_TCE);
      vcpu.gpr(4, LIOBN);
      vcpu.gpr(5, 0x9000);
      vcpu.gpr(6, 0x30000 | TceTable.READ);
      real.guest().hypervisor().call(vcpu);
      assertThat(vcpu.gpr(3)).isZero();
      assertThat(dma(0x9010)).isEqualTo(0x9abcdef0L);
      assertThat(dma(0xa010)).isEqualTo(-1);
    }
  }

  /** A kernel that is never run. */
  private static byte[] spin() {
    ByteBuffer elf = ByteBuffer.allocate(0x104);
    elf.putInt(0, 0x7f454c46).put(4, (byte) 2).put(5, (byte) 2);
    elf.putShort(16, (short) 2).putShort(18, (short) 21).putLong(24, 0x1000).putLong(32, 64);
    elf.putShort(54, (short) 56).putShort(56, (short) 1);
    elf.putInt(64, 1).putLong(72, 0x100).putLong(80, 0x1000).putLong(88, 0x1000);
    elf.putLong(96, 4).putLong(104, 4).putInt(0x100, 0x48000000);
    return elf.array();
  }
}
