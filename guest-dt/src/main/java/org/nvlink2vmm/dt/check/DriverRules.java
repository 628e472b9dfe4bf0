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

/** What the NVIDIA driver looks up: open-gpu-kernel-modules, nv-ibmnpu.c and uvm_ats_ibm.c. */
final class DriverRules {
  static final List<Rule> RULES =
      List.of(
          Rule.nvlink("N1", "bridges are 1014:04ea of class 0680", DriverRules::n1),
          Rule.nvlink("N2", "bridges have two memory BARs", DriverRules::n2),
          Rule.nvlink("N3", "bridges have an interrupt", DriverRules::n3),
          Rule.notInTree(
              "N4",
              "bridges keep answering the watchdog",
              "needs the running device: the vendor id is read every second"),
          Rule.nvlink("N5", "the guest can have EEH", DriverRules::n5),
          Rule.nvlink("N6", "target addresses are sound", DriverRules::n6),
          Rule.nvlink("N7", "GPU memory has a NUMA node without processors", DriverRules::n7),
          Rule.nvlink("N8", "GPU memory starts at a multiple of 128 GiB", DriverRules::n8),
          Rule.nvlink("N9", "GPU memory windows hold the framebuffer", DriverRules::n9),
          Rule.nvlink("N10", "chip ids are readable", DriverRules::n10),
          Rule.nvlink("N11", "the cache block size is usable", DriverRules::n11),
          Rule.nvlink("N12", "there are 1 to 16 ATSD register sets", DriverRules::n12),
          Rule.nvlink("N13", "there are at most 8 NPUs", DriverRules::n13),
          Rule.notInTree(
              "N14",
              "kernel and driver agree who invalidates",
              "depends on the guest's kernel and driver, not on the tree"),
          Rule.nvlink("N15", "link speeds are known codes", DriverRules::n15),
          Rule.notInTree(
              "N16",
              "links train through the vendor capability",
              "needs the running device: procedures behind config offsets 0x84 and 0x88"),
          Rule.nvlink("N17", "the list of bridges has no gap", DriverRules::n17));

  private static final int APERTURE_SHIFT = 37;
  private static final int GENID_BYTES = 0x10000;
  private static final int MOST_ATSDS = 16;
  private static final int MOST_NPUS = 8;
  private static final int MOST_BRIDGES = 6;
  private static final int TGT_BITS = 47;

  /** Codes of skiboot's {@code nvidia,link-speed}: 20, 25.78125 and 25 Gb/s. */
  private static final Set<Integer> SPEEDS = Set.of(3, 8, 9);

  /** Framebuffer bytes by device id of GV100 boards. */
  private static final Map<Integer, Long> FRAMEBUFFERS =
      Map.of(
          0x1db1, 16L << 30, 0x1db4, 16L << 30, 0x1db5, 32L << 30, 0x1db6, 32L << 30, 0x1db8,
          32L << 30, 0x1df6, 32L << 30);

  private static final List<String> EEH_CALLS =
      List.of("ibm,set-eeh-option", "ibm,set-slot-reset", "ibm,slot-error-detail");

  private DriverRules() {}

  private static void n1(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      int vendor = bridge.u32("vendor-id").orElse(-1);
      int device = bridge.u32("device-id").orElse(-1);
      int classCode = bridge.u32("class-code").orElse(-1);
      if (vendor != 0x1014 || device != 0x04ea) {
        reporter.fail(
            bridge,
            "The ids are %s, not 1014:04ea: no bridge driver binds."
                .formatted(ids(vendor, device)));
      } else if ((classCode & ~1) != 0x068000) {
        reporter.fail(
            bridge,
            classCode == -1
                ? "No class-code: no bridge driver binds."
                : "class-code is 0x%06x, not 0x068000 or 0x068001: no bridge driver binds."
                    .formatted(classCode));
      }
    }
  }

  private static String ids(int vendor, int device) {
    return (vendor == -1 ? "absent" : "%04x".formatted(vendor))
        + ":"
        + (device == -1 ? "absent" : "%04x".formatted(device));
  }

  private static void n2(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      Property reg = bridge.property("reg").orElse(null);
      int bars = 0;
      long second = 0;
      for (int at = 5; reg != null && at + 5 <= reg.cellCount(); at += 5) {
        boolean memory = (reg.cell(at) >>> 25 & 1) != 0;
        bars += memory ? 1 : 0;
        second = memory && bars == 2 ? reg.cellPair(at + 3) : second;
      }
      if (bars != 2) {
        reporter.fail(
            bridge,
            "reg has %d memory BARs, not 2 (NTL and GENID): the driver's probe fails."
                .formatted(bars));
      } else if (second != GENID_BYTES) {
        reporter.fail(
            bridge,
            "The second BAR (GENID) has 0x%x bytes, not one 64 KiB page: it cannot be mapped."
                .formatted(second));
      }
    }
  }

  private static void n3(GuestTree guest, Reporter reporter) {
    Map<Node, InterruptMap> maps = new HashMap<>();
    for (Node bridge : guest.bridges()) {
      OptionalInt pin = bridge.u32("interrupts");
      if (pin.isEmpty() || pin.getAsInt() == 0) {
        reporter.fail(bridge, "No interrupts: the driver's probe fails with EIO.");
        continue;
      }
      Node hostBridge = bridge.parent().filter(guest.hostBridges()::contains).orElse(null);
      if (hostBridge == null || !hostBridge.has("interrupt-map") || !bridge.has("reg")) {
        continue;
      }
      InterruptMap map =
          maps.computeIfAbsent(hostBridge, node -> InterruptMap.of(node, guest.phandles()));
      if (!map.knows(bridge.u32("reg").orElse(0), pin.getAsInt())) {
        reporter.fail(
            bridge,
            "The host bridge's interrupt-map has no entry for pin %d: the interrupt number is 0 and"
                    .formatted(pin.getAsInt())
                + " the driver's probe fails with EIO.");
      }
    }
  }

  private static void n5(GuestTree guest, Reporter reporter) {
    Node rtas = guest.tree().find("/rtas").orElse(null);
    if (rtas == null || !rtas.has("ibm,read-pci-config")) {
      reporter.skip("the tree does not list RTAS calls");
      return;
    }
    for (String call : EEH_CALLS) {
      if (!rtas.has(call)) {
        reporter.warn(
            rtas,
            "No %s: the guest turns EEH off, so a link error looks like all ones.".formatted(call));
      }
    }
    if (!rtas.has("ibm,read-slot-reset-state2") && !rtas.has("ibm,read-slot-reset-state")) {
      reporter.warn(rtas, "No ibm,read-slot-reset-state2: the guest turns EEH off.");
    }
    if (!rtas.has("ibm,configure-pe") && !rtas.has("ibm,configure-bridge")) {
      reporter.warn(rtas, "No ibm,configure-pe: the guest turns EEH off.");
    }
  }

  private static void n6(GuestTree guest, Reporter reporter) {
    Map<Node, Long> tgtOfGpu = new HashMap<>();
    for (Node bridge : guest.bridges()) {
      Property tgt = bridge.property("ibm,device-tgt-addr").orElse(null);
      if (tgt == null || tgt.length() != 8) {
        reporter.fail(
            bridge,
            "ibm,device-tgt-addr is absent or not 8 bytes: the GPU has no coherent memory.");
        continue;
      }
      long address = tgt.cellPair(0);
      if (address >>> TGT_BITS != 0 || address == 0) {
        reporter.fail(
            bridge,
            "ibm,device-tgt-addr is 0x%x, not below 2^47 and above 0: the GPU has no coherent memory."
                .formatted(address));
      }
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(bridge);
      Long other = tgtOfGpu.putIfAbsent(gpu, address);
      if (other != null && other != address) {
        reporter.fail(
            bridge,
            "ibm,device-tgt-addr is 0x%x, another bridge of the GPU says 0x%x: accesses over the"
                    .formatted(address, other)
                + " links reach different memory.");
      }
    }
  }

  private static void n7(GuestTree guest, Reporter reporter) {
    Set<Integer> processors = new HashSet<>();
    for (Node cpu : guest.cpus()) {
      guest.affinity().nodeId(cpu).ifPresent(processors::add);
    }
    for (Node bridge : guest.bridges()) {
      Node memory = guest.target(bridge, "memory-region").orElse(null);
      if (memory == null) {
        reporter.fail(
            bridge, "memory-region is absent or leads nowhere: the GPU has no coherent memory.");
        continue;
      }
      OptionalInt id = guest.affinity().nodeId(memory);
      if (memory.property("reg").map(Property::length).orElse(0) != 16) {
        reporter.fail(
            bridge,
            "reg of %s is not 16 bytes: the GPU has no coherent memory.".formatted(memory.path()));
      } else if (id.isEmpty() || id.getAsInt() == -1) {
        reporter.fail(
            bridge,
            "%s has no valid NUMA node: the driver cannot online the GPU's memory."
                .formatted(memory.path()));
      } else if (processors.contains(id.getAsInt())) {
        reporter.fail(
            bridge,
            "NUMA node %d of %s has processors: the driver refuses to online GPU memory there."
                .formatted(id.getAsInt(), memory.path()));
      }
    }
  }

  private static void n8(GuestTree guest, Reporter reporter) {
    for (Node memory : guest.gpuMemories()) {
      long base = memory.u64("reg").orElse(0);
      if ((base & ((1L << APERTURE_SHIFT) - 1)) != 0) {
        reporter.fail(
            memory,
            "reg starts at 0x%x, no multiple of 128 GiB: the driver gives up coherent memory."
                .formatted(base));
      }
    }
  }

  private static void n9(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(null);
      Property reg =
          guest
              .target(bridge, "memory-region")
              .flatMap(memory -> memory.property("reg"))
              .filter(value -> value.length() == 16)
              .orElse(null);
      Optional<Long> framebuffer =
          gpu == null || gpu.u32("vendor-id").orElse(0) != 0x10de
              ? Optional.empty()
              : Optional.ofNullable(FRAMEBUFFERS.get(gpu.u32("device-id").orElse(0)));
      if (reg == null || framebuffer.isEmpty()) {
        continue;
      }
      if (Long.compareUnsigned(reg.cellPair(2), framebuffer.get()) < 0) {
        reporter.fail(
            bridge,
            "The memory window has 0x%x bytes, the GPU 0x%x: the driver gives up coherent memory."
                .formatted(reg.cellPair(2), framebuffer.get()));
      }
    }
  }

  private static void n10(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Property chip = node.property("ibm,chip-id").orElse(null);
      if (chip != null && chip.length() != 4) {
        reporter.fail(
            node, "ibm,chip-id is not one cell: the driver takes a wrong chip as nearest.");
      }
    }
  }

  private static void n11(GuestTree guest, Reporter reporter) {
    Node cpu = guest.cpus().stream().findFirst().orElse(null);
    if (cpu == null) {
      reporter.skip("the tree has no processors");
      return;
    }
    Property size = cpu.property("d-cache-block-size").orElse(null);
    if (size != null && (size.length() != 4 || Integer.bitCount(size.cell(0)) != 1)) {
      reporter.fail(
          cpu,
          "d-cache-block-size is no power of two in one cell: the driver flushes caches with a"
              + " wrong stride and GPU RAM keeps stale lines.");
    }
  }

  private static void n12(GuestTree guest, Reporter reporter) {
    for (Node hostBridge : guest.npuHostBridges()) {
      int count = hostBridge.property("ibm,mmio-atsd").map(list -> list.length() / 8).orElse(0);
      if (count < 1 || count > MOST_ATSDS) {
        reporter.fail(
            hostBridge,
            "ibm,mmio-atsd has %d register sets, the driver takes 1 to %d: it turns ATS off."
                .formatted(count, MOST_ATSDS));
      }
    }
  }

  private static void n13(GuestTree guest, Reporter reporter) {
    int count = guest.npuHostBridges().size();
    if (count > MOST_NPUS) {
      reporter.fail(
          guest.tree().root(),
          "%d host bridges have NVLink bridges, the driver takes at most %d: it turns ATS off."
              .formatted(count, MOST_NPUS));
    }
  }

  private static void n15(GuestTree guest, Reporter reporter) {
    for (Node bridge : guest.bridges()) {
      OptionalInt speed = bridge.u32("ibm,nvlink-speed");
      if (speed.isEmpty()) {
        reporter.fail(bridge, "No ibm,nvlink-speed: the link is silently left unused.");
      } else if (!SPEEDS.contains(speed.getAsInt())) {
        reporter.fail(
            bridge,
            "ibm,nvlink-speed is %s, not 3, 8 or 9: the link is silently left unused."
                .formatted(Integer.toUnsignedString(speed.getAsInt())));
      }
    }
  }

  private static void n17(GuestTree guest, Reporter reporter) {
    for (Node gpu : guest.gpus()) {
      List<Optional<Node>> targets = guest.targets(gpu, "ibm,npu");
      if (targets.size() > MOST_BRIDGES) {
        reporter.fail(
            gpu,
            "ibm,npu has %d entries, a GPU has %d links: the driver ignores the rest."
                .formatted(targets.size(), MOST_BRIDGES));
      }
      Set<Node> seen = new HashSet<>();
      boolean ended = false;
      for (Optional<Node> target : targets) {
        if (ended && target.isPresent()) {
          reporter.fail(
              gpu, "A bridge in ibm,npu follows an entry that leads nowhere: it is never reached.");
          break;
        }
        ended |= target.isEmpty();
        if (target.isPresent() && !seen.add(target.get())) {
          reporter.fail(
              gpu,
              "ibm,npu names %s twice: the driver counts a link that is not there."
                  .formatted(target.get().path()));
        }
      }
    }
  }
}
