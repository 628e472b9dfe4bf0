package org.nvlink2vmm.vmm.vfiouser.client;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** Part of a region that the server gave a file for; ends with the device. */
final class RemoteMapping implements RegionMapping {
  private final MmapRange range;
  private final Mapping pages;
  private final BooleanSupplier deviceClosed;
  private final Consumer<RemoteMapping> onClose;
  private volatile boolean open = true;

  RemoteMapping(
      MmapRange range,
      Mapping pages,
      BooleanSupplier deviceClosed,
      Consumer<RemoteMapping> onClose) {
    this.range = range;
    this.onClose = onClose;
    this.deviceClosed = deviceClosed;
    this.pages = pages;
  }

  private boolean reachable() {
    return open && !deviceClosed.getAsBoolean();
  }

  @Override
  public long hva() {
    return pages.segment().address();
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
    return new RegionBacking.Direct(pages.segment());
  }

  @Override
  public int touch(long offset) {
    return reachable() && offset >= 0 && offset < range.length() ? FAULT_NOPAGE : FAULT_SIGBUS;
  }

  @Override
  public void close() {
    open = false;
    pages.close();
    onClose.accept(this);
  }
}
