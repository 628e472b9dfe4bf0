package org.nvlink2vmm.vmm.memory;

/**
 * The registers behind an MMIO region. An abstract class, since the call through it is the cost of
 * a dispatch and a virtual call is cheaper than an interface call.
 *
 * <p>The caller has checked that {@code offset} and {@code offset + size} lie inside the region and
 * that {@code size} and the alignment satisfy the region's {@link AccessRules}. Values are numbers
 * in the device's own byte order; the dispatcher has swapped them. Called from any thread; must not
 * throw and must not block longer than a device would.
 */
public abstract class MmioHandler {
  /**
   * @param offset from the start of the region, in bytes
   * @param size 1, 2, 4 or 8
   * @return the value, zero-extended
   */
  public abstract long read(long offset, int size);

  /**
   * @param value the low {@code size} bytes count; what stands above them is undefined
   */
  public abstract void write(long offset, int size, long value);
}
