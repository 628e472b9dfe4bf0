package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;

/**
 * Accesses to regions by message. Each thread has one {@link Access} that it uses again and again,
 * so that an access makes no object.
 */
final class RegionTransfers {
  private static final int MOST_DATA = 1 << 20;

  private final Connection connection;
  private final ThreadLocal<Access> own = ThreadLocal.withInitial(Access::new);
  private volatile int most = 1;

  RegionTransfers(Connection connection) {
    this.connection = connection;
  }

  /** Bytes that the server takes in a message. */
  void limit(long maxDataXferSize) {
    most = Math.clamp(maxDataXferSize, 1, MOST_DATA);
  }

  /**
   * Reads or writes part of a region, as pread and pwrite do.
   *
   * @param size bytes of the region
   * @param data where the bytes go or come from
   * @return bytes moved, or the negative of an errno
   */
  long move(int index, long size, long offset, MemorySegment data, boolean writes) {
    long count = RegionAccess.clip(size, offset, data.byteSize());
    long done = 0;
    while (done < count) {
      int length = (int) Math.min(most, count - done);
      int errno = access(index, offset + done, data, done, length, writes);
      if (errno != 0) {
        return done > 0 ? done : -errno;
      }
      done += length;
    }
    return count;
  }

  /** One message, bytes {@code at} and on of {@code data}; an errno, 0 for success. */
  int access(int index, long offset, MemorySegment data, long at, int length, boolean writes) {
    Access access = own.get();
    access.prepare(
        writes ? Command.REGION_WRITE : Command.REGION_READ, index, offset, data, at, length);
    int errno = connection.carryOut(access);
    if (!access.isDone()) {
      own.remove();
    }
    return errno;
  }
}
