package org.nvlink2vmm.it.contract;

import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** A device behind a socket, seen through the client: what holds in process holds there too. */
class VfioUserContractIT extends VfioDeviceContract {
  private static final Logger LOG = Logger.getLogger("org.nvlink2vmm");
  private static final long MEMORY = 1 << 20;

  @TempDir Path folder;
  private RamBlock memory;
  private VfioDevice served;
  private VfioUserServer server;

  /** Configuration space that keeps what is written. */
  private static final class Words extends MmioHandler {
    private final java.nio.ByteBuffer bytes =
        java.nio.ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public long read(long offset, int size) {
      int at = (int) offset;
      return switch (size) {
        case 1 -> bytes.get(at) & 0xffL;
        case 2 -> bytes.getShort(at) & 0xffffL;
        default -> bytes.getInt(at) & 0xffff_ffffL;
      };
    }

    @Override
    public void write(long offset, int size, long value) {
      int at = (int) offset;
      switch (size) {
        case 1 -> bytes.put(at, (byte) value);
        case 2 -> bytes.putShort(at, (short) value);
        default -> bytes.putInt(at, (int) value);
      }
    }
  }

  @Override
  protected VfioDevice open() {
    LOG.setLevel(Level.OFF);
    memory = RamBlock.ofShareable("contract", MEMORY);
    RegionBacking bytes =
        new RegionBacking.Direct(
            memory.segment(), memory.fd().map(fd -> new RegionBacking.SharedFile(fd, 0)));
    RegionBacking registers = new RegionBacking.Trapped(AccessRules.PCI_BAR, new Words());
    served =
        DirectDevice.builder("contract")
            .bar(0, MEMORY, bytes)
            .bar(2, 4096, registers)
            .config(4096, new Words())
            .vectors(VfioPciIndex.INTX_IRQ, 1)
            .vectors(VfioPciIndex.ERR_IRQ, 1)
            .specific(
                RegionCapability.RegionType.ofVendor(0x1014, 1),
                RegionInfo.READ | RegionInfo.WRITE,
                4096,
                java.util.List.of(
                    new RegionCapability.Nvlink2SsaTarget(1L << 45),
                    new RegionCapability.Nvlink2LinkSpeed(9)),
                registers)
            .onReset(() -> {})
            .build();
    server = VfioUserServer.listen(folder.resolve("s"), served);
    return VfioUserDevice.connect(server.path());
  }

  @AfterEach
  void endServer() {
    server.close();
    served.close();
    memory.close();
  }
}
