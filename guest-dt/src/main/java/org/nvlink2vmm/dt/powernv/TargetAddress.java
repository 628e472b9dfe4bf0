package org.nvlink2vmm.dt.powernv;

/**
 * The address by which a GPU knows its own memory on the NVLink ({@code ibm,device-tgt-addr}).
 *
 * <p>The NPU sends 47 address bits over a link and compresses the chip and group fields of a system
 * address into them (skiboot hw/npu2.c). The value is the host's: a guest is told it unchanged, and
 * it cannot be computed from guest addresses.
 */
public final class TargetAddress {
  private static final long COPIED = (1L << 43) - 1;

  private TargetAddress() {}

  /**
   * The target address for GPU memory at system physical address {@code base}: bits 42:0 stay, bits
   * 46:45 move to 44:43, bits 50:49 move to 46:45.
   */
  public static long fromBase(long base) {
    return (base & COPIED) | (base >>> 45 & 3) << 43 | (base >>> 49 & 3) << 45;
  }
}
