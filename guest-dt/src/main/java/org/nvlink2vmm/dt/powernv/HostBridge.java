package org.nvlink2vmm.dt.powernv;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.tree.Node;

/**
 * An NVLink bridge: the PCI function 1014:04ea by which an NPU shows one of its links.
 *
 * <p>A phandle and what it resolves to are asked for separately because a kernel gives different
 * errors for a missing property and a dangling one (Linux drivers/vfio/pci/vfio_pci_nvlink2.c).
 */
public record HostBridge(PowernvTree host, HostNpu npu, Node node, HostBdf bdf)
    implements HostPciFunction {
  /** First cell of {@code ibm,gpu}. */
  public OptionalInt gpuPhandle() {
    return node.u32("ibm,gpu");
  }

  /**
   * The PCI function that {@code ibm,gpu} names (Linux {@code pnv_pci_get_gpu_dev}): any function
   * that exists there, a GPU on a sound host.
   */
  public Optional<HostPciFunction> gpuFunction() {
    return host.functionAt(gpuPhandle());
  }

  public Optional<HostGpu> gpu() {
    return gpuFunction().filter(HostGpu.class::isInstance).map(HostGpu.class::cast);
  }

  /** First cell of {@code ibm,nvlink}. */
  public OptionalInt linkPhandle() {
    return node.u32("ibm,nvlink");
  }

  /** The node that {@code ibm,nvlink} names, whatever it is compatible with. */
  public Optional<HostLink> link() {
    return host.byPhandle(linkPhandle()).map(HostLink::new);
  }

  /** First cell of {@code memory-region}. */
  public OptionalInt memoryPhandle() {
    return node.u32("memory-region");
  }

  /** The node that {@code memory-region} names, whatever it is compatible with. */
  public Optional<GpuMemory> memory() {
    return host.byPhandle(memoryPhandle()).map(GpuMemory::new);
  }

  /** {@code ibm,device-tgt-addr}, see {@link TargetAddress}. */
  public OptionalLong tgt() {
    return node.u64("ibm,device-tgt-addr");
  }

  /** {@code ibm,nvlink-speed}, a code: 3 = 20 Gb/s, 8 = 25.78125 Gb/s, 9 = 25 Gb/s. */
  public OptionalInt linkSpeed() {
    return node.u32("ibm,nvlink-speed");
  }

  @Override
  public String toString() {
    return bdf + " " + node;
  }
}
