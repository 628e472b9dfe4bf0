package org.nvlink2vmm.vmm.ats;

import java.util.Objects;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * A guest as the nest MMU sees it.
 *
 * @param lpid 12 bits
 * @param memory guest-physical addresses: page tables are read, and reference and change bits set,
 *     here
 * @param scope the second translation, guest-physical to host-physical
 * @param processTable guest-physical address of the process table, bytes
 * @param processTableShift log2 of its size in bytes, 12 to 36; an entry has 16 bytes
 */
public record Partition(
    int lpid, AddressSpace memory, PartitionScope scope, long processTable, int processTableShift) {
  public Partition {
    if (lpid < 0 || lpid > 0xfff) {
      throw new IllegalArgumentException("LPID 0x%x does not fit 12 bits".formatted(lpid));
    }
    if (processTableShift < 12 || processTableShift > 36) {
      throw new IllegalArgumentException(
          "Process table of 2^%d bytes, expected 2^12 to 2^36".formatted(processTableShift));
    }
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(scope, "scope");
  }
}
