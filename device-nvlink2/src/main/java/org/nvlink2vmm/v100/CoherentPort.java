package org.nvlink2vmm.v100;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.v100.engine.Engine;
import org.nvlink2vmm.v100.engine.EngineRegisters;
import org.nvlink2vmm.v100.link.PeerLinks;
import org.nvlink2vmm.v100.mmu.AtsRequester;
import org.nvlink2vmm.v100.mmu.GpuTlb;
import org.nvlink2vmm.v100.mmu.TlbShape;
import org.nvlink2vmm.v100.ram.Aperture;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * What a GPU is on NVLink: its window in the host's addresses, its cache of translations, its links
 * to other GPUs, and the engine that uses them.
 */
final class CoherentPort implements AutoCloseable {
  /** Finds memory of other GPUs that direct links reach. */
  @FunctionalInterface
  interface Peers {
    Optional<MemorySegment> memory(CoherentPort from, long hpa, long size);
  }

  private final V100 gpu;
  private final Npu npu;
  private final int bdfn;
  private final MemoryWindow window;
  private final AddressSpace physical;
  private final Peers others;
  private final PeerLinks peers;
  private final GpuTlb tlb;
  private final Aperture aperture;
  private final Engine engine;

  CoherentPort(
      V100 gpu,
      Npu npu,
      MemoryWindow window,
      AddressSpace physical,
      Peers others,
      TlbShape shape,
      boolean audit) {
    this.gpu = gpu;
    this.npu = npu;
    this.window = window;
    this.physical = physical;
    this.others = others;
    bdfn = gpu.address().bdfn();
    peers = new PeerLinks(gpu.registers()::isolatedLinks);
    tlb = new GpuTlb(shape);
    aperture =
        new Aperture(
            "gpu " + gpu.address(),
            physical,
            window.base(),
            window.size(),
            gpu.ram(),
            (hpa, size, write) -> npu.unreachable(bdfn, hpa, size, write));
    npu.attach(bdfn, tlb);
    npu.watch(bdfn, aperture);
    engine = new Engine(new AtsRequester(bdfn, npu, tlb, audit), this::route, peers);
    gpu.registers()
        .add(engine, EngineRegisters.BASE, EngineRegisters.CHANNELS * EngineRegisters.CHANNEL_SIZE);
    gpu.onReset(this::reset);
    gpu.with(engine);
  }

  V100 gpu() {
    return gpu;
  }

  PeerLinks peers() {
    return peers;
  }

  GpuTlb tlb() {
    return tlb;
  }

  /** Whether host-physical addresses are this GPU's memory. */
  boolean holds(long hpa, long size) {
    long offset = hpa - window.base();
    return offset >= 0 && offset <= Math.min(window.size(), gpu.ram().size()) - size;
  }

  MemorySegment memory(long hpa, long size) {
    return gpu.ram().segment().asSlice(hpa - window.base(), size);
  }

  /**
   * Its own memory, another GPU's over a direct link, else whatever memory the processor's bus has,
   * if the links to the NPU carry. Registers are no target.
   */
  private Optional<MemorySegment> route(long hpa, long size, boolean write) {
    if (holds(hpa, size)) {
      return Optional.of(memory(hpa, size));
    }
    Optional<MemorySegment> peer = others.memory(this, hpa, size);
    if (peer.isPresent()) {
      return peer;
    }
    Optional<MemorySegment> system =
        npu.carries(bdfn) ? physical.segment(hpa, size) : Optional.empty();
    if (system.isEmpty()) {
      npu.unreachable(bdfn, hpa, (int) size, write);
    }
    return system;
  }

  private void reset() {
    engine.reset();
    tlb.invalidate(InvalidationScope.ALL, 0, 0, 0, true);
  }

  @Override
  public void close() {
    aperture.close();
  }
}
