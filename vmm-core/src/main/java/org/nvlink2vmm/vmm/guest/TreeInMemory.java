package org.nvlink2vmm.vmm.guest;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Finds the tree where the machine says it is, as firmware's successor would: by its header. */
final class TreeInMemory {
  /** FDT_MAGIC. */
  private static final long MAGIC = 0xd00dfeedL;

  /** FDT_MAX_SIZE of QEMU's pseries machine, which no tree may exceed. */
  private static final long MAX_SIZE = 2 << 20;

  private TreeInMemory() {}

  /**
   * @throws FdtException when there is no sound blob
   * @throws IllegalStateException when there is no blob at all
   */
  static DeviceTree read(GuestMachine machine) {
    long gpa = machine.deviceTree();
    long magic = machine.load(gpa, 4, ByteOrder.BIG_ENDIAN);
    if (magic != MAGIC) {
      throw new IllegalStateException(
          "no device tree at 0x%x: found 0x%x, expected 0x%x".formatted(gpa, magic, MAGIC));
    }
    long size = machine.load(gpa + 4, 4, ByteOrder.BIG_ENDIAN);
    if (size > MAX_SIZE) {
      throw new IllegalStateException(
          "the device tree at 0x%x has %d bytes, at most %d".formatted(gpa, size, MAX_SIZE));
    }
    byte[] blob = new byte[(int) size];
    MemorySegment bytes = MemorySegment.ofArray(blob);
    int at = 0;
    for (; at + 8 <= blob.length; at += 8) {
      long word = machine.load(gpa + at, 8, ByteOrder.LITTLE_ENDIAN);
      bytes.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, word);
    }
    for (; at < blob.length; at++) {
      blob[at] = (byte) machine.load(gpa + at, 1, ByteOrder.LITTLE_ENDIAN);
    }
    return FdtReader.read(blob);
  }
}
