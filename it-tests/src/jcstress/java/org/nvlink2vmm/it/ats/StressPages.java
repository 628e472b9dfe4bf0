package org.nvlink2vmm.it.ats;

import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceOptions;

/**
 * A whole machine, 4 GPUs trained, shared by all states of a test: what the actors race on are
 * addresses of their own in it. More of them than the harness keeps states alive at once, so that
 * none is taken twice.
 */
final class StressPages {
  /** The harness has 256 x 40 states by default, and as many that it has not looked at yet. */
  private static final int ADDRESSES = 1 << 17;

  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long BLOCK = 0x10000;
  private static final long PAGE = 0x1000;
  private static final long FIRST_GPA = 16L << 20;

  /** Addresses whose pages are the same: each has 16 bytes of them for itself. */
  private static final int SHARING = 256;

  private static final int AP_64K = 5;

  /** Channels of the engine: one for each actor, one for what is done before and after. */
  private static final int AROUND = 2;

  private final AtsWorld world =
      new AtsWorld(
          new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
          function -> new DeviceOptions(function.toString(), Map.of("tlb-entries", 1L << 16)));

  private final long[] leaves = new long[ADDRESSES];
  private final AtomicInteger taken = new AtomicInteger();

  StressPages() {
    world.tables.process(PID);
    world.trainAll();
    for (int i = 0; i < ADDRESSES; i++) {
      leaves[i] = world.tables.entry(PID, VA + i * BLOCK, 12);
    }
  }

  /** Takes an address, which leads to its old page. */
  Page page() {
    return new Page(taken.getAndIncrement() & (ADDRESSES - 1));
  }

  /** An effective address that the guest moves from an old page to a new one. */
  final class Page {
    private final int number;

    private Page(int number) {
      this.number = number;
      world.guest.write(oldPage() + place(), 8, 0, ByteOrder.LITTLE_ENDIAN);
      world.guest.write(freshPage() + place(), 8, 0, ByteOrder.LITTLE_ENDIAN);
      lead(oldPage());
      synchronized (world) {
        world.shootDown(0, PID, address(), AP_64K);
      }
    }

    private long address() {
      return VA + number * BLOCK + place();
    }

    private long place() {
      return number % SHARING * (PAGE / SHARING);
    }

    private long oldPage() {
      return FIRST_GPA + 2 * PAGE * (number / SHARING);
    }

    private long freshPage() {
      return oldPage() + PAGE;
    }

    private void lead(long gpa) {
      world.tables.store(leaves[number], 3L << 62 | gpa | RadixTables.READ_WRITE);
    }

    /** Lets GPU 0 use the address once, so that its cache has the old page. */
    void cache() {
      synchronized (world) {
        world.command(0, AROUND, 4, PID, address(), 0, 0);
      }
    }

    /** The guest's half: another page, and a shootdown through the register of a GPU of NPU 0. */
    void moveAndShootDown(int gpu) {
      lead(freshPage());
      world.shootDown(gpu, PID, address(), AP_64K);
    }

    /** Likewise, of everything that the process has. */
    void moveAndShootDownProcess(int gpu) {
      lead(freshPage());
      world.shootDownProcess(gpu, PID);
    }

    /** The guest uses the old page for something else. */
    void reuse(int value) {
      world.guest.write(oldPage() + place(), 4, value, ByteOrder.LITTLE_ENDIAN);
      world.guest.write(oldPage() + place() + 4, 4, value, ByteOrder.LITTLE_ENDIAN);
    }

    /** GPU 0 stores a word at the address, on an actor's channel. */
    void store(int channel, int offset, int value) {
      world.register(0, channel, 0x2c, value);
      world.command(0, channel, 2, PID, 0, address() + offset, 4);
    }

    /** As {@link #store}, after all actors. */
    void storeAfterwards(int value) {
      synchronized (world) {
        store(AROUND, 0, value);
      }
    }

    int inOld(int offset) {
      return (int) world.guest.read(oldPage() + place() + offset, 4, ByteOrder.LITTLE_ENDIAN);
    }

    int inFresh(int offset) {
      return (int) world.guest.read(freshPage() + place() + offset, 4, ByteOrder.LITTLE_ENDIAN);
    }
  }
}
