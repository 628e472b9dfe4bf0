package org.nvlink2vmm.it.contract;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.npu2.Npu2Plugin;
import org.nvlink2vmm.v100.V100Plugin;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;

/** Emulated hosts for tests: the built-in four-GPU tree, changed as a test needs. */
final class Hosts {
  static final HostBdf GPU = HostBdf.parse("0004:04:00.0");
  static final HostBdf OTHER_GPU = HostBdf.parse("0004:05:00.0");
  static final HostBdf BRIDGE = HostBdf.parse("0006:00:00.0");
  static final HostBdf SECOND_BRIDGE = HostBdf.parse("0006:00:00.1");

  /** Every release at which something changes, and the patch. */
  static final List<HostAbi> ABIS =
      List.of(
          HostAbi.V4,
          HostAbi.mainline(0),
          HostAbi.mainline(2),
          HostAbi.mainline(6),
          HostAbi.mainline(7),
          HostAbi.mainline(8),
          HostAbi.mainline(11),
          HostAbi.mainline(12));

  private Hosts() {}

  static List<DevicePlugin> plugins() {
    return List.of(new V100Plugin(), new Npu2Plugin());
  }

  static EmulatedHost host(HostAbi abi) {
    return host(abi, tree -> {});
  }

  static EmulatedHost host(HostAbi abi, Consumer<PowernvTree> change) {
    return host(change, builder -> builder.abi(abi));
  }

  /** A host whose tree was changed before anyone looked at it. */
  static EmulatedHost host(
      Consumer<PowernvTree> change, UnaryOperator<EmulatedHost.Builder> setting) {
    DeviceTree tree = BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow();
    change.accept(new PowernvTree(tree));
    return setting.apply(EmulatedHost.builder(new PowernvTree(tree)).plugins(plugins())).build();
  }

  static Node node(PowernvTree tree, HostBdf function) {
    return tree.function(function).orElseThrow().node();
  }

  /** The host bridge of a chip's NPU. */
  static Node npuHostBridge(PowernvTree tree) {
    return tree.npus().getFirst().node();
  }

  /** The memory node of {@link #GPU}. */
  static Node memory(PowernvTree tree) {
    return tree.byPhandle(node(tree, BRIDGE).u32("memory-region")).orElseThrow();
  }
}
