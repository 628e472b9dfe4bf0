package org.nvlink2vmm.vmm.pci;

/**
 * Takes accesses to a range of config space before its bytes do. Called for every access that
 * overlaps the range, with the access as it was made: the trap itself decides what offsets and
 * sizes it accepts. Called from any thread; must not throw.
 */
public interface ConfigTrap {
  /** Answer of {@link #read}: not handled, the bytes answer. */
  long PASS = -1;

  /**
   * Reads.
   *
   * @return the value, zero-extended; all ones of {@code size} bytes for a refusal; {@link #PASS}
   */
  default long read(int offset, int size) {
    return PASS;
  }

  /**
   * Writes.
   *
   * @param value zero-extended
   * @return true when it is dealt with, which may mean refused; false to write the bytes as well
   */
  default boolean write(int offset, int size, int value) {
    return false;
  }
}
