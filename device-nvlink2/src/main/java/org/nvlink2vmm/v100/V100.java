package org.nvlink2vmm.v100;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.v100.config.V100ConfigSpace;
import org.nvlink2vmm.v100.engine.Engine;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.v100.regs.Bar0;
import org.nvlink2vmm.v100.regs.Interrupts;
import org.nvlink2vmm.v100.regs.UnmodelledCount;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.state.ConfigRecord;
import org.nvlink2vmm.vmm.vfio.state.DeviceClock;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;

/** A V100 SXM2 as a PCI function: configuration space, registers, memory. */
final class V100 implements HostFunction, AutoCloseable {
  /** BAR 3, instance memory: the last 32 MiB of the GPU's memory. */
  private static final long BAR3_SIZE = 32L << 20;

  private final HostBdf address;
  private final V100Model model;
  private final GpuRam ram;
  private final ConfigSpace config;
  private final Bar0 bar0;
  private final InterruptOutput output;
  private final Interrupts interrupts;
  private final Runnable onBusReset;
  private final DeviceClock clock;
  private volatile Runnable onReset = () -> {};
  private Optional<Engine> engine = Optional.empty();

  /**
   * @param ram its memory; closed with the function
   * @param onBusReset what a reset of the bus does to the links
   */
  V100(
      HostBdf address,
      V100Model model,
      GpuRam ram,
      LongSupplier nanoClock,
      UnmodelledCount unmodelled,
      Runnable onBusReset) {
    this.address = address;
    this.model = model;
    this.ram = ram;
    this.onBusReset = onBusReset;
    clock = new DeviceClock(nanoClock);
    config = V100ConfigSpace.of(model);
    output = new InterruptOutput(config);
    interrupts = new Interrupts(clock, V100::callAfter, this::follow);
    bar0 = new Bar0(config, ram, clock, interrupts, unmodelled);
  }

  V100Model model() {
    return model;
  }

  GpuRam ram() {
    return ram;
  }

  Bar0 registers() {
    return bar0;
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
    return config.size();
  }

  @Override
  public List<HostBar> bars() {
    return List.of(
        new HostBar(
            0, Bar0.SIZE, false, false, new RegionBacking.Trapped(AccessRules.PCI_BAR, bar0)),
        new HostBar(1, model.memory(), true, true, ram.part(0, model.memory())),
        new HostBar(3, BAR3_SIZE, true, true, ram.part(model.memory() - BAR3_SIZE, BAR3_SIZE)));
  }

  /** A V100 has none: device capabilities say so, and PM says NoSoftReset. */
  @Override
  public boolean functionReset() {
    return false;
  }

  /** The engine that a GPU on NVLink has; before its state is asked for. */
  void with(Engine added) {
    engine = Optional.of(added);
  }

  @Override
  public Optional<DeviceState> state() {
    return Optional.of(new V100State(this, ConfigRecord.of(config).withoutPlacement(), engine));
  }

  /** The state of a GPU that is no host's: BARs and Command are its user's own. */
  DeviceState wholeState() {
    return new V100State(this, ConfigRecord.of(config), engine);
  }

  DeviceClock clock() {
    return clock;
  }

  /** As power-on does; links to the processor are other devices' affair. */
  void clear() {
    onReset.run();
    config.reset();
    bar0.reset();
    ram.zero();
  }

  /** What a reset does beyond the function itself. */
  void onReset(Runnable action) {
    onReset = action;
  }

  @Override
  public void busReset() {
    onBusReset.run();
    onReset.run();
    config.reset();
    bar0.reset();
  }

  @Override
  public void connect(InterruptSink sink) {
    output.connect(sink);
  }

  private void follow() {
    output.ask(interrupts.up());
  }

  private static void callAfter(long nanos, Runnable action) {
    CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(action);
  }

  @Override
  public void close() {
    ram.close();
  }

  @Override
  public String toString() {
    return address + " " + model.text();
  }
}
