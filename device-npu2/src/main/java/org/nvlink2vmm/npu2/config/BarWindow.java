package org.nvlink2vmm.npu2.config;

import org.nvlink2vmm.vmm.pci.ConfigTrap;

/**
 * A 64-bit BAR of a bridge as firmware emulates it (skiboot hw/npu2.c): sizing answers with the
 * plain size, once; the low half waits for the high half, which commits; a BAR that is enabled does
 * not move, though the low half of a refused move stays visible.
 */
final class BarWindow implements ConfigTrap {
  /** Told when the window appears, moves or disappears. */
  interface Placement {
    void place(long hpa, boolean enabled);
  }

  private final int offset;
  private final long size;
  private final Placement placement;
  private long base;
  private long pending;
  private boolean enabled;
  private boolean sizing;
  private boolean sizingHigh;

  /**
   * @param offset of the low dword in configuration space
   */
  BarWindow(int offset, long size, long base, Placement placement) {
    this.offset = offset;
    this.size = size;
    this.base = base;
    this.pending = base;
    this.placement = placement;
  }

  synchronized void enable(boolean wanted) {
    if (wanted != enabled) {
      enabled = wanted;
      placement.place(base, wanted);
    }
  }

  @Override
  public synchronized long read(int at, int width) {
    if (!sizing) {
      return PASS;
    }
    if (!isDword(at, width)) {
      return LinkConfig.REFUSED;
    }
    long answer = sizingHigh ? size >>> 32 : size & 0xffff_ffffL;
    sizing = false;
    sizingHigh = false;
    return answer;
  }

  @Override
  public synchronized boolean write(int at, int width, int value) {
    if (!isDword(at, width)) {
      return true;
    }
    if (value == -1) {
      sizing = true;
      sizingHigh |= at == offset + 4;
      return true;
    }
    if (at == offset) {
      pending = (pending & 0xffff_ffff_0000_0000L) | (value & 0xffff_fff0L);
      return false;
    }
    pending = (pending & 0xffff_ffffL) | Integer.toUnsignedLong(value) << 32;
    if (enabled && pending != base) {
      pending = base;
      return true;
    }
    base = pending;
    return false;
  }

  private boolean isDword(int at, int width) {
    return width == 4 && (at == offset || at == offset + 4);
  }
}
