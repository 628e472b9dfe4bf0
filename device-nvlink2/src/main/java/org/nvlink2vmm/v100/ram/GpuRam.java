package org.nvlink2vmm.v100.ram;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.RegionBacking;

/**
 * A GPU's memory: one store of bytes, seen through BAR 1 (all of it), BAR 3 (its last 32 MiB, where
 * instance memory lies), PRAMIN (a window of 1 MiB), the coherent aperture, and the engine. Sparse:
 * untouched memory costs nothing and reads 0.
 */
public final class GpuRam implements AutoCloseable {
  private final RamBlock block;

  /**
   * @param name for people
   * @param size bytes
   */
  public GpuRam(String name, long size) {
    block = RamBlock.ofShareable(name, size);
  }

  /** Bytes. */
  public long size() {
    return block.size();
  }

  /** All bytes. */
  public MemorySegment segment() {
    return block.segment();
  }

  /** The store itself, for who saves what was touched of it. */
  public RamBlock block() {
    return block;
  }

  /** Part of the memory as something that can be mapped, by other processes too. */
  public RegionBacking part(long offset, long size) {
    return new RegionBacking.Direct(
        block.segment().asSlice(offset, size),
        block.fd().map(fd -> new RegionBacking.SharedFile(fd, offset)));
  }

  /** Empties the memory, as power-off does. */
  public void zero() {
    block.zero();
  }

  @Override
  public void close() {
    block.close();
  }
}
