package org.nvlink2vmm.vmm.ats;

/** How much a shootdown drops; the IS field of an ATSD launch, with the same numbering. */
public enum InvalidationScope {
  /** The page, or all pages inside the block, at one address. */
  ADDRESS,
  /** Everything of a process. */
  PROCESS,
  /** Everything of a partition. */
  PARTITION,
  /** Everything. */
  ALL
}
