package org.nvlink2vmm.it.ats;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * A guest kernel's radix tables in its own memory: a process table of 64 KiB at its start, then
 * levels of 13, 9, 9 and 5 bits as they are needed (4 KiB pages take a last level of 9).
 */
final class RadixTables {
  static final long READ = 0x4;
  static final long READ_WRITE = 0x2 | READ;
  static final long PRIVILEGED = 0x8;
  static final long REFERENCE = 0x100;
  static final long CHANGE = 0x80;
  static final int PROCESS_TABLE_SHIFT = 16;

  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long BASE = 0x0fffffffffffff00L;

  private final AddressSpace memory;
  private final long processTable;
  private long next;

  RadixTables(AddressSpace memory, long gpa) {
    this.memory = memory;
    processTable = gpa;
    next = gpa + (1L << PROCESS_TABLE_SHIFT);
  }

  long processTable() {
    return processTable;
  }

  /** Gives a process an empty tree. */
  void process(int pid) {
    long root = allocate(8L << 13);
    store(processTable + 16L * pid, 2L << 61 | 5L << 5 | root | 13);
  }

  /** Maps a page; {@code shift} 12, 16, 21 or 30. */
  void map(int pid, long address, int shift, long gpa, long rights) {
    store(entry(pid, address, shift), VALID | LEAF | gpa | rights);
  }

  void unmap(int pid, long address, int shift) {
    store(entry(pid, address, shift), 0);
  }

  long leaf(int pid, long address, int shift) {
    return load(entry(pid, address, shift));
  }

  /** Where the leaf of an address is; makes the levels above it. */
  long entry(int pid, long address, int shift) {
    long table = load(processTable + 16L * pid) & BASE;
    int below = 52;
    int bits = 13;
    while (true) {
      below -= bits;
      long at = table + 8 * (address >>> below & ((1L << bits) - 1));
      if (below == shift) {
        return at;
      }
      bits = below == 21 && shift == 16 ? 5 : 9;
      long entry = load(at);
      if (entry == 0) {
        entry = VALID | allocate(8L << bits) | bits;
        store(at, entry);
      }
      table = entry & BASE;
    }
  }

  void store(long gpa, long value) {
    memory.write(gpa, 8, value, ByteOrder.BIG_ENDIAN);
  }

  long load(long gpa) {
    return memory.read(gpa, 8, ByteOrder.BIG_ENDIAN);
  }

  private long allocate(long size) {
    long at = (next + size - 1) & -size;
    next = at + size;
    return at;
  }
}
