package org.nvlink2vmm.vmm.ats;

import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * A guest as the nest MMU sees it.
 *
 * @param lpid 12 bits
 * @param memory guest-physical addresses
 * @param processTable guest-physical address of the process table, bytes
 * @param processTableShift log2 of its size in bytes; an entry has 16 bytes
 */
public record Partition(int lpid, AddressSpace memory, long processTable, int processTableShift) {}
