package org.nvlink2vmm.vmm.vcpu.boot;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;

/** Puts a guest's parts into its memory. */
public final class Loader {
  /**
   * The RTAS entry: r3 holds the argument block, the caller's address is in LR. mr r4,r3; lis r3,0;
   * ori r3,r3,0xf000 (the hypercall H_RTAS); sc 1; blr. Big-endian, as RTAS is entered.
   */
  private static final int[] RTAS_ENTRY = {
    0x7c641b78, 0x3c600000, 0x6063f000, 0x44000022, 0x4e800020
  };

  private final AddressSpace space;

  public Loader(AddressSpace space) {
    this.space = space;
  }

  /**
   * @throws BootException when a segment lies outside memory
   */
  public void kernel(ElfImage kernel) {
    for (ElfImage.Segment segment : kernel.segments()) {
      put(kernel.name(), segment.gpa(), MemorySegment.ofBuffer(kernel.bytes(segment)));
      long zeros = segment.memorySize() - segment.fileSize();
      if (zeros > 0) {
        space
            .segment(segment.gpa() + segment.fileSize(), zeros)
            .orElseThrow(
                () ->
                    new BootException(
                        kernel.name()
                            + ": segment at "
                            + ElfImage.hex(segment.gpa())
                            + " ends outside memory"))
            .fill((byte) 0);
      }
    }
  }

  public void rtas(BootPlan plan) {
    for (int i = 0; i < RTAS_ENTRY.length; i++) {
      space.write(plan.rtasBase() + 4L * i, 4, RTAS_ENTRY[i], ByteOrder.BIG_ENDIAN);
    }
  }

  /**
   * @throws BootException when the blob is larger than its place
   */
  public void tree(BootPlan plan, byte[] blob) {
    if (blob.length > plan.treeRoom()) {
      throw new BootException(
          "device tree of " + blob.length + " bytes, there is room for " + plan.treeRoom());
    }
    put("device tree", plan.treeBase(), MemorySegment.ofArray(blob));
  }

  public void initrd(BootPlan plan, MemorySegment bytes) {
    put("initrd", plan.initrdStart(), bytes);
  }

  private void put(String what, long gpa, MemorySegment bytes) {
    if (bytes.byteSize() > 0 && space.writeBytes(gpa, bytes) != BusResult.OK) {
      throw new BootException(
          what
              + ": "
              + bytes.byteSize()
              + " bytes at "
              + ElfImage.hex(gpa)
              + " end outside memory");
    }
  }
}
