package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.guest.EngineChannel.Counters;
import org.nvlink2vmm.vmm.guest.EngineChannel.Outcome;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;

/**
 * Moves data once around by the effective addresses of a process: memory of a GPU, system memory,
 * memory of another GPU; then takes the page in system memory back.
 */
final class TranslationTrial {
  private static final int PID = 0x77;
  private static final long VA = 0x7000_0000_0000L;
  private static final long HERE = VA;
  private static final long SYSTEM = VA + (1L << 30);
  private static final long THERE = VA + (2L << 30);
  private static final int LENGTH = 0x3000;
  private static final int FIRST = 0x1357_9bdf;
  private static final int SECOND = 0x2468_ace0;

  private final GuestMachine machine;
  private final GuestBoot boot;
  private final Checks checks;

  TranslationTrial(GuestMachine machine, GuestBoot boot) {
    this.machine = machine;
    this.boot = boot;
    this.checks = boot.checks();
  }

  /** The check {@code ats}; what it caused. {@code reports} are of the boot's GPUs, in order. */
  Ats run(List<GuestReport.Gpu> reports) {
    List<AtsGpu> gpus = AtsGpu.of(machine, boot, reports);
    Optional<GuestRam> ram = GuestRam.of(machine, boot.tree());
    if (gpus.isEmpty() || ram.isEmpty()) {
      checks.skip(
          "ats",
          gpus.isEmpty()
              ? "no GPU with links, launch register and test engine"
              : "less than 256 MiB of memory at 0");
      return new Ats(0, 0);
    }
    long status = ram.get().registerProcessTable();
    if (status != 0) {
      checks.fail("ats", "H_REGISTER_PROC_TBL gave " + status);
      return new Ats(0, 0);
    }
    return move(ram.get().process(PID, 0), gpus.getFirst(), gpus.get(gpus.size() > 1 ? 1 : 0));
  }

  private Ats move(RadixTree tree, AtsGpu here, AtsGpu there) {
    EngineChannel near = here.channel(0);
    EngineChannel far = there.channel(1);
    Counters nearBefore = near.counters();
    Counters farBefore = far.counters();
    long page = GuestRam.data(0);
    long fresh = page + (1 << RadixTree.SHIFT_64K);
    long remote = there.window() + (1 << RadixTree.SHIFT_2M);
    tree.map(HERE, RadixTree.SHIFT_2M, here.window(), RadixTree.READ_WRITE);
    tree.map(SYSTEM, RadixTree.SHIFT_64K, page, RadixTree.READ_WRITE);
    tree.map(THERE, RadixTree.SHIFT_2M, remote, RadixTree.READ_WRITE);
    boolean moved =
        done(near, near.fill(PID, HERE, LENGTH, FIRST))
            && done(near, near.copy(PID, HERE, SYSTEM, LENGTH))
            && done(near, near.copy(PID, SYSTEM, THERE, LENGTH))
            && done(far, far.compare(PID, HERE, THERE, LENGTH));
    checks.check(
        "ats",
        moved && holds(page, FIRST) && holds(remote, FIRST),
        "%s: data moved by effective addresses to system memory and to %s"
            .formatted(here.function().bdf(), there.function().bdf()));

    tree.map(SYSTEM, RadixTree.SHIFT_64K, fresh, RadixTree.READ_WRITE);
    boolean shotDown = here.shootDown(PID, SYSTEM, Atsd.PageSize.SIZE_64K);
    shotDown &= there.shootDown(PID, SYSTEM, Atsd.PageSize.SIZE_64K);
    boolean reused = done(near, near.fill(PID, SYSTEM, LENGTH, SECOND));
    checks.check(
        "shootdown",
        shotDown && reused && holds(page, FIRST) && holds(fresh, SECOND),
        "%s: after the shootdown the new page is used, not the old one"
            .formatted(here.function().bdf()));

    Counters caused = near.counters().since(nearBefore);
    if (here.window() != there.window()) {
      caused = caused.plus(far.counters().since(farBefore));
    }
    return new Ats(caused.hits() + caused.misses(), 2);
  }

  private boolean done(EngineChannel channel, Outcome outcome) {
    if (outcome != Outcome.OK) {
      checks.fail("ats", "the engine ended with %s, %s".formatted(outcome, channel.trouble()));
    }
    return outcome == Outcome.OK;
  }

  private boolean holds(long gpa, int pattern) {
    return machine.load(gpa, 4, LITTLE_ENDIAN) == pattern
        && machine.load(gpa + LENGTH - 4, 4, LITTLE_ENDIAN) == pattern;
  }
}
