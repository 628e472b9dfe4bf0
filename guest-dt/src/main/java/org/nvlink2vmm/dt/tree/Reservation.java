package org.nvlink2vmm.dt.tree;

/**
 * An entry of the memory reservation block ({@code /memreserve/}); both numbers unsigned, bytes.
 */
public record Reservation(long address, long size) {}
