package org.nvlink2vmm.vmm.trace;

/**
 * A register that was read over and over with nothing written in between: software waits for
 * something that does not come.
 *
 * @param region its name
 * @param offset in the region, bytes
 * @param width bytes
 * @param value what it read when the spin was noticed
 */
public record Spin(String region, long offset, int width, long value) {}
