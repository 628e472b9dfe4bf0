package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * A region of a server's. Its bytes are touched directly when the server gave a file that has the
 * whole of it; otherwise every access is a message.
 */
final class RemoteRegion implements AutoCloseable {
  private final RegionInfo info;
  private final Optional<OwnedFd> file;
  private final Optional<Mapping> mapping;
  private final RegionBacking backing;

  RemoteRegion(VfioUserDevice device, RegionInfo info, Optional<OwnedFd> file) {
    this.info = info;
    this.file = file;
    boolean whole =
        info.has(RegionInfo.MMAP)
            && info.size() > 0
            && info.capability(RegionCapability.SparseMmap.class).isEmpty();
    mapping =
        whole
            ? file.map(
                fd -> Mapping.shared(fd, info.offset(), info.size(), Mapping.Protection.READ_WRITE))
            : Optional.empty();
    backing = mapping.map(m -> direct(m)).orElseGet(() -> byMessage(device));
  }

  private RegionBacking direct(Mapping mapped) {
    return new RegionBacking.Direct(
        mapped.segment(), file.map(fd -> new RegionBacking.SharedFile(fd, info.offset())));
  }

  private RegionBacking byMessage(VfioUserDevice device) {
    return info.size() == 0
        ? new RegionBacking.None()
        : new RegionBacking.Trapped(AccessRules.ANY_LITTLE, new Messages(device, info.index()));
  }

  /** What is said of the region. Its place in the file is nobody's business but this class's. */
  RegionInfo info() {
    return new RegionInfo(
        info.index(),
        info.flags(),
        info.size(),
        VfioPciIndex.fileOffset(info.index()),
        info.capabilities());
  }

  /** Bytes, unsigned. */
  long size() {
    return info.size();
  }

  RegionBacking backing() {
    return backing;
  }

  @Override
  public void close() {
    mapping.ifPresent(Mapping::close);
    file.ifPresent(OwnedFd::close);
  }

  /** Registers at the other end. What fails reads all ones, as from a device that is gone. */
  private static final class Messages extends MmioHandler {
    private static final ValueLayout.OfLong U64 =
        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final VfioUserDevice device;
    private final int index;

    Messages(VfioUserDevice device, int index) {
      this.device = device;
      this.index = index;
    }

    @Override
    public long read(long offset, int size) {
      MemorySegment word = MemorySegment.ofArray(new byte[Long.BYTES]);
      long ones = size == Long.BYTES ? -1L : (1L << (8 * size)) - 1;
      return device.read(index, offset, word.asSlice(0, size)) == size ? word.get(U64, 0) : ones;
    }

    @Override
    public void write(long offset, int size, long value) {
      MemorySegment word = MemorySegment.ofArray(new byte[Long.BYTES]);
      word.set(U64, 0, value);
      device.write(index, offset, word.asSlice(0, size));
    }
  }
}
