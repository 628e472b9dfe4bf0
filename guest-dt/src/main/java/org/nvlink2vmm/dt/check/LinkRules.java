package org.nvlink2vmm.dt.check;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.tree.Node;

/** Rules about how GPUs, bridges, links and memory belong together. */
final class LinkRules {
  static final List<Rule> RULES =
      List.of(
          Rule.nvlink(
              "nvlink_symmetry", "a GPU and its bridges name each other", LinkRules::symmetry),
          Rule.nvlink(
              "nvlink_link_owner",
              "each link is one bridge's, and its index is unique on its NPU",
              LinkRules::linkOwner),
          Rule.nvlink(
              "nvlink_memory_owner",
              "each GPU memory node is one GPU's, the same for all its bridges",
              LinkRules::memoryOwner),
          Rule.nvlink(
              "nvlink_tgt_unique", "no two GPUs have one target address", LinkRules::tgtUnique),
          Rule.nvlink(
              "nvlink_one_npu",
              "the bridges of a host bridge are links of one NPU",
              LinkRules::oneNpu));

  private LinkRules() {}

  private static void symmetry(GuestTree guest, Reporter reporter) {
    for (Node gpu : guest.gpus()) {
      for (Node bridge : guest.listedBridges(gpu)) {
        if (guest.target(bridge, "ibm,gpu").orElse(null) != gpu) {
          reporter.fail(
              bridge,
              "%s lists this bridge in ibm,npu, but ibm,gpu does not point back: driver and kernel"
                      .formatted(gpu.path())
                  + " disagree whose link it is.");
        }
      }
    }
    for (Node bridge : guest.bridges()) {
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(null);
      if (gpu != null && !guest.listedBridges(gpu).contains(bridge)) {
        reporter.fail(
            bridge,
            "ibm,gpu points to %s, whose ibm,npu does not list this bridge: the GPU never uses the"
                    .formatted(gpu.path())
                + " link.");
      }
    }
  }

  private static void linkOwner(GuestTree guest, Reporter reporter) {
    Map<Node, Node> owners = new HashMap<>();
    for (Node bridge : guest.bridges()) {
      Node link = guest.target(bridge, "ibm,nvlink").orElse(null);
      Node owner = link == null ? null : owners.putIfAbsent(link, bridge);
      if (owner != null) {
        reporter.fail(
            bridge,
            "ibm,nvlink names %s, which %s has already: both train one link."
                .formatted(link.path(), owner.path()));
      }
    }
    Map<Node, Map<Integer, Node>> byNpu = new HashMap<>();
    for (Node link : guest.links()) {
      OptionalInt index = link.u32("ibm,npu-link-index");
      if (index.isEmpty() || link.parent().isEmpty()) {
        continue;
      }
      Node other =
          byNpu
              .computeIfAbsent(link.parent().get(), npu -> new HashMap<>())
              .putIfAbsent(index.getAsInt(), link);
      if (other != null) {
        reporter.fail(
            link,
            "%s has ibm,npu-link-index %d, too: the kernel puts both into one slot."
                .formatted(other.path(), index.getAsInt()));
      }
      if (link.has("reg") && !link.u32("reg").equals(index)) {
        reporter.warn(link, "reg and ibm,npu-link-index differ: they name one thing.");
      }
    }
  }

  private static void memoryOwner(GuestTree guest, Reporter reporter) {
    Map<Node, Node> gpuOfMemory = new HashMap<>();
    Map<Node, Node> memoryOfGpu = new HashMap<>();
    for (Node bridge : guest.bridges()) {
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(null);
      Node memory = guest.target(bridge, "memory-region").orElse(null);
      if (gpu == null || memory == null) {
        continue;
      }
      Node owner = gpuOfMemory.putIfAbsent(memory, gpu);
      if (owner != null && owner != gpu) {
        reporter.fail(
            bridge,
            "memory-region names %s, which belongs to %s: two GPUs would share one memory."
                .formatted(memory.path(), owner.path()));
      }
      Node other = memoryOfGpu.putIfAbsent(gpu, memory);
      if (other != null && other != memory) {
        reporter.fail(
            bridge,
            "memory-region names %s, another bridge of the same GPU names %s: the driver takes"
                    .formatted(memory.path(), other.path())
                + " whichever it sees first.");
      }
    }
    for (Node memory : guest.gpuMemories()) {
      if (!gpuOfMemory.containsKey(memory)) {
        reporter.warn(memory, "No bridge of a GPU names this memory: nobody ever uses it.");
      }
    }
  }

  private static void tgtUnique(GuestTree guest, Reporter reporter) {
    Map<Long, Node> owners = new HashMap<>();
    for (Node bridge : guest.bridges()) {
      Node gpu = guest.target(bridge, "ibm,gpu").orElse(null);
      OptionalLong tgt = bridge.u64("ibm,device-tgt-addr");
      if (gpu == null || tgt.isEmpty()) {
        continue;
      }
      Node owner = owners.putIfAbsent(tgt.getAsLong(), gpu);
      if (owner == null || owner == gpu) {
        continue;
      }
      if (guest.hostBridge(owner).equals(guest.hostBridge(gpu))) {
        reporter.fail(
            bridge,
            "ibm,device-tgt-addr 0x%x is that of %s: one GPU's accesses reach the other's memory."
                .formatted(tgt.getAsLong(), owner.path()));
      } else {
        reporter.warn(
            bridge,
            "ibm,device-tgt-addr 0x%x is that of %s on another NPU: no host has two such GPUs."
                .formatted(tgt.getAsLong(), owner.path()));
      }
    }
  }

  private static void oneNpu(GuestTree guest, Reporter reporter) {
    Map<Node, Node> npuOfHostBridge = new LinkedHashMap<>();
    for (Node bridge : guest.bridges()) {
      Node hostBridge = guest.hostBridge(bridge).orElse(null);
      Node npu = guest.target(bridge, "ibm,nvlink").flatMap(Node::parent).orElse(null);
      if (hostBridge == null || npu == null) {
        continue;
      }
      Node other = npuOfHostBridge.putIfAbsent(hostBridge, npu);
      if (other != null && other != npu) {
        reporter.fail(
            bridge,
            "Its link is of %s, that of another bridge of %s is of %s: the kernel makes one NPU of"
                    .formatted(npu.path(), hostBridge.path(), other.path())
                + " them and mixes up the links.");
      }
    }
  }
}
