package org.nvlink2vmm.vmm.guest;

/**
 * A BAR that a guest sized and placed.
 *
 * @param size bytes
 * @param gpa where the guest reaches it; 0 when no window had room
 */
record GuestBar(int index, BarKind kind, long size, long gpa) {
  boolean isPlaced() {
    return gpa != 0;
  }
}
