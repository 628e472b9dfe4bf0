package org.nvlink2vmm.vmm.vcpu.boot;

/**
 * Where the parts of a guest go that firmware would have placed: the kernel as it is linked, then
 * the RTAS entry, the device tree, the initial RAM disk, each on a 64 KiB boundary. All below the
 * end of the real mode area. Addresses are guest-physical.
 *
 * @param rtasBase where the tree's "linux,rtas-base" and "linux,rtas-entry" point
 * @param treeBase where the blob goes
 * @param treeRoom bytes up to the initial RAM disk
 * @param initrdStart equal to {@code initrdEnd} when there is none
 */
public record BootPlan(
    long rtasBase, int rtasSize, long treeBase, int treeRoom, long initrdStart, long initrdEnd) {
  private static final long ALIGNMENT = 0x10000;
  private static final int TREE_ROOM = 0x200000;

  /** The kernel allocates early; room behind its end that stays free. */
  private static final long GAP = 0x100000;

  /**
   * @param kernel what is loaded, at the addresses it is linked for
   * @param initrdSize bytes, 0 for none
   * @param realModeArea bytes of memory from 0 that the guest may use in real mode
   * @throws BootException when something does not fit
   */
  public static BootPlan of(ElfImage kernel, long initrdSize, long realModeArea) {
    if (kernel.end() > realModeArea) {
      throw new BootException(
          kernel.name()
              + ": the kernel ends at "
              + ElfImage.hex(kernel.end())
              + ", memory at "
              + ElfImage.hex(realModeArea));
    }
    long rtas = align(kernel.end() + GAP);
    long tree = rtas + ALIGNMENT;
    long initrd = tree + TREE_ROOM;
    if (initrd > realModeArea) {
      throw new BootException(
          kernel.name()
              + ": no room for RTAS and the device tree between the kernel's end at "
              + ElfImage.hex(kernel.end())
              + " and the end of memory at "
              + ElfImage.hex(realModeArea));
    }
    if (initrdSize > realModeArea - initrd) {
      throw new BootException(
          "initrd of "
              + initrdSize
              + " bytes does not fit: "
              + (realModeArea - initrd)
              + " bytes are left between "
              + ElfImage.hex(initrd)
              + " and the end of memory at "
              + ElfImage.hex(realModeArea));
    }
    return new BootPlan(rtas, (int) ALIGNMENT, tree, TREE_ROOM, initrd, initrd + initrdSize);
  }

  private static long align(long gpa) {
    return gpa + ALIGNMENT - 1 & -ALIGNMENT;
  }
}
