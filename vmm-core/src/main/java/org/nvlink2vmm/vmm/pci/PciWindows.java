package org.nvlink2vmm.vmm.pci;

import java.util.Optional;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;

/**
 * Where a host bridge lets BARs decode. The containers are placed in the address space by whoever
 * owns the bridge.
 *
 * @param space that shows the containers; its lock is held while BARs move
 * @param memory for 32-bit addresses
 * @param memory64 for 64-bit BARs, above 4 GiB
 */
public record PciWindows(AddressSpace space, Window io, Window memory, Window memory64) {
  private static final long END_OF_32_BITS = 1L << 32;

  /**
   * One window.
   *
   * @param base PCI address of the container's first byte
   */
  public record Window(long base, MemoryRegion.Container container) {
    /** Whether the whole of a range of PCI addresses lies in the window. */
    public boolean holds(long address, long size) {
      long offset = address - base;
      return offset >= 0 && offset <= container.size() - size;
    }
  }

  /**
   * The window that the whole BAR lies in at a PCI address; empty when none: it decodes nowhere.
   * Nor does a 32-bit BAR at the very end of its addresses, since that is one being sized (QEMU
   * hw/pci/pci.c, pci_bar_address).
   */
  public Optional<Window> windowFor(Bar bar, long address) {
    return switch (bar.kind()) {
      case IO -> io.holds(address, bar.size()) ? Optional.of(io) : Optional.empty();
      case MEM32 ->
          memory.holds(address, bar.size()) && address + bar.size() != END_OF_32_BITS
              ? Optional.of(memory)
              : Optional.empty();
      case MEM64 ->
          memory64.holds(address, bar.size())
              ? Optional.of(memory64)
              : memory.holds(address, bar.size()) ? Optional.of(memory) : Optional.empty();
    };
  }
}
