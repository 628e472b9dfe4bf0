package org.nvlink2vmm.dt.powernv;

import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** A small host of odd node names: one NPU with two links, one GPU behind a switch port. */
final class HostTreeFixture {
  final DeviceTree tree = new DeviceTree();
  final Node memory = tree.root().addChild("hbm@40000000000");
  final Node unit = tree.root().addChild("chip").addChild("unit");
  final Node link0 = link(0, 0x201);
  final Node link1 = link(1, 0x202);
  final Node gpuHostBridge = hostBridge("first", "ibm,power9-pciex", 4);
  final Node port = function(gpuHostBridge, "port", 0x25000, 0x10b5, 0x8725);
  final Node gpu = function(port, "big", 0x40000, 0x10de, 0x1db1);
  final Node npuHostBridge = hostBridge("second", "ibm,power9-npu-pciex", 6);
  final Node bridge0 = bridge("x", 0x000, 0x700, 0x201);
  final Node bridge1 = bridge("y", 0x100, 0x701, 0x202);

  HostTreeFixture() {
    tree.root().setU32("#address-cells", 2).setU32("#size-cells", 2);
    memory
        .setStrings("device_type", "memory")
        .setStrings("compatible", "ibm,coherent-device-memory")
        .setU64("reg", 0x40000000000L, 0x2000000000L)
        .setU64("linux,usable-memory", 0x40000000000L, 0)
        .setU32("ibm,chip-id", 255)
        .setU32("ibm,associativity", 4, 255, 255, 255, 255)
        .setU32("phandle", 0x310);
    unit.setStrings("compatible", "ibm,power9-npu").setU32("phandle", 0x200);
    unit.parent().orElseThrow().setU32("ibm,chip-id", 0);
    port.setStrings("ibm,slot-label", "GPU0");
    gpu.setU32("phandle", 0x600)
        .setU32("ibm,npu", 0x700, 0x701)
        .setU32("ibm,nvlink-peers", 0x700, 0x701);
    npuHostBridge
        .setU32("ibm,npcq", 0x200)
        .setU32("ibm,npu-index", 0)
        .setU32("ibm,chip-id", 0)
        .setU64("reg", 0x6030200000000L, 0x1000000)
        .setU64("ibm,mmio-window", 0x6030201600000L, 0x120000)
        .setU64("ibm,mmio-atsd", 0x6030200800000L, 0x6030200810000L);
  }

  PowernvTree read() {
    return new PowernvTree(tree);
  }

  private Node link(int index, int phandle) {
    return unit.addChild("l" + index)
        .setStrings("compatible", "ibm,npu-link")
        .setU32("ibm,npu-link-index", index)
        .setU32("ibm,npu-group-id", 0)
        .setU32("ibm,npu-brick-id", index)
        .setU64("ibm,link-speed", 25781250000L)
        .setU32("nvidia,link-speed", 8)
        .setStrings("ibm,slot-label", "GPU0")
        .setU32("phandle", phandle);
  }

  private Node hostBridge(String name, String compatible, int opalId) {
    return tree.root()
        .addChild(name)
        .setStrings("compatible", compatible)
        .setU64("ibm,opal-phbid", opalId);
  }

  static Node function(Node parent, String name, int regCell, int vendor, int device) {
    return parent
        .addChild(name)
        .setU32("reg", regCell, 0, 0, 0, 0)
        .setU32("vendor-id", vendor)
        .setU32("device-id", device);
  }

  private Node bridge(String name, int regCell, int phandle, int link) {
    return function(npuHostBridge, name, regCell, 0x1014, 0x04ea)
        .setU32("phandle", phandle)
        .setU32("ibm,gpu", 0x600)
        .setU32("ibm,nvlink", link)
        .setU32("ibm,nvlink-speed", 8)
        .setU64("ibm,device-tgt-addr", 0x40000000000L)
        .setU32("memory-region", 0x310);
  }
}
