package org.nvlink2vmm.vmm.vfiouser.client;

import java.util.function.BooleanSupplier;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** Part of a region that the server gave a file for; ends with the device. */
final class RemoteMapping implements RegionMapping {
  private final MmapRange range;
  private final RegionBacking backing;
  private final BooleanSupplier deviceClosed;
  private volatile boolean open = true;

  RemoteMapping(MmapRange range, RegionBacking backing, BooleanSupplier deviceClosed) {
    this.range = range;
    this.deviceClosed = deviceClosed;
    this.backing = backing;
  }

  private boolean reachable() {
    return open && !deviceClosed.getAsBoolean();
  }

  @Override
  public long hva() {
    return backing instanceof RegionBacking.Direct direct ? direct.segment().address() : 0;
  }

  @Override
  public long length() {
    return range.length();
  }

  @Override
  public RegionBacking backing() {
    if (!reachable()) {
      throw new VfioException(Errno.EBADF, "The mapping has ended");
    }
    return backing;
  }

  @Override
  public int touch(long offset) {
    return reachable() && offset >= 0 && offset < range.length() ? FAULT_NOPAGE : FAULT_SIGBUS;
  }

  @Override
  public void close() {
    open = false;
  }
}
