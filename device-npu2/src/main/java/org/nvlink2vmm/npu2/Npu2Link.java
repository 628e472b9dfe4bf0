package org.nvlink2vmm.npu2;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.config.LinkConfig;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.procedure.ProcedureRegisters;
import org.nvlink2vmm.npu2.regs.GenidPage;
import org.nvlink2vmm.npu2.regs.LinkWindow;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;

/**
 * A bridge: one brick of an NPU as the PCI function that firmware makes up for it. Its BARs appear
 * in the host's physical addresses while memory decoding is on.
 */
final class Npu2Link implements HostFunction {
  private final HostBdf address;
  private final Brick brick;
  private final AddressSpace physical;
  private final LinkWindow window;
  private final GenidPage genid = new GenidPage();
  private final MemoryRegion ntlRegion;
  private final MemoryRegion genidRegion;
  private final LinkConfig config;
  private final ProcedureRegisters procedures;
  private final AtsdRegisterSet atsd;
  private GenidStack genids = new GenidStack();
  private volatile long genidHpa;

  /**
   * @param gpuFound whether the GPU at the other end exists on its PCI bus
   * @param ntlBase host-physical address of BAR 0 as the kernel assigns it
   * @param genidBase host-physical address of BAR 2
   * @param atsd the registers of the link's own region
   */
  Npu2Link(
      HostBdf address,
      Brick brick,
      boolean gpuFound,
      long ntlBase,
      long genidBase,
      AddressSpace physical,
      AtsdRegisterSet atsd,
      CreditLog credits) {
    this.address = address;
    this.brick = brick;
    this.physical = physical;
    this.atsd = atsd;
    genidHpa = genidBase;
    genids.add(this);
    window = new LinkWindow(brick);
    ntlRegion =
        new MemoryRegion.Mmio(address + " ntl", LinkConfig.NTL_SIZE, LinkWindow.RULES, window);
    genidRegion =
        new MemoryRegion.Mmio(address + " genid", LinkConfig.GENID_SIZE, LinkWindow.RULES, genid);
    procedures =
        new ProcedureRegisters(
            brick, brick.clock(), offset -> credits.wrong(brick.index(), offset, brick));
    config =
        new LinkConfig(
            brick.index(), gpuFound, ntlBase, genidBase, procedures, new ConfigEffects());
  }

  Brick brick() {
    return brick;
  }

  @Override
  public HostBdf address() {
    return address;
  }

  @Override
  public MmioHandler config() {
    return config;
  }

  @Override
  public int configSize() {
    return LinkConfig.SIZE;
  }

  @Override
  public List<HostBar> bars() {
    return List.of(
        new HostBar(
            0,
            LinkConfig.NTL_SIZE,
            false,
            true,
            new RegionBacking.Trapped(LinkWindow.RULES, window)),
        new HostBar(
            2,
            LinkConfig.GENID_SIZE,
            false,
            true,
            new RegionBacking.Trapped(LinkWindow.RULES, genid)));
  }

  @Override
  public boolean functionReset() {
    brick.fenceOff();
    return true;
  }

  /** The virtual bus's reset: as a function-level reset of the brick. */
  @Override
  public void busReset() {
    brick.fenceOff();
  }

  @Override
  public Optional<DeviceState> state() {
    return Optional.of(new LinkState(this, config.state().withoutPlacement(), Optional.empty()));
  }

  /** The state of a bridge that is no host's: BARs and Command are its user's own. */
  DeviceState wholeState() {
    return new LinkState(this, config.state(), Optional.of(config.windows()));
  }

  LinkWindow window() {
    return window;
  }

  ProcedureRegisters procedures() {
    return procedures;
  }

  AtsdRegisterSet atsd() {
    return atsd;
  }

  /** As power-on does; the windows stay where they are. */
  void clear() {
    config.clear();
    window.clear();
    atsd.clear();
    brick.clear();
  }

  /** The link's interrupts report errors of the data link, which this model does not have. */
  @Override
  public void connect(InterruptSink sink) {}

  /** Gives the link the stack that it shares with another, before it is used. */
  void share(GenidStack stack) {
    genids = stack;
    stack.add(this);
  }

  /** The stack's GENID window, and so the link's page of it, is on or off. */
  void showGenid(boolean on) {
    place(genidRegion, genidHpa, on);
  }

  void close() {
    place(ntlRegion, 0, false);
    place(genidRegion, 0, false);
  }

  private void place(MemoryRegion region, long hpa, boolean enabled) {
    try (MemoryTransaction change = physical.change()) {
      change.unmap(physical.root(), region);
      if (enabled && hpa >= 0 && hpa < physical.root().size()) {
        change.map(physical.root(), hpa, region);
      }
    }
  }

  private final class ConfigEffects implements LinkConfig.Effects {
    @Override
    public void placeNtl(long hpa, boolean enabled) {
      place(ntlRegion, hpa, enabled);
    }

    @Override
    public void placeGenid(long hpa, boolean enabled) {
      genidHpa = hpa;
      genids.decode(Npu2Link.this, enabled);
    }

    @Override
    public void functionReset() {
      brick.fenceOff();
    }

    @Override
    public boolean dlOutOfReset() {
      return brick.dlOutOfReset();
    }
  }

  @Override
  public String toString() {
    return address + " link " + brick.index();
  }
}
