package org.nvlink2vmm.v100.regs;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * BAR 0: 16 MiB of registers, little-endian, at most 32 bits at a time. A table of pages of 4 KiB
 * names the unit that answers; where there is none the access is counted, reads give 0, since all
 * ones would send a guest's kernel to look for a frozen device.
 */
public final class Bar0 extends MmioHandler {
  /** Bytes. */
  public static final int SIZE = 0x1000000;

  private static final int PAGE = 0x1000;

  /** Places in the list of banks. */
  private static final int PMC = 0;

  private static final int PTIMER = 2;

  private final Unit[] units = new Unit[SIZE / PAGE];
  private final UnmodelledCount unmodelled;
  private final RegisterBank[] banks;
  private final Interrupts interrupts;

  /**
   * @param config the function's configuration space, for the mirror
   * @param nanoClock what PTIMER counts
   * @param interrupts what PMC and PTIMER show; reset with them
   */
  public Bar0(
      MmioHandler config,
      GpuRam ram,
      LongSupplier nanoClock,
      Interrupts interrupts,
      UnmodelledCount unmodelled) {
    this.unmodelled = unmodelled;
    this.interrupts = interrupts;
    RegisterBank pmc = Gv100.pmc(unmodelled, interrupts);
    RegisterBank pbus = Gv100.pbus(unmodelled);
    RegisterBank ptimer = Gv100.ptimer(unmodelled, nanoClock);
    interrupts.connect(pmc, ptimer);
    banks =
        new RegisterBank[] {
          pmc,
          pbus,
          ptimer,
          Gv100.fuse(unmodelled),
          Gv100.ptop(unmodelled),
          Gv100.mmu(unmodelled),
          Gv100.strap(unmodelled),
          Gv100.isolation(unmodelled, 0x120000, 0x12004c),
          Gv100.isolation(unmodelled, 0x122000, 0x122204),
          Gv100.linkIsolation(unmodelled),
          Gv100.displayRom(unmodelled)
        };
    int[] places = {
      0, 0x1000, 0x9000, 0x21000, 0x22000, 0x100000, 0x101000, 0x120000, 0x122000, 0xa00000,
      0x625000
    };
    for (int i = 0; i < banks.length; i++) {
      add(banks[i].ready(), places[i], PAGE);
    }
    add(new ConfigMirror(config), ConfigMirror.BASE, PAGE);
    add(new Pramin(ram, () -> (int) pbus.read(Gv100.BAR0_WINDOW, 4)), Pramin.BASE, Pramin.SIZE);
    add(Gv100.usermode(unmodelled, nanoClock).ready(), 0x810000, 0x10000);
  }

  /** Puts a unit into the table. */
  public void add(Unit unit, int offset, int size) {
    Arrays.fill(units, offset / PAGE, (offset + size) / PAGE, unit);
  }

  /** Gives all registers their reset values. */
  public void reset() {
    for (RegisterBank bank : banks) {
      bank.reset();
    }
    interrupts.reset();
  }

  /** What the registers keep, as a part of the GPU's state. */
  public StateRecord state() {
    return new Kept();
  }

  private final class Kept implements StateRecord {
    @Override
    public String name() {
      return "bar0";
    }

    @Override
    public int size() {
      int count = 0;
      for (RegisterBank bank : banks) {
        count += bank.keptCount();
      }
      return 2 * Integer.BYTES * count;
    }

    @Override
    public void save(ByteBuffer target) {
      for (RegisterBank bank : banks) {
        bank.save(target);
      }
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      for (RegisterBank bank : banks) {
        int wrong = bank.restore(source, false);
        if (wrong >= 0) {
          throw new StateException(
              "BAR 0: not the register at 0x%06x, or not its value".formatted(wrong));
        }
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      for (RegisterBank bank : banks) {
        bank.restore(source, true);
      }
      interrupts.restored();
    }
  }

  /** The links that software has cut off, by NVIDIA's isolation mask: bit n is GPU link n. */
  public int isolatedLinks() {
    RegisterBank isolation = banks[9];
    return (int) isolation.read(Gv100.LINK_ISOLATION, 4) >>> 16 & 0x3f;
  }

  @Override
  public long read(long offset, int size) {
    Unit unit = units[(int) offset / PAGE];
    if (unit == null) {
      unmodelled.read((int) offset, size);
      return 0;
    }
    return unit.read((int) offset, size);
  }

  @Override
  public void write(long offset, int size, long value) {
    Unit unit = units[(int) offset / PAGE];
    if (unit == null) {
      unmodelled.write((int) offset, size, (int) value);
    } else {
      unit.write((int) offset, size, (int) value);
      if (unit == banks[PMC] || unit == banks[PTIMER]) {
        interrupts.written((int) offset);
      }
    }
  }
}
