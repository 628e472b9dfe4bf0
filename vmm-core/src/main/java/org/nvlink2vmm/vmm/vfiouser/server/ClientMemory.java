package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.StampedLock;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaMap;
import org.nvlink2vmm.vmm.vfiouser.codec.Wire;

/**
 * Guest memory as the device reaches it: through the client's file where it gave one, by messages
 * elsewhere. Nothing is reached while the guest keeps Bus Master off; a client that is asked by
 * message refuses by itself then, but a mapping knows no such gate.
 *
 * <p>Any thread may call. A transfer may span mappings; it stops at the first byte that is not
 * mapped, or not for this direction, and what was moved before stays moved.
 */
final class ClientMemory implements DmaSpace {
  private static final int BUS_MASTER = 4;
  private static final long COMMAND_REGISTER = 4;

  private final VfioDevice device;
  private final boolean isPci;
  private final DmaMappings mappings;
  private final DmaMessages messages;
  private final boolean byMessageOnly;
  private final SessionCounts counts;
  private final MemorySegment command = Arena.ofAuto().allocate(2);
  private volatile boolean busMaster;

  ClientMemory(
      VfioDevice device,
      DmaMappings mappings,
      DmaMessages messages,
      boolean byMessageOnly,
      SessionCounts counts) {
    this.device = device;
    this.isPci = (device.info().flags() & DeviceInfo.PCI) != 0;
    this.mappings = mappings;
    this.messages = messages;
    this.byMessageOnly = byMessageOnly;
    this.counts = counts;
    readBusMaster();
  }

  /** Looks at the command register again. On the session's thread. */
  void readBusMaster() {
    busMaster =
        !isPci
            || device.read(VfioPciIndex.CONFIG_REGION, COMMAND_REGISTER, command) < 2
            || (Wire.u16(command, 0) & BUS_MASTER) != 0;
  }

  @Override
  public boolean read(long iova, MemorySegment target) {
    return move(iova, target, false);
  }

  @Override
  public boolean write(long iova, MemorySegment source) {
    return move(iova, source, true);
  }

  private boolean move(long iova, MemorySegment data, boolean toGuest) {
    boolean moved = busMaster;
    long done = 0;
    while (moved && done < data.byteSize()) {
      long piece = piece(iova + done, data, done, toGuest);
      moved = piece > 0;
      done += piece;
    }
    if (!moved) {
      counts.dmaRefused();
    }
    return moved;
  }

  /** Moves what lies in one mapping; gives the bytes moved, 0 when none may be. */
  private long piece(long iova, MemorySegment data, long done, boolean toGuest) {
    StampedLock lock = mappings.lock();
    DmaMappings.Entry entry;
    long stamp = lock.readLock();
    try {
      int position = mappings.find(iova);
      if (position < 0) {
        return 0;
      }
      entry = mappings.entry(position);
      int right = toGuest ? DmaMap.WRITABLE : DmaMap.READABLE;
      if ((entry.flags() & right) == 0) {
        return 0;
      }
      if (entry.file().isPresent() && !byMessageOnly) {
        return copy(entry, iova, data, done, toGuest);
      }
    } finally {
      lock.unlockRead(stamp);
    }
    long length = length(entry, iova, data.byteSize() - done);
    return messages.move(iova, data.asSlice(done, length), toGuest) ? length : 0;
  }

  private static long length(DmaMappings.Entry entry, long iova, long wanted) {
    long left = entry.last() - iova;
    return left < 0 || left >= wanted ? wanted : left + 1;
  }

  private static long copy(
      DmaMappings.Entry entry, long iova, MemorySegment data, long done, boolean toGuest) {
    MemorySegment memory = entry.file().get().mapping().segment();
    long length = length(entry, iova, data.byteSize() - done);
    long at = entry.offset() + (iova - entry.iova());
    try {
      if (toGuest) {
        MemorySegment.copy(data, done, memory, at, length);
      } else {
        MemorySegment.copy(memory, at, data, done, length);
      }
      return length;
    } catch (InternalError e) {
      // The client has cut its file short: SIGBUS, which the virtual machine turns into this.
      return 0;
    }
  }
}
