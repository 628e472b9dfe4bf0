package org.nvlink2vmm.npu2.regs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * BAR 0 of a bridge: the DL's 64 KiB, of which control (0xfff4), configuration (0xfff8) and clock
 * control (0x1c) keep what is written, then the NTL's 64 KiB. Big-endian, 32 and 64 bits.
 */
public final class LinkWindow extends MmioHandler {
  /** What the window takes. */
  public static final AccessRules RULES = new AccessRules(1, 8, true, 8, ByteOrder.BIG_ENDIAN);

  private static final int NTL = 0x10000;

  private final Brick brick;
  private final AtomicIntegerArray dl = new AtomicIntegerArray(3);

  public LinkWindow(Brick brick) {
    this.brick = brick;
  }

  @Override
  public long read(long offset, int size) {
    long word = offset >= NTL ? brick.readNtlu((int) (offset - NTL) & 0xfff8) : readDl(offset);
    int above = 8 - size - (int) (offset & 7);
    return size == 8 ? word : word >>> (8 * above) & (1L << (8 * size)) - 1;
  }

  private long readDl(long offset) {
    int high = dlIndex(offset & ~7);
    int low = dlIndex((offset & ~7) | 4);
    long top = high < 0 ? 0 : (long) dl.get(high) << 32;
    return top | (low < 0 ? 0 : Integer.toUnsignedLong(dl.get(low)));
  }

  @Override
  public void write(long offset, int size, long value) {
    if (offset >= NTL) {
      if (size == 8) {
        brick.writeNtlu((int) (offset - NTL), value);
      }
      return;
    }
    int index = dlIndex(offset);
    if (size == 4 && index >= 0) {
      dl.set(index, (int) value);
    }
  }

  /** As after power-on. */
  public void clear() {
    for (int i = 0; i < dl.length(); i++) {
      dl.set(i, 0);
    }
  }

  /** The DL's registers as a part of a bridge's state; the NTL's are the brick's. */
  public StateRecord state() {
    return new Kept();
  }

  private final class Kept implements StateRecord {
    @Override
    public String name() {
      return "dl";
    }

    @Override
    public int size() {
      return Integer.BYTES * dl.length();
    }

    @Override
    public void save(ByteBuffer target) {
      for (int i = 0; i < dl.length(); i++) {
        target.putInt(dl.get(i));
      }
    }

    @Override
    public void check(ByteBuffer source) {}

    @Override
    public void restore(ByteBuffer source) {
      for (int i = 0; i < dl.length(); i++) {
        dl.set(i, source.getInt());
      }
    }
  }

  private static int dlIndex(long offset) {
    return switch ((int) offset) {
      case 0xfff4 -> 0;
      case 0xfff8 -> 1;
      case 0x001c -> 2;
      default -> -1;
    };
  }
}
