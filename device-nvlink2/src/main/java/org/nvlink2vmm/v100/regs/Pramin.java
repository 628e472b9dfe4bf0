package org.nvlink2vmm.v100.regs;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntSupplier;
import org.nvlink2vmm.v100.ram.GpuRam;

/**
 * PRAMIN: 1 MiB of GPU memory at 0x700000, where BAR0_WINDOW says: bits 23:0 are the address in
 * units of 64 KiB, bits 25:24 the target. Targets other than video memory, and addresses past it,
 * read all ones and drop writes.
 */
final class Pramin extends Unit {
  static final int BASE = 0x700000;
  static final int SIZE = 0x100000;

  private static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment memory;
  private final IntSupplier window;

  /**
   * @param window reads BAR0_WINDOW
   */
  Pramin(GpuRam ram, IntSupplier window) {
    super("PRAMIN");
    memory = ram.segment();
    this.window = window;
  }

  /** Offset in memory; -1 for none. */
  private long place(int offset, int size) {
    int where = window.getAsInt();
    long at = ((long) (where & 0xffffff) << 16) + (offset - BASE);
    return (where >>> 24 & 3) == 0 && at <= memory.byteSize() - size ? at : -1;
  }

  @Override
  protected long read(int offset, int size) {
    long at = place(offset, size);
    if (at < 0) {
      return (1L << (8 * size)) - 1;
    }
    return switch (size) {
      case 1 -> Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, at));
      case 2 -> Short.toUnsignedLong(memory.get(SHORT_LE, at));
      default -> Integer.toUnsignedLong(memory.get(INT_LE, at));
    };
  }

  @Override
  protected void write(int offset, int size, int value) {
    long at = place(offset, size);
    if (at < 0) {
      return;
    }
    switch (size) {
      case 1 -> memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
      case 2 -> memory.set(SHORT_LE, at, (short) value);
      default -> memory.set(INT_LE, at, value);
    }
  }
}
