package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.nvlink2vmm.vmm.guest.NvlinkGpu.NvlinkBridge;

/** Brings GPUs up as a driver does and tries what they offer. */
final class GpuBringUp {
  /** NV_PMC_BOOT_0 of GV100: architecture and implementation in bits 28:20. */
  private static final int BOOT_0 = 0x0;

  private static final int CHIP_SHIFT = 20;
  private static final int CHIP_MASK = 0x1ff;
  private static final int GV100 = 0x140;

  /** NV_PBUS_BAR0_WINDOW: base in units of 64 KiB. */
  private static final int BAR0_WINDOW = 0x1700;

  /** NV_PRAMIN: the window itself. */
  private static final int PRAMIN = 0x70_0000;

  private static final int ROUND_TRIPS = 3;

  private final GuestMachine machine;
  private final Checks checks;
  private final CoherentMemory coherent;

  GpuBringUp(GuestMachine machine, Checks checks) {
    this.machine = machine;
    this.checks = checks;
    this.coherent = new CoherentMemory(machine);
  }

  GuestReport.Gpu bringUp(NvlinkGpu gpu) {
    boot(gpu.gpu());
    List<GuestReport.Link> links = gpu.bridges().stream().map(this::train).toList();
    List<GuestReport.Memory> memory = gpu.window().map(List::of).orElse(List.of());
    boolean up = links.stream().anyMatch(GuestReport.Link::trained);
    if (!memory.isEmpty() && up) {
      oneStore(gpu.gpu(), memory.getFirst());
      coherent.mark(
          gpu.gpu().bdf(),
          memory.getFirst().base(),
          usable(gpu.gpu(), memory.getFirst()),
          gpu.tgt());
    }
    return new GuestReport.Gpu(gpu.gpu().bdf(), gpu.tgt(), memory, links);
  }

  private void boot(GuestFunction gpu) {
    Optional<GuestBar> registers = gpu.bar(0).filter(GuestBar::isPlaced);
    if (registers.isEmpty()) {
      checks.fail("boot0", "%s: no BAR0".formatted(gpu.bdf()));
      return;
    }
    int boot0 = (int) machine.load(registers.get().gpa() + BOOT_0, 4, LITTLE_ENDIAN);
    checks.check(
        "boot0",
        (boot0 >>> CHIP_SHIFT & CHIP_MASK) == GV100,
        "%s: PMC_BOOT_0 reads 0x%08x".formatted(gpu.bdf(), boot0));
  }

  private GuestReport.Link train(NvlinkBridge bridge) {
    LinkTraining training = new LinkTraining(machine, bridge.function().config());
    boolean trained = false;
    if (!training.hasCapability()) {
      checks.fail("N16", "%s: no vendor capability".formatted(bridge.function().bdf()));
    } else {
      String fault = training.train();
      trained = fault.isEmpty();
      checks.check(
          "N16",
          trained,
          "%s: %s".formatted(bridge.function().bdf(), trained ? "link trained" : fault));
    }
    return new GuestReport.Link(
        bridge.function().bdf(), bridge.linkIndex(), bridge.speed(), bridge.atsd(), trained);
  }

  /** The aperture is larger than the memory in it; BAR1 is as large as the memory. */
  private static long usable(GuestFunction gpu, GuestReport.Memory memory) {
    return gpu.bar(1).map(bar -> Math.min(bar.size(), memory.size())).orElse(memory.size());
  }

  /** BAR1, PRAMIN and the coherent window show one memory. */
  private void oneStore(GuestFunction gpu, GuestReport.Memory memory) {
    Optional<GuestBar> registers = gpu.bar(0).filter(GuestBar::isPlaced);
    Optional<GuestBar> framebuffer = gpu.bar(1).filter(GuestBar::isPlaced);
    if (registers.isEmpty() || framebuffer.isEmpty()) {
      checks.skip("one-store", "%s: BAR0 or BAR1 has no place".formatted(gpu.bdf()));
      return;
    }
    long bar0 = registers.get().gpa();
    long bar1 = framebuffer.get().gpa();
    boolean same = true;
    for (int i = 0; i < ROUND_TRIPS; i++) {
      long offset = 0x1230_0000L * (i + 1) + 0x40;
      int mark = 0x5eed_0000 + i;
      machine.store(bar1 + offset, 4, mark, LITTLE_ENDIAN);
      same &= machine.load(memory.base() + offset, 4, LITTLE_ENDIAN) == mark;
      machine.store(memory.base() + offset + 4, 4, mark + 1, LITTLE_ENDIAN);
      machine.store(bar0 + BAR0_WINDOW, 4, offset >>> 16, LITTLE_ENDIAN);
      long window = bar0 + PRAMIN + (offset & 0xffff);
      same &= machine.load(window + 4, 4, LITTLE_ENDIAN) == mark + 1;
      machine.store(window + 8, 4, mark + 2, LITTLE_ENDIAN);
      same &= machine.load(bar1 + offset + 8, 4, LITTLE_ENDIAN) == mark + 2;
    }
    checks.check(
        "one-store",
        same,
        "%s: BAR1, PRAMIN and the coherent window show one memory".formatted(gpu.bdf()));
  }

  /** Invalidates through every register of every GPU's list; how many launches that were. */
  long invalidate(List<NvlinkGpu> gpus) {
    TreeSet<Long> registers = new TreeSet<>();
    for (NvlinkGpu gpu : gpus) {
      gpu.bridges().stream()
          .map(NvlinkBridge::atsd)
          .filter(gpa -> gpa != 0)
          .forEach(registers::add);
    }
    List<String> stuck = new ArrayList<>();
    long launches = 0;
    for (long gpa : registers) {
      Atsd atsd = new Atsd(machine, gpa);
      boolean done = atsd.invalidateProcess(0x1234);
      launches++;
      for (Atsd.PageSize size : Atsd.PageSize.values()) {
        done &= atsd.invalidateBlock(0x1234, 0x7fff_1234_0000L, size);
        launches++;
      }
      if (!done) {
        stuck.add("0x" + Long.toHexString(gpa));
      }
    }
    if (registers.isEmpty()) {
      checks.skip("N12", "no ATSD register in the tree");
    } else {
      checks.check(
          "N12",
          stuck.isEmpty(),
          "%d launches through %d ATSD registers, stuck: %s"
              .formatted(
                  launches, registers.size(), stuck.isEmpty() ? "none" : String.join(", ", stuck)));
    }
    return launches;
  }

  /** Checks the marks of all windows, now that all are written. */
  void finish() {
    if (coherent.pages() == 0) {
      checks.skip("coherent", "no coherent window behind a trained link");
      return;
    }
    List<String> faults = coherent.faults();
    checks.check(
        "coherent",
        faults.isEmpty(),
        "%d pages of the coherent windows keep what was written%s"
            .formatted(
                coherent.pages(),
                faults.isEmpty()
                    ? ""
                    : ", but " + faults.size() + " do not: " + faults.getFirst()));
  }
}
