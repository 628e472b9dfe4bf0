package org.nvlink2vmm.dt.spapr;

/** A plain PCI function. */
public record NoNvlink() implements NvlinkFacts {}
