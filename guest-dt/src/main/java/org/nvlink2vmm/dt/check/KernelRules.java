package org.nvlink2vmm.dt.check;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * What Linux looks up, kernels 5.0 to 5.12: arch/powerpc/platforms/powernv/npu-dma.c,
 * arch/powerpc/platforms/pseries/pci.c and iommu.c, arch/powerpc/mm/numa.c.
 */
final class KernelRules {
  static final List<Rule> RULES =
      List.of(
          Rule.notInTree(
              "G1",
              "the kernel has the NPU code",
              "depends on the guest's kernel: CONFIG_PPC_POWERNV must be set"),
          Rule.nvlink("G2", "each host bridge is followed by a link", KernelRules::g2),
          Rule.nvlink("G3", "the kernel has room for all NPUs", KernelRules::g3),
          Rule.nvlink("G4", "each GPU lists its bridges", KernelRules::g4),
          Rule.nvlink("G5", "each bridge names its GPU", KernelRules::g5),
          Rule.nvlink("G6", "each bridge names its link", KernelRules::g6),
          Rule.nvlink("G7", "each NPU host bridge lists ATSD registers", KernelRules::g7),
          Rule.nvlink("G8", "GPU memory nodes are complete", KernelRules::g8),
          Rule.nvlink("G9", "each GPU memory has a NUMA node of its own", KernelRules::g9),
          Rule.nvlink("G10", "DMA windows reach the end of memory", KernelRules::g10),
          Rule.nvlink("G11", "the guest may use radix translation", KernelRules::g11));

  /** {@code NV_MAX_NPUS} is 8 and index 0 is never given out. */
  private static final int MOST_NPUS = 7;

  /** {@code NV_MAX_LINKS} of kernels 5.0 to 5.2. */
  private static final int MOST_LINKS = 6;

  /** ATSD register sets that the kernel takes from {@code ibm,mmio-atsd}. */
  private static final int MOST_ATSDS = 8;

  private KernelRules() {}

  private static boolean isUsableLink(GuestTree guest, Node node) {
    return guest
        .target(node, "ibm,nvlink")
        .filter(link -> link.isCompatible(GuestTree.LINK))
        .flatMap(Node::parent)
        .filter(npu -> npu.isCompatible(GuestTree.NPU))
        .isPresent();
  }

  /** The host bridges after which, in tree order, the kernel's walk meets a usable link. */
  private static Set<Node> initialised(GuestTree guest) {
    Set<Node> found = new HashSet<>();
    boolean linkAhead = false;
    for (Node node : guest.nodes().reversed()) {
      if (guest.hostBridges().contains(node) && linkAhead) {
        found.add(node);
      }
      linkAhead |= node.has("ibm,nvlink") && isUsableLink(guest, node);
    }
    return found;
  }

  private static void g2(GuestTree guest, Reporter reporter) {
    Set<Node> initialised = initialised(guest);
    for (Node hostBridge : guest.npuHostBridges()) {
      if (!initialised.contains(hostBridge)) {
        reporter.fail(
            hostBridge,
            "No node after it has an ibm,nvlink that leads to an ibm,npu-link below an"
                + " ibm,power9-npu: the kernel makes no NPU of it and its GPUs are plain PCIe.");
      }
    }
  }

  private static void g3(GuestTree guest, Reporter reporter) {
    int count = initialised(guest).size();
    if (count > MOST_NPUS) {
      reporter.fail(
          guest.tree().root(),
          "%d host bridges become NPUs, the kernel has room for %d: the last ones fail with ENOSPC."
              .formatted(count, MOST_NPUS));
    }
  }

  private static void g4(GuestTree guest, Reporter reporter) {
    for (Node gpu : guest.gpus()) {
      Property list = gpu.property("ibm,npu").orElse(null);
      if (list == null || list.cellCount() == 0) {
        reporter.fail(gpu, "No bridge in ibm,npu: the kernel treats the GPU as plain PCIe.");
        continue;
      }
      if (list.length() % 4 != 0) {
        reporter.fail(gpu, "ibm,npu is no list of phandles: its last bridge is lost.");
      }
      for (Optional<Node> target : guest.targets(gpu, "ibm,npu")) {
        if (target.isEmpty()) {
          reporter.fail(gpu, "An entry of ibm,npu leads nowhere: the bridges after it are lost.");
        } else if (!guest.isFunction(target.get())) {
          reporter.fail(
              gpu,
              "ibm,npu names %s, which is no PCI function: the kernel finds no bridge there."
                  .formatted(target.get().path()));
        }
      }
    }
  }

  private static void g5(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(null);
      if (!guest.isFunction(bridge)) {
        reporter.fail(bridge, "The bridge is no PCI function: the kernel never sees it.");
      } else if (gpu == null) {
        reporter.fail(bridge, "ibm,gpu is absent or leads nowhere: the bridge is unusable.");
      } else if (!guest.isFunction(gpu)) {
        reporter.fail(
            bridge,
            "ibm,gpu names %s, which is no PCI function: the bridge is unusable."
                .formatted(gpu.path()));
      }
    }
  }

  private static void g6(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      Node link = guest.target(bridge, "ibm,nvlink").orElse(null);
      if (link == null) {
        reporter.fail(
            bridge, "ibm,nvlink is absent or leads nowhere: the bridge is refused with ENODEV.");
        continue;
      }
      OptionalInt index = link.u32("ibm,npu-link-index");
      if (!isUsableLink(guest, bridge)) {
        reporter.fail(
            bridge,
            "ibm,nvlink names %s, which is no ibm,npu-link below an ibm,power9-npu: the kernel does"
                    .formatted(link.path())
                + " not take it as a link.");
      } else if (index.isEmpty()) {
        reporter.fail(
            link, "No ibm,npu-link-index: the kernel warns and refuses the bridge with ENODEV.");
      } else if (Integer.compareUnsigned(index.getAsInt(), MOST_LINKS) >= 0) {
        reporter.warn(
            link,
            "ibm,npu-link-index is %s: kernels 5.0 to 5.2 write past an array of %d."
                .formatted(Integer.toUnsignedString(index.getAsInt()), MOST_LINKS));
      }
    }
  }

  private static void g7(GuestTree guest, Reporter reporter) {
    for (Node hostBridge : guest.npuHostBridges()) {
      Property list = hostBridge.property("ibm,mmio-atsd").orElse(null);
      if (list == null || list.length() < 8) {
        reporter.fail(
            hostBridge,
            "No ibm,mmio-atsd: nobody can invalidate the GPUs' translations, so there is no ATS.");
      } else if (list.length() % 8 != 0) {
        reporter.fail(
            hostBridge, "ibm,mmio-atsd is no list of 64-bit addresses: its last one is cut off.");
      } else if (list.length() / 8 > MOST_ATSDS) {
        reporter.warn(
            hostBridge,
            "ibm,mmio-atsd has %d entries: the kernel uses the first %d."
                .formatted(list.length() / 8, MOST_ATSDS));
      }
    }
  }

  private static void g8(GuestTree guest, Reporter reporter) {
    for (Node memory : guest.gpuMemories()) {
      Property reg = memory.property("reg").orElse(null);
      Property usable = memory.property("linux,usable-memory").orElse(null);
      if (!memory.string("device_type").orElse("").equals("memory")) {
        reporter.fail(memory, "device_type is not memory: the GPU's RAM can never be onlined.");
      }
      if (!memory.isCompatible(GuestTree.COHERENT_MEMORY)) {
        reporter.fail(
            memory, "Not compatible with ibm,coherent-device-memory: taken for ordinary RAM.");
      }
      if (reg == null || reg.length() != 16) {
        reporter.fail(memory, "reg is not two 64-bit numbers: the GPU has no coherent memory.");
      }
      if (usable == null || usable.length() != 16 || usable.cellPair(2) != 0) {
        reporter.fail(
            memory,
            "linux,usable-memory does not say size 0: the kernel boots into GPU RAM whose links are"
                + " not trained, and hangs.");
      } else if (reg != null && reg.length() == 16 && reg.cellPair(0) != usable.cellPair(0)) {
        reporter.fail(
            memory, "linux,usable-memory starts elsewhere than reg: the kernel takes the former.");
      }
      if (!memory.has("ibm,associativity")) {
        reporter.fail(memory, "No ibm,associativity: the GPU's RAM lands on the boot node.");
      }
    }
  }

  private static void g9(GuestTree guest, Reporter reporter) {
    Affinity affinity = guest.affinity();
    if (guest.gpuMemories().isEmpty()) {
      return;
    }
    Node rtas = guest.tree().find("/rtas").orElse(guest.tree().root());
    if (affinity.point().isEmpty() || affinity.domains().isEmpty()) {
      reporter.fail(
          rtas,
          "ibm,associativity-reference-points or ibm,max-associativity-domains of /rtas is absent"
              + " or too short: the kernel knows no NUMA node of GPU RAM.");
      return;
    }
    Map<Integer, Node> owners = new HashMap<>();
    for (Node memory : guest.ordinaryMemories()) {
      affinity.nodeId(memory).ifPresent(id -> owners.putIfAbsent(id, memory));
    }
    for (Node memory : guest.gpuMemories()) {
      OptionalInt id = affinity.nodeId(memory);
      if (id.isEmpty()) {
        reporter.fail(memory, "ibm,associativity gives no NUMA node at the reference point.");
        continue;
      }
      if (Integer.toUnsignedLong(id.getAsInt()) >= affinity.domains().getAsLong()) {
        reporter.fail(
            memory,
            "NUMA node %s is not below %d, the limit in /rtas: the kernel cuts it off and the driver"
                    .formatted(
                        Integer.toUnsignedString(id.getAsInt()), affinity.domains().getAsLong())
                + " sees no node.");
      }
      Node owner = owners.putIfAbsent(id.getAsInt(), memory);
      if (owner != null) {
        reporter.fail(
            memory,
            "NUMA node %d is that of %s, too: GPU RAM cannot be told from other memory."
                .formatted(id.getAsInt(), owner.path()));
      }
    }
  }

  private static void g10(GuestTree guest, Reporter reporter) {
    Set<Node> hostBridges = guest.npuHostBridges();
    boolean none =
        hostBridges.stream()
            .noneMatch(node -> node.has("ibm,dma-window") || node.has("ibm,ddw-applicable"));
    if (none) {
      reporter.skip("no host bridge says anything about DMA windows");
      return;
    }
    long end = endOfMemory(guest);
    for (Node hostBridge : hostBridges) {
      Property dynamic = hostBridge.property("ibm,ddw-applicable").orElse(null);
      if (dynamic != null) {
        if (dynamic.length() != 12) {
          reporter.fail(
              hostBridge,
              "ibm,ddw-applicable is not three RTAS tokens: the guest makes no large DMA window"
                  + " and cannot reach GPU RAM.");
        }
      } else if (!hostBridge.has("ibm,dma-window")) {
        reporter.missing(
            guest,
            hostBridge,
            "Neither ibm,dma-window nor ibm,ddw-applicable: devices have no DMA.");
      } else if (Long.compareUnsigned(endOfWindow(hostBridge), end) < 0) {
        reporter.fail(
            hostBridge,
            "No ibm,ddw-applicable, and ibm,dma-window ends at 0x%x before memory does at 0x%x: DMA"
                    .formatted(endOfWindow(hostBridge), end)
                + " to GPU RAM fails.");
      }
    }
  }

  private static long endOfMemory(GuestTree guest) {
    long end = 0;
    for (Node node : guest.nodes()) {
      Property reg = node.property("reg").orElse(null);
      boolean memory = node.string("device_type").orElse("").equals("memory");
      if (memory && reg != null && reg.length() == 16) {
        long last = reg.cellPair(0) + reg.cellPair(2);
        end = Long.compareUnsigned(last, end) > 0 ? last : end;
      }
    }
    return end;
  }

  /** End of the default window: bus number, then 64-bit start and size. */
  private static long endOfWindow(Node hostBridge) {
    Property window = hostBridge.property("ibm,dma-window").orElse(null);
    return window == null || window.cellCount() < 5 ? 0 : window.cellPair(1) + window.cellPair(3);
  }

  /** Byte 24 of option vector 5 says the translation: PAPR, Linux asm/prom.h. */
  private static void g11(GuestTree guest, Reporter reporter) {
    Node chosen = guest.tree().find("/chosen").orElse(null);
    Property negotiated =
        chosen == null ? null : chosen.property("ibm,architecture-vec-5").orElse(null);
    Property supported =
        chosen == null ? null : chosen.property("ibm,arch-vec-5-platform-support").orElse(null);
    // Before negotiation the vector is there, but too short to say anything.
    if (negotiated != null && negotiated.length() > 24) {
      if ((negotiated.byteAt(24) & 0xc0) != 0x40) {
        reporter.fail(
            chosen, "The guest has negotiated hash translation: a GPU's ATS needs radix.");
      }
      return;
    }
    for (int at = 0; supported != null && at + 2 <= supported.length(); at += 2) {
      if (supported.byteAt(at) == 24) {
        if ((supported.byteAt(at + 1) & 0xc0) == 0) {
          reporter.fail(
              chosen, "The machine offers hash translation only: a GPU's ATS needs radix.");
        }
        return;
      }
    }
    reporter.skip("negotiated when the guest starts; the tree does not say");
  }
}
