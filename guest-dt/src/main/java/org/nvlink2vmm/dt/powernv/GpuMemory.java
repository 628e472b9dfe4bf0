package org.nvlink2vmm.dt.powernv;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * The memory node of a GPU: its 128 GiB aperture in the host's physical address space, of which the
 * lowest 16 or 32 GiB are real (skiboot hw/npu2.c).
 */
public record GpuMemory(Node node) {
  /** {@code compatible} of such a node. */
  public static final String COMPATIBLE = "ibm,coherent-device-memory";

  public boolean isCompatible() {
    return node.isCompatible(COMPATIBLE);
  }

  /**
   * {@code reg}, if it is exactly two 64-bit numbers; a shorter or longer one is refused, as the
   * kernel's {@code of_property_read_variable_u64_array} does.
   */
  public Optional<MemoryWindow> window() {
    return twoNumbers("reg");
  }

  /** {@code linux,usable-memory}: size 0 keeps a booting kernel from taking GPU memory as RAM. */
  public Optional<MemoryWindow> usableMemory() {
    return twoNumbers("linux,usable-memory");
  }

  /** {@code ibm,chip-id}: counted down from 255 as firmware meets the GPUs. */
  public OptionalInt chipId() {
    return node.u32("ibm,chip-id");
  }

  /** All cells of {@code ibm,associativity}, the leading count included; empty when absent. */
  public List<Integer> associativity() {
    return node.property("ibm,associativity").stream()
        .flatMap(property -> IntStream.of(property.cells()).boxed())
        .toList();
  }

  private Optional<MemoryWindow> twoNumbers(String propertyName) {
    return node.property(propertyName)
        .filter(property -> property.length() == 16)
        .map(GpuMemory::windowOf);
  }

  private static MemoryWindow windowOf(Property property) {
    return new MemoryWindow(property.cellPair(0), property.cellPair(2));
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
