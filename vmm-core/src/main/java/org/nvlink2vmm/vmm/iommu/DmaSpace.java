package org.nvlink2vmm.vmm.iommu;

import java.lang.foreign.MemorySegment;

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

  /** Fills {@code target} from guest memory at {@code iova}; false when any byte is not mapped. */
  boolean read(long iova, MemorySegment target);

  /** Copies {@code source} to guest memory at {@code iova}; false when any byte is not mapped. */
  boolean write(long iova, MemorySegment source);
}
