package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostBridge;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.HostLink;
import org.nvlink2vmm.dt.powernv.HostNpu;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.npu2.atsd.AtsdPage;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.atsd.ShootdownJournal;
import org.nvlink2vmm.npu2.config.LinkConfig;
import org.nvlink2vmm.npu2.regs.ErrorRegisters;
import org.nvlink2vmm.npu2.regs.NpuRegisters;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

/** The NPUs of a host, their registers in its physical addresses, their bridges on its buses. */
final class Npu2Hardware implements HostHardware {
  /** PEs of an NPU from skiboot 6.3 on. */
  private static final int LATER_PES = 8;

  /** One for each GPU, and those that firmware and the kernel keep. */
  private static final int LEAST_PES = 6;

  private final HostContext host;
  private final LongSupplier nanoClock;
  private final List<Npu2Chip> chips = new ArrayList<>();
  private final Map<HostBdf, Npu2Chip> chipOfGpu = new HashMap<>();
  private final Map<HostBdf, Npu2Link> links = new HashMap<>();
  private final Map<HostBdf, Npu2Chip> chipOfLink = new HashMap<>();
  private final List<MemoryRegion> mapped = new ArrayList<>();
  private final ShootdownJournal journal = new ShootdownJournal();
  private final List<String> notes = new ArrayList<>();

  Npu2Hardware(HostContext host, LongSupplier nanoClock) {
    this.host = host;
    this.nanoClock = nanoClock;
    host.tree().npus().forEach(this::addChip);
  }

  private void addChip(HostNpu npu) {
    Map<HostBridge, Integer> indexes = linkIndexes(npu);
    List<Npu2Chip.Wiring> wirings = new ArrayList<>();
    indexes.forEach(
        (bridge, index) -> {
          int bdfn = bridge.gpu().map(gpu -> gpu.bdf().bdfn()).orElse(-1);
          wirings.add(
              new Npu2Chip.Wiring(index, bdfn, Npu2Plugin.phyFault(host.options(bridge.bdf()))));
        });
    String name = "npu " + npu.index().orElse(chips.size());
    int peCount = Math.clamp(npu.peCount().orElse(LATER_PES), LEAST_PES, ErrorRegisters.PES);
    Npu2Chip chip = new Npu2Chip(name, wirings, nanoClock, chips.size(), peCount, journal);
    chips.add(chip);
    GenidStack[] stacks = {new GenidStack(), new GenidStack(), new GenidStack()};
    indexes.forEach(
        (bridge, index) -> {
          bridge.gpu().map(HostGpu::bdf).ifPresent(gpu -> chipOfGpu.putIfAbsent(gpu, chip));
          Npu2Link link = link(npu, bridge, index, chip);
          link.share(stacks[index / 2]);
          links.put(bridge.bdf(), link);
          chipOfLink.put(bridge.bdf(), chip);
        });
    mapRegisters(npu, chip);
  }

  /**
   * The links of an NPU's bridges, 0 to 5. A bridge whose link the tree does not tell is hardware
   * all the same: it gets the lowest link that no other has.
   */
  private static Map<HostBridge, Integer> linkIndexes(HostNpu npu) {
    Map<HostBridge, Integer> indexes = new LinkedHashMap<>();
    BitSet taken = new BitSet();
    for (HostBridge bridge : npu.bridges()) {
      int index = bridge.link().map(HostLink::index).map(found -> found.orElse(-1)).orElse(-1);
      boolean usable = index >= 0 && index < Npu2Chip.LINKS && !taken.get(index);
      indexes.put(bridge, usable ? index : -1);
      if (usable) {
        taken.set(index);
      }
    }
    for (Map.Entry<HostBridge, Integer> entry : indexes.entrySet()) {
      if (entry.getValue() < 0) {
        entry.setValue(taken.nextClearBit(0));
        taken.set(entry.getValue());
      }
    }
    indexes.values().removeIf(index -> index >= Npu2Chip.LINKS);
    return indexes;
  }

  private Npu2Link link(HostNpu npu, HostBridge bridge, int index, Npu2Chip chip) {
    long window = npu.mmioWindow().map(MemoryWindow::base).orElse(0L);
    long genid = window + Npu2Chip.LINKS * LinkConfig.NTL_SIZE;
    return new Npu2Link(
        bridge.bdf(),
        chip.brick(index),
        bridge.gpu().isPresent(),
        window + index * LinkConfig.NTL_SIZE,
        genid + index * LinkConfig.GENID_SIZE,
        host.physical(),
        chip.atsd(index),
        (link, offset, brick) -> noteCredit(chip, link, offset));
  }

  private void noteCredit(Npu2Chip chip, int link, int offset) {
    synchronized (notes) {
      if (notes.size() < 64) {
        notes.add(
            "%s: link %d unfenced with a wrong credit at NTL-U 0x%x".formatted(chip, link, offset));
      }
    }
  }

  /** The register window, and each ATSD page at the address that the tree lists for it. */
  private void mapRegisters(HostNpu npu, Npu2Chip chip) {
    List<AtsdRegisterSet> atsd = IntStream.range(0, AtsdPage.COUNT).mapToObj(chip::atsd).toList();
    NpuRegisters registers =
        new NpuRegisters(
            IntStream.range(0, Npu2Chip.LINKS).mapToObj(chip::brick).toList(),
            chip.xts(),
            chip.errors(),
            atsd,
            host.counts(),
            chip + " registers");
    npu.registers()
        .ifPresent(
            window ->
                map(
                    window.base(),
                    new MemoryRegion.Mmio(
                        chip + " registers", NpuRegisters.SIZE, NpuRegisters.RULES, registers),
                    0));
    for (int i = 0; i < Math.min(npu.atsdCount(), AtsdPage.COUNT); i++) {
      map(
          npu.atsd(i).getAsLong(),
          new MemoryRegion.Mmio(
              chip + " atsd " + i,
              AtsdRegisterSet.PAGE_SIZE,
              AtsdPage.RULES,
              new AtsdPage(chip.atsd(i), host.counts(), chip + " atsd " + i)),
          1);
    }
  }

  private void map(long hpa, MemoryRegion region, int priority) {
    if (hpa <= 0 || hpa >= host.physical().root().size()) {
      return;
    }
    try (MemoryTransaction change = host.physical().change()) {
      change.map(host.physical().root(), hpa, region, priority);
    }
    mapped.add(region);
  }

  List<Npu2Chip> chips() {
    return List.copyOf(chips);
  }

  @Override
  public Optional<HostFunction> function(HostBdf address) {
    return Optional.ofNullable(links.get(address));
  }

  @Override
  public Optional<Npu> npuOf(HostBdf gpu) {
    return Optional.ofNullable(chipOfGpu.get(gpu));
  }

  @Override
  public boolean resetHostBridge(HostBdf function, HostBridgeReset reset) {
    Npu2Chip chip = chipOfLink.get(function);
    if (chip != null) {
      chip.reset(reset);
    }
    return chip != null;
  }

  @Override
  public List<String> findings() {
    List<String> lines = new ArrayList<>();
    chips.forEach(chip -> lines.addAll(chip.findings()));
    synchronized (notes) {
      lines.addAll(notes);
    }
    return lines;
  }

  @Override
  public void close() {
    links.values().forEach(Npu2Link::close);
    try (MemoryTransaction change = host.physical().change()) {
      mapped.forEach(region -> change.unmap(host.physical().root(), region));
    }
    mapped.clear();
  }
}
