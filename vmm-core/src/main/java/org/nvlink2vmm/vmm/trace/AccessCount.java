package org.nvlink2vmm.vmm.trace;

/**
 * What was counted for one register and width.
 *
 * @param region its name
 * @param offset in the region, bytes
 * @param width bytes
 * @param lastValue last value read or written; 0 for refused accesses
 */
public record AccessCount(
    String region, long offset, int width, long reads, long writes, long lastValue) {
  public long total() {
    return reads + writes;
  }
}
