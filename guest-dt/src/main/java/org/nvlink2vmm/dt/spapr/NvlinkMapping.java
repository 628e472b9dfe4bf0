package org.nvlink2vmm.dt.spapr;

/**
 * A device region in guest memory.
 *
 * @param function whose region: of a GPU its RAM, of a bridge its ATSD registers
 * @param gpa first guest-physical address
 * @param size bytes
 */
public record NvlinkMapping(PlacedFunction function, long gpa, long size) {}
