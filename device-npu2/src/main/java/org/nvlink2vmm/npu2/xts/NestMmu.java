package org.nvlink2vmm.npu2.xts;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.ats.PartitionScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.ats.TranslationAgent.Fault;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;

/**
 * The nest MMU's radix walk: process table, four levels of a process's tree, then the partition's
 * scope (Power ISA 3.0B book III section 5.7; the geometry is the one that POWER9 takes and Linux
 * uses: 13, 9, 9 and 9 or 5 bits over 52). Tables are big-endian, in guest memory, and hostile:
 * every address is checked, a walk has at most four steps. Allocates nothing.
 */
final class NestMmu {
  /** Effective addresses of quadrant 0 have 52 bits. */
  static final int ADDRESS_BITS = 52;

  private static final int ROOT_BITS = 13;
  private static final int INNER_BITS = 9;
  private static final int LAST_BITS_64K = 5;

  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long TABLE_BASE = 0x0fffffffffffff00L;
  private static final int TABLE_SIZE = 0x1f;

  /** Radix tree size in the process table entry, split over two fields; 52 bits is 21 = 52 - 31. */
  private static final int RTS_52 = 21;

  private static final long PAGE_BASE = 0x01fffffffffff000L;
  private static final long REFERENCE = 0x100;
  private static final long CHANGE = 0x80;
  private static final long PRIVILEGED = 0x8;
  private static final long READ = 0x4;
  private static final long READ_WRITE = 0x2;

  private static final int PROCESS_ENTRY = 16;

  /** Tries to set reference or change bits against other walkers before the walk starts over. */
  private static final int ATTEMPTS = 64;

  /** The entry changed under the walk: start over. No answer and no fault looks like this. */
  private static final long AGAIN = Long.MIN_VALUE;

  /**
   * Walks.
   *
   * @param partition where the tables are; null: nothing is registered
   * @param problemState whether the context may touch unprivileged pages only
   * @param mark whether reference and change bits are set; a walk without leaves no trace
   * @return as {@link TranslationAgent#translate}
   */
  long walk(
      Partition partition,
      int pid,
      long address,
      boolean write,
      boolean problemState,
      boolean mark) {
    if (partition == null) {
      return TranslationAgent.answer(Fault.BAD_PROCESS_TABLE);
    }
    if (address >>> ADDRESS_BITS != 0) {
      return TranslationAgent.answer(Fault.NOT_PRESENT);
    }
    if ((long) pid * PROCESS_ENTRY >= 1L << partition.processTableShift()) {
      return TranslationAgent.answer(Fault.NO_PROCESS);
    }
    long at = partition.processTable() + (long) pid * PROCESS_ENTRY;
    if (!isMemory(partition, at)) {
      return TranslationAgent.answer(Fault.BAD_PROCESS_TABLE);
    }
    long root = load(partition, at);
    if (root == 0) {
      return TranslationAgent.answer(Fault.NO_PROCESS);
    }
    int rts = (int) (root >>> 61 & 3) << 3 | ((int) (root >>> 5) & 7);
    if (rts != RTS_52 || (root & TABLE_SIZE) != ROOT_BITS) {
      return TranslationAgent.answer(Fault.BAD_TREE);
    }
    for (int i = 0; i < ATTEMPTS; i++) {
      long answer = descend(partition, root, address, write, problemState, mark);
      if (answer != AGAIN) {
        return answer;
      }
    }
    return TranslationAgent.answer(Fault.NOT_PRESENT);
  }

  private static long descend(
      Partition partition,
      long root,
      long address,
      boolean write,
      boolean problemState,
      boolean mark) {
    long table = root & TABLE_BASE;
    int below = ADDRESS_BITS;
    int bits = ROOT_BITS;
    while (true) {
      below -= bits;
      long index = address >>> below & (1L << bits) - 1;
      long at = (table & -(8L << bits)) + index * 8;
      if (!isMemory(partition, at)) {
        return TranslationAgent.answer(Fault.OUT_OF_PARTITION);
      }
      long entry = load(partition, at);
      if ((entry & VALID) == 0) {
        return TranslationAgent.answer(Fault.NOT_PRESENT);
      }
      if ((entry & LEAF) != 0) {
        return isPageShift(below)
            ? leaf(partition, at, entry, below, address, write, problemState, mark)
            : TranslationAgent.answer(Fault.BAD_TREE);
      }
      bits = (int) entry & TABLE_SIZE;
      if (!isNextLevel(below, bits)) {
        return TranslationAgent.answer(Fault.BAD_TREE);
      }
      table = entry & TABLE_BASE;
    }
  }

  /** Nine bits on the second and third level, then nine to 4 KiB or five to 64 KiB pages. */
  private static boolean isNextLevel(int below, int bits) {
    return switch (below) {
      case 39, 30 -> bits == INNER_BITS;
      case 21 -> bits == INNER_BITS || bits == LAST_BITS_64K;
      default -> false;
    };
  }

  private static boolean isPageShift(int shift) {
    return shift == 12 || shift == 16 || shift == 21 || shift == 30;
  }

  private static long leaf(
      Partition partition,
      long at,
      long found,
      int shift,
      long address,
      boolean write,
      boolean problemState,
      boolean mark) {
    long entry = found;
    if (problemState && (entry & PRIVILEGED) != 0) {
      return TranslationAgent.answer(Fault.PRIVILEGE);
    }
    long needed = write ? READ_WRITE : READ | READ_WRITE;
    if ((entry & needed) == 0) {
      return TranslationAgent.answer(Fault.NO_PERMISSION);
    }
    if (mark) {
      entry = mark(partition, at, entry, write ? REFERENCE | CHANGE : REFERENCE);
      if (entry == 0) {
        return AGAIN;
      }
    }
    long guestPage = entry & PAGE_BASE & -(1L << shift);
    boolean writable = (entry & READ_WRITE) != 0 && (entry & CHANGE) != 0;
    return partitionScoped(
        partition.scope(), guestPage, address & (1L << shift) - 1, shift, writable);
  }

  /** Sets bits in an entry unless it changes under our hands; 0 when it did. */
  private static long mark(Partition partition, long at, long found, long bits) {
    long entry = found;
    for (int i = 0; i < ATTEMPTS && (entry & bits) != bits; i++) {
      if (partition.memory().compareAndSet(at, 8, entry, entry | bits, ByteOrder.BIG_ENDIAN)) {
        return entry | bits;
      }
      long now = load(partition, at);
      if (((now ^ entry) & ~(REFERENCE | CHANGE)) != 0) {
        return 0;
      }
      entry = now;
    }
    return (entry & bits) == bits ? entry : 0;
  }

  /** The largest supported page around the address that is one piece in the host, too. */
  private static long partitionScoped(
      PartitionScope scope, long guestPage, long offset, int shift, boolean writable) {
    long gpa = guestPage + offset;
    int size = shift;
    while (!scope.isBlock(gpa, size)) {
      size =
          switch (size) {
            case 30 -> 21;
            case 21 -> 16;
            case 16 -> 12;
            default -> 0;
          };
      if (size == 0) {
        return TranslationAgent.answer(Fault.OUT_OF_PARTITION);
      }
    }
    long host = scope.host(gpa) & -(1L << size);
    return host | size | (writable ? TranslationAgent.WRITABLE : 0);
  }

  private static boolean isMemory(Partition partition, long gpa) {
    return (gpa & 7) == 0
        && partition.scope().host(gpa) != PartitionScope.NONE
        && partition.memory().probe(gpa, 8) == BusResult.OK;
  }

  private static long load(Partition partition, long gpa) {
    AddressSpace memory = partition.memory();
    return memory.read(gpa, 8, ByteOrder.BIG_ENDIAN);
  }
}
