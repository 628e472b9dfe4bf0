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

  /** A region, mapped when the whole of it can be. */
  RemoteRegion(RegionTransfers transfers, Description.Described said) {
    this(transfers, said, true);
  }

  /** A region that is asked about for {@link #map} only. */
  static RemoteRegion unmapped(RegionTransfers transfers, Description.Described said) {
    return new RemoteRegion(transfers, said, false);
  }

  private RemoteRegion(RegionTransfers transfers, Description.Described said, boolean map) {
    info = said.info();
    file = said.file();
    boolean whole =
        map
            && info.has(RegionInfo.MMAP)
            && info.size() > 0
            && info.capability(RegionCapability.SparseMmap.class).isEmpty();
    mapping =
        whole
            ? file.map(
                fd -> Mapping.shared(fd, info.offset(), info.size(), Mapping.Protection.READ_WRITE))
            : Optional.empty();
    backing = mapping.map(m -> direct(m)).orElseGet(() -> byMessage(transfers));
  }

  private RegionBacking direct(Mapping mapped) {
    return new RegionBacking.Direct(
        mapped.segment(), file.map(fd -> new RegionBacking.SharedFile(fd, info.offset())));
  }

  private RegionBacking byMessage(RegionTransfers transfers) {
    return info.size() == 0
        ? new RegionBacking.None()
        : new RegionBacking.Trapped(AccessRules.ANY_LITTLE, new Messages(transfers, info.index()));
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

  /**
   * A part of it as the server lets it be mapped: inside one area of a sparse capability, or
   * anywhere when there is none.
   *
   * @return the part's pages, which the caller closes; empty when it is reached by message alone
   */
  Optional<Mapping> map(long offset, long length) {
    boolean inside =
        info.has(RegionInfo.MMAP)
            && info.capability(RegionCapability.SparseMmap.class)
                .map(sparse -> sparse.areas().stream().anyMatch(a -> holds(a, offset, length)))
                .orElse(true);
    return inside
        ? file.map(
            fd -> Mapping.shared(fd, info.offset() + offset, length, Mapping.Protection.READ_WRITE))
        : Optional.empty();
  }

  private static boolean holds(RegionCapability.SparseMmap.Area area, long offset, long length) {
    return area.offset() >= 0
        && offset >= area.offset()
        && length <= area.size()
        && offset - area.offset() <= area.size() - length;
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

    /** A number on its way; one a thread, so that an access makes no object. */
    private static final ThreadLocal<MemorySegment> SCRATCH =
        ThreadLocal.withInitial(() -> MemorySegment.ofArray(new byte[Long.BYTES]));

    private final RegionTransfers transfers;
    private final int index;

    Messages(RegionTransfers transfers, int index) {
      this.transfers = transfers;
      this.index = index;
    }

    @Override
    public long read(long offset, int size) {
      MemorySegment word = SCRATCH.get();
      word.set(U64, 0, -1);
      int errno = transfers.access(index, offset, word, 0, size, false);
      return (errno == 0 ? word.get(U64, 0) : -1) & -1L >>> (64 - 8 * size);
    }

    @Override
    public void write(long offset, int size, long value) {
      MemorySegment word = SCRATCH.get();
      word.set(U64, 0, value);
      int _ = transfers.access(index, offset, word, 0, size, true);
    }
  }
}
