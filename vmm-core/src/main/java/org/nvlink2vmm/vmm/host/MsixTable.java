package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfio.RegionBacking;

/**
 * The part of a BAR that is the MSI-X table: it reads all ones and loses writes, since the kernel
 * programs it (vfio_pci_rdwr.c, x_start and x_end).
 */
final class MsixTable {
  private static final int ENTRY = 16;

  private MsixTable() {}

  static long read(
      RegionBacking bar, long size, VirtualConfig config, long offset, MemorySegment target) {
    long count = RegionAccess.clip(size, offset, target.byteSize());
    long start = Math.clamp(config.msixOffset() - offset, 0, count);
    long end = Math.clamp(tableEnd(config) - offset, start, count);
    RegionAccess.read(bar, size, RegionAccess.BAR_WIDTH, offset, target.asSlice(0, start));
    target.asSlice(start, end - start).fill((byte) 0xff);
    RegionAccess.read(
        bar, size, RegionAccess.BAR_WIDTH, offset + end, target.asSlice(end, count - end));
    return count;
  }

  static long write(
      RegionBacking bar, long size, VirtualConfig config, long offset, MemorySegment source) {
    long count = RegionAccess.clip(size, offset, source.byteSize());
    long start = Math.clamp(config.msixOffset() - offset, 0, count);
    long end = Math.clamp(tableEnd(config) - offset, start, count);
    RegionAccess.write(bar, size, RegionAccess.BAR_WIDTH, offset, source.asSlice(0, start));
    RegionAccess.write(
        bar, size, RegionAccess.BAR_WIDTH, offset + end, source.asSlice(end, count - end));
    return count;
  }

  private static long tableEnd(VirtualConfig config) {
    return config.msixOffset() + (long) ENTRY * config.msixVectors();
  }
}
