package org.nvlink2vmm.vmm.iommu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * Guest memory as a device reaches it, by I/O virtual address. Whoever attaches a device supplies
 * one; it refuses what the guest has not mapped.
 */
public interface DmaSpace {
  /** Reaches nothing: a device that was not attached. */
  DmaSpace NONE =
      new DmaSpace() {
        @Override
        public boolean read(long iova, MemorySegment target) {
          return false;
        }

        @Override
        public boolean write(long iova, MemorySegment source) {
          return false;
        }
      };

  /**
   * Memory that is in a file which another process may map, always at the same I/O virtual address.
   *
   * @param iova first address, bytes
   * @param size bytes
   * @param fd the space's owner's, who keeps it open while the space is attached
   * @param offset of the first byte in the file
   */
  record Shared(long iova, long size, OwnedFd fd, long offset, boolean writable) {}

  /**
   * All that can be reached, if it is all in files; else empty. What lies behind an IOMMU that the
   * guest drives is not.
   */
  default List<Shared> shared() {
    return List.of();
  }

  /** Fills {@code target} from guest memory at {@code iova}; false when any byte is not mapped. */
  boolean read(long iova, MemorySegment target);

  /** Copies {@code source} to guest memory at {@code iova}; false when any byte is not mapped. */
  boolean write(long iova, MemorySegment source);
}
