package org.nvlink2vmm.npu2.host;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.powernv.HostNpu;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.vmm.device.HostSubdriver;
import org.nvlink2vmm.vmm.device.KernelMapping;
import org.nvlink2vmm.vmm.device.SubdriverOpening;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * Adds the ATSD registers of an NVLink bridge as region 9 (vfio_pci_ibm_npu2_init). It is called
 * for every IBM function; one without a GPU behind it is none of its.
 */
public final class Npu2Subdriver implements HostSubdriver {
  /** The registers that are mapped, bytes: SZ_64K. */
  private static final long ATSD_SIZE = 1 << 16;

  @Override
  public int vendor() {
    return HostPciFunction.VENDOR_IBM;
  }

  @Override
  public void open(SubdriverOpening opening) {
    PowernvTree tree = opening.tree();
    HostPciFunction function = tree.function(opening.function().address()).orElseThrow();
    Node bridge = function.node();
    requireGpu(tree, bridge);
    if (opening.abi().since(11) && bridge.u32("memory-region").isEmpty()) {
      throw new VfioException(Errno.ENODEV, bridge + " has no memory-region");
    }
    int link = linkIndex(tree, bridge);
    long atsd = atsd(opening, function, link);
    OptionalLong tgt = bridge.u64("ibm,device-tgt-addr");
    if (tgt.isEmpty()) {
      throw new VfioException(Errno.EFAULT, bridge + " has no ibm,device-tgt-addr");
    }
    OptionalInt speed = bridge.u32("ibm,nvlink-speed");
    if (speed.isEmpty()) {
      throw new VfioException(Errno.EFAULT, bridge + " has no ibm,nvlink-speed");
    }
    opening.allocate("the bridge's state");
    boolean none = atsd == 0 && !opening.abi().draft();
    Optional<KernelMapping> registers =
        none ? Optional.empty() : Optional.of(opening.remap(atsd, ATSD_SIZE));
    try {
      opening.register(new Npu2Region(opening, atsd, tgt.getAsLong(), speed.getAsInt(), registers));
    } catch (VfioException e) {
      registers.ifPresent(KernelMapping::close);
      throw e;
    }
  }

  /** pnv_pci_get_gpu_dev. */
  private static void requireGpu(PowernvTree tree, Node bridge) {
    OptionalInt phandle = bridge.u32("ibm,gpu");
    if (phandle.isEmpty()) {
      throw new VfioException(Errno.ENODEV, bridge + " has no ibm,gpu");
    }
    if (tree.byPhandle(phandle).flatMap(tree::function).isEmpty()) {
      throw new VfioException(
          Errno.ENODEV,
          "%s: ibm,gpu 0x%x is no PCI function".formatted(bridge, phandle.getAsInt()));
    }
  }

  /** Without a link the kernel warns with a backtrace and leaves the bridge alone. */
  private static int linkIndex(PowernvTree tree, Node bridge) {
    Node link = tree.byPhandle(bridge.u32("ibm,nvlink")).orElse(null);
    if (link == null) {
      throw new VfioException(Errno.ENODEV, bridge + " has no ibm,nvlink that is a node");
    }
    return link.u32("ibm,npu-link-index")
        .orElseThrow(() -> new VfioException(Errno.ENODEV, link + " has no ibm,npu-link-index"));
  }

  /**
   * The physical address of the link's ATSD registers, 0 for none. Older firmware exposes one set
   * only: the patch and Linux from 5.7 on share it, 5.0 to 5.6 leave the other links without.
   */
  private static long atsd(SubdriverOpening opening, HostPciFunction function, int link) {
    HostNpu npu = new HostNpu(opening.tree(), hostBridge(function), function.bdf().domain());
    OptionalLong own = npu.atsd(link);
    if (own.isPresent()) {
      return own.getAsLong();
    }
    boolean shares = opening.abi().draft() || opening.abi().since(7);
    OptionalLong first = shares ? npu.atsd(0) : OptionalLong.empty();
    if (first.isPresent()) {
      opening.log("link %d has no ATSD, falls back to ATSD 0".formatted(link));
      return first.getAsLong();
    }
    String missing = "%s: ibm,mmio-atsd has no entry for link %d".formatted(npu, link);
    if (opening.abi().draft()) {
      throw new VfioException(Errno.EFAULT, missing);
    }
    opening.log("no ATSD: " + missing);
    return 0;
  }

  /** The PCI host bridge above a function: the nearest node that has a domain. */
  private static Node hostBridge(HostPciFunction function) {
    Node node = function.node();
    while (!node.has("ibm,opal-phbid") && node.parent().isPresent()) {
      node = node.parent().get();
    }
    return node;
  }
}
