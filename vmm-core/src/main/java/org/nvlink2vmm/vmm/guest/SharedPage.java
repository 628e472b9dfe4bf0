package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.guest.EngineChannel.Outcome;

/**
 * One address that all GPUs write to without a pause while one thread moves it from page to page. A
 * page that was taken back keeps what the guest then puts there.
 */
final class SharedPage {
  private static final long VA = 0x6000_0000_0000L;
  private static final int PAGES = 12;
  private static final long PAGE = 1 << RadixTree.SHIFT_64K;
  private static final int LENGTH = 0x1000;
  private static final int MARK = 0x600;

  private final GuestMachine machine;
  private final int pid;
  private final RadixTree tree;
  private final long data;
  private final List<AtsGpu> gpus;
  private long moves;
  private long invalidations;

  SharedPage(GuestMachine machine, int pid, RadixTree tree, long data, List<AtsGpu> gpus) {
    this.machine = machine;
    this.pid = pid;
    this.tree = tree;
    this.data = data;
    this.gpus = List.copyOf(gpus);
    tree.map(VA, RadixTree.SHIFT_64K, data, RadixTree.READ_WRITE);
  }

  /** Writes to the page, wherever it is now. Any thread. */
  Optional<String> write(EngineChannel channel, int writer) {
    Outcome outcome = channel.fill(pid, VA, LENGTH, MARK + writer);
    return outcome == Outcome.OK
        ? Optional.empty()
        : Optional.of("shared page: %s, %s".formatted(outcome, channel.trouble()));
  }

  /** Moves the page and takes the old one back; what is wrong with that. One thread alone. */
  Optional<String> move(EngineChannel channel) {
    long old = data + moves % PAGES * PAGE;
    moves++;
    tree.map(VA, RadixTree.SHIFT_64K, data + moves % PAGES * PAGE, RadixTree.READ_WRITE);
    for (AtsGpu gpu : gpus) {
      if (!shootDown(gpu)) {
        return Optional.of("shared page: a shootdown is stuck");
      }
    }
    for (long at = 0; at < LENGTH; at += 8) {
      machine.store(old + at, 8, moves, LITTLE_ENDIAN);
    }
    Optional<String> trouble = write(channel, 0);
    for (long at = 0; at < LENGTH && trouble.isEmpty(); at += 8) {
      long found = machine.load(old + at, 8, LITTLE_ENDIAN);
      if (found != moves) {
        trouble =
            Optional.of(
                "shared page: 0x%x at 0x%x, which was taken back".formatted(found, old + at));
      }
    }
    return trouble;
  }

  /** By turns with the flush in the launch, and in launches after it. */
  private boolean shootDown(AtsGpu gpu) {
    if (moves % 2 == 0) {
      invalidations++;
      return gpu.shootDown(pid, VA, Atsd.PageSize.SIZE_64K);
    }
    invalidations += 3;
    return gpu.shootDownUnflushed(pid, VA, Atsd.PageSize.SIZE_64K) && gpu.flush();
  }

  long moves() {
    return moves;
  }

  long invalidations() {
    return invalidations;
  }
}
