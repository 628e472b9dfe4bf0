package org.nvlink2vmm.vmm.iommu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.vmm.memory.RamBlock;

/**
 * A block of RAM as devices reach it without an IOMMU: from one address on, all of it, for reading
 * and writing. For who embeds devices in a program of its own.
 *
 * @param iova address of the first byte
 */
public record RamDma(long iova, RamBlock ram) implements DmaSpace {
  @Override
  public List<Shared> shared() {
    return ram.fd().map(fd -> new Shared(iova, ram.size(), fd, 0, true)).stream().toList();
  }

  @Override
  public boolean read(long at, MemorySegment target) {
    boolean inside = holds(at, target.byteSize());
    if (inside) {
      MemorySegment.copy(ram.segment(), at - iova, target, 0, target.byteSize());
    }
    return inside;
  }

  @Override
  public boolean write(long at, MemorySegment source) {
    boolean inside = holds(at, source.byteSize());
    if (inside) {
      MemorySegment.copy(source, 0, ram.segment(), at - iova, source.byteSize());
    }
    return inside;
  }

  private boolean holds(long at, long size) {
    long offset = at - iova;
    return offset >= 0 && offset <= ram.size() && size <= ram.size() - offset;
  }
}
