package org.nvlink2vmm.npu2.config;

import java.nio.ByteBuffer;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
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

  synchronized boolean isEnabled() {
    return enabled;
  }

  /** Writes where the window is into a configuration space that was reset. */
  synchronized void show(ConfigSpace config) {
    pending = base;
    sizing = false;
    sizingHigh = false;
    config.update(offset, 4, 0xffff_fff0L, base);
    config.store(offset + 4, 4, base >>> 32);
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

  /** Bytes of {@link #save}. */
  static final int STATE = 24;

  private static final int ENABLED = 1;
  private static final int SIZING = 2;
  private static final int SIZING_HIGH = 4;

  synchronized void save(ByteBuffer state) {
    int flags = (enabled ? ENABLED : 0) | (sizing ? SIZING : 0) | (sizingHigh ? SIZING_HIGH : 0);
    state.putLong(base).putLong(pending).putLong(flags);
  }

  static boolean isSound(ByteBuffer state, int at) {
    return ((state.getLong(at) | state.getLong(at + 8)) & 0xf) == 0
        && (state.getLong(at + 16) & ~(ENABLED | SIZING | SIZING_HIGH)) == 0;
  }

  synchronized void restore(ByteBuffer state) {
    base = state.getLong();
    pending = state.getLong();
    long flags = state.getLong();
    enabled = (flags & ENABLED) != 0;
    sizing = (flags & SIZING) != 0;
    sizingHigh = (flags & SIZING_HIGH) != 0;
    placement.place(base, enabled);
  }

  private boolean isDword(int at, int width) {
    return width == 4 && (at == offset || at == offset + 4);
  }
}
