package org.nvlink2vmm.vmm.ats;

/**
 * What a shootdown drops.
 *
 * @param lpid partition, 12 bits
 * @param pid process, 20 bits; ignored for {@link Scope#PARTITION} and {@link Scope#ALL}
 * @param address effective address, for {@link Scope#ADDRESS}
 * @param pageShift log2 of the page size in bytes, for {@link Scope#ADDRESS}
 */
public record Invalidation(Scope scope, int lpid, int pid, long address, int pageShift) {
  /** How much is dropped; the IS field of an ATSD launch, with the same numbering. */
  public enum Scope {
    /** The page at one address. */
    ADDRESS,
    /** Everything of a process. */
    PROCESS,
    /** Everything of a partition. */
    PARTITION,
    /** Everything. */
    ALL
  }
}
