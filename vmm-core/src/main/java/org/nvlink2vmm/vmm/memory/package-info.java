/**
 * Memory as a bus sees it: regions in a tree, flattened into a view that accesses look up.
 *
 * <p>A {@link org.nvlink2vmm.vmm.memory.MemoryRegion} is what it <em>is</em>: RAM (bytes), a RAM
 * device (bytes that belong to a device), MMIO (a handler that is called), a container of others,
 * or an alias of part of another. An {@link org.nvlink2vmm.vmm.memory.AddressSpace} flattens one
 * tree by priority into an immutable {@code FlatView}; a {@link
 * org.nvlink2vmm.vmm.memory.MemoryTransaction} changes the tree and swaps the view once.
 *
 * <p>Addresses and offsets are bytes. An address space ends at 2^63; higher addresses are
 * unclaimed. Accesses are 1, 2, 4 or 8 bytes, at any alignment unless a region's {@link
 * org.nvlink2vmm.vmm.memory.AccessRules} say otherwise, and lie in one region or are refused as a
 * whole. What nothing claims reads all ones, loses writes, and is counted.
 *
 * <p>Threads: reading and writing take no lock and allocate nothing; any thread may. Changing the
 * tree takes the address space's lock. Guests supply addresses, sizes and values: nothing here
 * trusts them.
 */
package org.nvlink2vmm.vmm.memory;
