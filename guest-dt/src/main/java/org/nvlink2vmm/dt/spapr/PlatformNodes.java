package org.nvlink2vmm.dt.spapr;

import java.util.stream.IntStream;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Writes the nodes of the platform parts (PAPR; QEMU hw/ppc/spapr.c). */
final class PlatformNodes {
  /** Vector 5 of client-architecture-support (PAPR B.6.2.3): bytes and bits that are set. */
  private static final int VECTOR_5_BYTES = 28;

  private static final int VECTOR_5_AFFINITY = 5;
  private static final int VECTOR_5_FORM1 = 0x80;
  private static final int VECTOR_5_FORM2 = 0x20;
  private static final int VECTOR_5_MMU = 24;
  private static final int VECTOR_5_RADIX = 0x40;
  private static final int VECTOR_5_RADIX_EXTENSIONS = 26;
  private static final int VECTOR_5_GTSE = 0x40;

  private final Associativity associativity;
  private final int numaNodes;

  PlatformNodes(Associativity associativity, int numaNodes) {
    this.associativity = associativity;
    this.numaNodes = numaNodes;
  }

  static void identity(Node root, PlatformPart.Identity part) {
    root.setStrings("vm,uuid", part.uuid());
    if (!part.partitionName().isEmpty()) {
      root.setStrings("ibm,partition-name", part.partitionName());
    }
  }

  static void interruptController(Node root, PlatformPart.InterruptController part) {
    Node node = root.addChild("interrupt-controller");
    node.setStrings("device_type", "PowerPC-External-Interrupt-Presentation");
    node.setStrings("compatible", "IBM,ppc-xicp");
    node.setEmpty("interrupt-controller");
    node.setU32("ibm,interrupt-server-ranges", 0, part.servers());
    node.setU32("#interrupt-cells", 2);
    node.setU32("linux,phandle", Phandles.INTERRUPT_CONTROLLER);
    node.setU32("phandle", Phandles.INTERRUPT_CONTROLLER);
  }

  static void vdevice(Node root, PlatformPart.Vdevice part) {
    Node bus = root.addChild("vdevice");
    bus.setStrings("device_type", "vdevice");
    bus.setStrings("compatible", "IBM,vdevice");
    bus.setU32("#address-cells", 1);
    bus.setU32("#size-cells", 0);
    bus.setU32("#interrupt-cells", 2);
    bus.setEmpty("interrupt-controller");
    for (VioDevice device : part.devices().reversed()) {
      Node node = bus.addChild(device.nodeName());
      node.setU32("reg", device.unitAddress());
      node.setStrings("device_type", device.deviceType());
      node.setStrings("compatible", device.compatible());
      node.setU32("interrupts", device.interrupt(), 0);
      if (device.nvramBytes() != 0) {
        node.setU32("#bytes", device.nvramBytes());
      }
    }
  }

  void cpus(Node root, PlatformPart.Cpus part) {
    Node cpus = root.addChild("cpus");
    cpus.setU32("#address-cells", 1);
    cpus.setU32("#size-cells", 0);
    for (CpuDescription cpu : part.cpus().reversed()) {
      cpu(cpus, cpu);
    }
  }

  private void cpu(Node cpus, CpuDescription cpu) {
    CpuModel model = cpu.model();
    Node node = cpus.addChild(model.name() + "@" + Integer.toHexString(cpu.id()));
    node.setU32("reg", cpu.id());
    node.setStrings("device_type", "cpu");
    node.setU32("cpu-version", model.version());
    caches(node, model);
    node.setU32("timebase-frequency", model.timebaseHz());
    node.setU32("clock-frequency", model.clockHz());
    node.setU32("slb-size", model.slbSize());
    node.setU32("ibm,slb-size", model.slbSize());
    node.setStrings("status", "okay");
    node.setEmpty("64-bit");
    node.setU32("ibm,purr", 1);
    node.setU32("ibm,spurr", 1);
    addressTranslation(node, model);
    if (cpu.vector()) {
      node.setU32("ibm,vmx", 2);
    }
    if (cpu.decimalFloat()) {
      node.setU32("ibm,dfp", 1);
    }
    node.set(Property.ofBytes("ibm,pa-features", model.featureBytes()));
    interruptServers(node, cpu);
    if (numaNodes > 1) {
      node.setU32("ibm,associativity", associativity.cpu(cpu.numaNode(), cpu.id()));
    }
    node.setU32("ibm,dec-bits", model.decrementerBits());
  }

  private static void caches(Node node, CpuModel model) {
    node.setU32("d-cache-block-size", model.cacheLine());
    node.setU32("d-cache-line-size", model.cacheLine());
    node.setU32("i-cache-block-size", model.cacheLine());
    node.setU32("i-cache-line-size", model.cacheLine());
    node.setU32("d-cache-size", model.l1Size());
    node.setU32("i-cache-size", model.l1Size());
  }

  private static void addressTranslation(Node node, CpuModel model) {
    node.setU32("ibm,processor-segment-sizes", 28, 40, -1, -1);
    // Base page shift, SLB encoding, count, then shift and PTE encoding of each actual size.
    node.setU32("ibm,segment-page-sizes", 12, 0, 1, 12, 0, 16, 0x110, 1, 16, 1);
    node.setU32("ibm,pft-size", 0, model.pageTableShift());
    node.setU32("ibm,processor-radix-AP-encodings", model.radixEncodings().cells());
  }

  private static void interruptServers(Node node, CpuDescription cpu) {
    int[] servers = IntStream.range(cpu.id(), cpu.id() + cpu.threads()).toArray();
    int[] globalServers =
        IntStream.of(servers).flatMap(server -> IntStream.of(server, 0)).toArray();
    node.setU32("ibm,ppc-interrupt-server#s", servers);
    node.setU32("ibm,ppc-interrupt-gserver#s", globalServers);
  }

  static void eventSources(Node root, PlatformPart.EventSources part) {
    Node node = root.addChild("event-sources");
    node.setEmpty("interrupt-controller");
    node.setU32("#interrupt-cells", 2);
    node.setU32("interrupt-ranges", part.powerInterrupt(), 1, part.hotPlugInterrupt(), 1);
    node.addChild("epow-events").setU32("interrupts", part.powerInterrupt(), 0);
    node.addChild("hot-plug-events").setU32("interrupts", part.hotPlugInterrupt(), 0);
  }

  /** The associativity of the machine is part of RTAS, also where nothing else of it is written. */
  Node rtas(Node root) {
    Node node = root.addChild("rtas");
    node.setU32("ibm,associativity-reference-points", associativity.referencePoints());
    node.setU32("ibm,max-associativity-domains", associativity.maxDomains());
    if (associativity.hasDistanceTable()) {
      node.setU32("ibm,numa-lookup-index-table", associativity.lookupTable());
      node.set(Property.ofBytes("ibm,numa-distance-table", associativity.distanceTable()));
    }
    return node;
  }

  static void rtasCalls(Node rtas, PlatformPart.Rtas part) {
    rtas.setStrings("ibm,hypertas-functions", part.hypercallSets().toArray(String[]::new));
    rtas.setU32("rtas-size", part.size());
    rtas.setU32("rtas-error-log-max", 0x800);
    rtas.setU32("rtas-event-scan-rate", 1);
    rtas.setEmpty("ibm,change-msix-capable");
    part.tokens().forEach((call, token) -> rtas.setU32(call, token));
    if (part.base() != 0) {
      rtas.setU32("linux,rtas-base", (int) part.base());
      rtas.setU32("linux,rtas-entry", (int) part.base());
    }
  }

  void chosen(Node root, PlatformPart.Chosen part) {
    Node node = root.addChild("chosen");
    if (!part.bootargs().isEmpty()) {
      node.setStrings("bootargs", part.bootargs());
    }
    if (part.initrdEnd() != part.initrdStart()) {
      node.setU64("linux,initrd-start", part.initrdStart());
      node.setU64("linux,initrd-end", part.initrdEnd());
    }
    if (!part.stdoutPath().isEmpty()) {
      node.setStrings("linux,stdout-path", part.stdoutPath());
      node.setStrings("stdout-path", part.stdoutPath());
    }
    // The monitor places no BAR: the guest does.
    node.setU32("linux,pci-probe-only", 0);
    if (part.radix()) {
      node.set(Property.ofBytes("ibm,architecture-vec-5", vector5()));
    }
  }

  /** What client-architecture-support would have answered; byte 0 counts those after the next. */
  private byte[] vector5() {
    byte[] vector = new byte[VECTOR_5_BYTES];
    vector[0] = VECTOR_5_BYTES - 2;
    vector[VECTOR_5_AFFINITY] =
        (byte) (associativity.hasDistanceTable() ? VECTOR_5_FORM2 : VECTOR_5_FORM1);
    vector[VECTOR_5_MMU] = VECTOR_5_RADIX;
    vector[VECTOR_5_RADIX_EXTENSIONS] = VECTOR_5_GTSE;
    return vector;
  }
}
