package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceMemory;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.KernelMapping;
import org.nvlink2vmm.vmm.device.SubdriverOpening;
import org.nvlink2vmm.vmm.device.SubdriverRegion;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** The kernel's services for one enabled function. */
final class Opening implements SubdriverOpening {
  private final HostFunction function;
  private final HostBdf address;
  private final OpenFunction open;
  private final IommuGroup group;
  private final HostKernel kernel;

  Opening(HostFunction function, OpenFunction open, IommuGroup group, HostKernel kernel) {
    this.function = function;
    this.address = function.address();
    this.open = open;
    this.group = group;
    this.kernel = kernel;
  }

  @Override
  public HostFunction function() {
    return function;
  }

  @Override
  public PowernvTree tree() {
    return kernel.tree();
  }

  @Override
  public HostAbi abi() {
    return kernel.abi();
  }

  @Override
  public int pageSize() {
    return kernel.pageSize();
  }

  @Override
  public VfioPciTrace trace() {
    return kernel.trace();
  }

  @Override
  public void allocate(String what) {
    failAs(KernelStep.ALLOCATE, Errno.ENOMEM, "no memory for " + what);
  }

  @Override
  public KernelMapping remap(long hpa, long size) {
    return kernel.memory().remap(hpa, size);
  }

  @Override
  public RegionBacking physical(long hpa, long size) {
    return kernel.memory().backing(hpa, size);
  }

  @Override
  public long readPhysical(long hpa, MemorySegment target) {
    return kernel.memory().read(hpa, target);
  }

  @Override
  public long writePhysical(long hpa, MemorySegment source) {
    return kernel.memory().write(hpa, source);
  }

  @Override
  public OptionalInt attachedLpid() {
    failAs(KernelStep.NOTIFIER, Errno.EINVAL, "the group notifier cannot be registered");
    return group.kvm().map(kvm -> OptionalInt.of(kvm.lpid())).orElse(OptionalInt.empty());
  }

  @Override
  public long mapLpar(int lpid, long msr) {
    return kernel.contexts().map("open", address, lpid, msr);
  }

  @Override
  public long unmapLpar() {
    return kernel.contexts().unmap("close", address);
  }

  @Override
  public DeviceMemory registerDeviceMemory(long hva, long length, long hpa) {
    failAs(KernelStep.REGISTER_MEMORY, Errno.ENOMEM, "no memory for a registration");
    return kernel.pinned().register(hva, length, hpa);
  }

  @Override
  public boolean insertPage() {
    return !kernel.faults().fails(KernelStep.INSERT_PAGE);
  }

  @Override
  public long userAddress(long length) {
    return kernel.userAddress(length);
  }

  @Override
  public void register(SubdriverRegion region) {
    failAs(KernelStep.REGISTER_REGION, Errno.ENOMEM, "no memory for a region");
    open.register(region);
  }

  private void failAs(KernelStep step, Errno errno, String what) {
    if (kernel.faults().fails(step)) {
      throw new VfioException(errno, what);
    }
  }

  @Override
  public void log(String line) {
    kernel.log().accept(address + ": " + line);
  }
}
