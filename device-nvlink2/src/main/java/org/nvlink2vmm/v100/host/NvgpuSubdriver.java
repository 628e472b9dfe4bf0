package org.nvlink2vmm.v100.host;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.powernv.GpuMemory;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.device.HostSubdriver;
import org.nvlink2vmm.vmm.device.KernelMapping;
import org.nvlink2vmm.vmm.device.SubdriverOpening;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * Adds a GPU's coherent memory as region 9 (vfio_pci_nvdia_v100_nvlink2_init). Configuration space
 * does not tell whether a GPU has NVLink; the host's device tree does.
 *
 * <p>Unlike the kernel, a partition that was mapped is unmapped when a later step fails.
 */
public final class NvgpuSubdriver implements HostSubdriver {
  @Override
  public int vendor() {
    return HostPciFunction.VENDOR_NVIDIA;
  }

  @Override
  public void open(SubdriverOpening opening) {
    Node bridge = bridgeOf(opening);
    MemoryWindow window = window(opening, bridge);
    OptionalLong tgt = bridge.u64("ibm,device-tgt-addr");
    if (tgt.isEmpty()) {
      throw new VfioException(Errno.EFAULT, bridge + " has no ibm,device-tgt-addr");
    }
    opening.allocate("the GPU's state");
    // The patch mapped all of the memory for as long as the device is open; mainline maps what an
    // access needs, because the CPU prefetches through a mapping (commit 7f92891778df).
    KernelMapping aperture =
        opening.abi().draft() ? opening.remap(window.base(), window.size()) : null;
    try {
      boolean mapped = mapPartition(opening);
      try {
        opening.register(new NvgpuRegion(opening, window, tgt.getAsLong(), aperture));
      } catch (VfioException e) {
        if (mapped) {
          opening.unmapLpar();
        }
        throw e;
      }
    } catch (VfioException e) {
      if (aperture != null) {
        aperture.close();
      }
      throw e;
    }
  }

  /** The first bridge of the GPU (pnv_pci_get_npu_dev): the node of whatever function it is. */
  private static Node bridgeOf(SubdriverOpening opening) {
    HostPciFunction function = opening.tree().function(opening.function().address()).orElseThrow();
    if (!(function instanceof HostGpu gpu)) {
      throw new VfioException(Errno.ENODEV, function.node() + " is no GPU");
    }
    OptionalInt phandle = gpu.npuPhandle(0);
    if (phandle.isEmpty()) {
      throw new VfioException(Errno.ENODEV, gpu.node() + " has no ibm,npu");
    }
    return gpu.npuFunction(0)
        .orElseThrow(
            () ->
                new VfioException(
                    Errno.ENODEV,
                    "%s: ibm,npu 0x%x is no PCI function"
                        .formatted(gpu.node(), phandle.getAsInt())))
        .node();
  }

  private static MemoryWindow window(SubdriverOpening opening, Node bridge) {
    OptionalInt phandle = bridge.u32("memory-region");
    if (phandle.isEmpty()) {
      // POWER8's GPUs have no such memory and must open all the same (commit d22f9a6c92de).
      Errno errno = opening.abi().since(11) ? Errno.ENODEV : Errno.EINVAL;
      throw new VfioException(errno, bridge + " has no memory-region");
    }
    Node memory =
        opening
            .tree()
            .byPhandle(phandle)
            .orElseThrow(
                () ->
                    new VfioException(
                        Errno.EINVAL,
                        "%s: memory-region 0x%x is no node".formatted(bridge, phandle.getAsInt())));
    return new GpuMemory(memory)
        .window()
        .orElseThrow(
            () ->
                new VfioException(
                    Errno.EINVAL,
                    "%s: reg has %d bytes, expected 16 (address and size)"
                        .formatted(
                            memory, memory.property("reg").map(reg -> reg.length()).orElse(0))));
  }

  /**
   * What the group notifier does, which lives only while it is registered: a guest known by now
   * gets the GPU, one that comes later does not. A failure is not the open's.
   *
   * @return whether a partition has the GPU
   */
  private static boolean mapPartition(SubdriverOpening opening) {
    OptionalInt lpid = opening.attachedLpid();
    if (lpid.isEmpty()) {
      return false;
    }
    long result = opening.mapLpar(lpid.getAsInt(), NpuOpal.MSR_DR | NpuOpal.MSR_PR);
    if (result != 0) {
      opening.log("partition 0x%x cannot have the GPU: %d".formatted(lpid.getAsInt(), result));
    }
    return result == 0;
  }
}
