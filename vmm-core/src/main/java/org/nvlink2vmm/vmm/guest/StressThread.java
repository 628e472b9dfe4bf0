package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.nvlink2vmm.vmm.guest.EngineChannel.Outcome;

/**
 * A thread of {@link AtsStress}: a process of its own, pages in system memory and in two GPUs'
 * memory, and up to three GPUs that work for it. Random steps from a fixed seed; after each one
 * memory must hold what the model says. The counts are read after the thread has ended.
 */
final class StressThread {
  private static final long VA = 0x1234_5000_0000L;
  private static final long PAGE = 1 << RadixTree.SHIFT_64K;
  private static final int PLACES = 6;
  private static final int PAGES_EACH = 4;
  private static final int PAGES = 3 * PAGES_EACH;
  private static final int LENGTH = 0x1000;
  private static final int UNMAPPED = -1;

  /** Where in a GPU's memory the threads' pages start, and what a thread has of it. */
  private static final long WINDOW_OFFSET = 64 << 20;

  private static final long WINDOW_SHARE = 1 << 20;

  private enum Step {
    MAP,
    PROTECT,
    UNMAP,
    FLUSH_PROCESS,
    REUSE,
    FILL,
    FILL_AGAIN,
    COPY,
    COPY_AGAIN,
    COMPARE,
    COMPARE_AGAIN,
    SHARED
  }

  private static final Step[] STEPS = Step.values();

  private final GuestMachine machine;
  private final int index;
  private final int pid;
  private final RadixTree tree;
  private final List<AtsGpu> gpus;
  private final List<EngineChannel> channels;
  private final SharedPage shared;
  private final Random random;

  private final long[] pages = new long[PAGES];
  private final int[] contents = new int[PAGES];
  private final int[] pageAt = new int[PLACES];
  private final boolean[] writable = new boolean[PLACES];
  private volatile boolean stopped;
  private int pattern;
  private long operations;
  private long invalidations;
  private long faults;
  private Optional<String> trouble = Optional.empty();

  StressThread(
      GuestMachine machine,
      int index,
      int pid,
      RadixTree tree,
      List<AtsGpu> all,
      SharedPage shared) {
    this.machine = machine;
    this.index = index;
    this.pid = pid;
    this.tree = tree;
    this.shared = shared;
    this.random = new Random(index);
    int count = all.size();
    // Its own GPU, a neighbour, and one behind the other NPU where there are two.
    gpus =
        IntStream.of(index, (index + 1) % count, (index + count / 2) % count)
            .distinct()
            .mapToObj(all::get)
            .toList();
    channels = gpus.stream().map(gpu -> gpu.channel(index)).toList();
    long near = gpus.getFirst().window() + WINDOW_OFFSET + index * WINDOW_SHARE;
    long far = gpus.getLast().window() + WINDOW_OFFSET + index * WINDOW_SHARE;
    for (int i = 0; i < PAGES_EACH; i++) {
      pages[i] = GuestRam.data(index) + i * PAGE;
      pages[PAGES_EACH + i] = near + i * PAGE;
      pages[2 * PAGES_EACH + i] = far + (PAGES_EACH + i) * PAGE;
    }
    Arrays.fill(pageAt, UNMAPPED);
  }

  /** Works until the machine's clock shows {@code deadline}, or something is wrong. */
  void run(long deadline) {
    try {
      for (int page = 0; page < PAGES; page++) {
        reuse(page);
      }
      while (!stopped && trouble.isEmpty() && machine.nanoTime() - deadline < 0) {
        operations++;
        trouble = step(STEPS[random.nextInt(STEPS.length)]).or(this::spoilt);
      }
    } catch (IllegalStateException e) {
      trouble = Optional.of(e.getMessage());
    }
    trouble = trouble.map(text -> "step %d: %s".formatted(operations, text));
  }

  void stop() {
    stopped = true;
  }

  private Optional<String> step(Step step) {
    int place = random.nextInt(PLACES);
    int other = random.nextInt(PLACES);
    EngineChannel channel = channels.get(random.nextInt(channels.size()));
    return switch (step) {
      case MAP -> map(place, random.nextInt(PAGES), true);
      case PROTECT ->
          pageAt[place] == UNMAPPED ? Optional.empty() : map(place, pageAt[place], false);
      case UNMAP -> unmap(place);
      case FLUSH_PROCESS -> shootDownProcess();
      case REUSE -> {
        reuse(random.nextInt(PAGES));
        yield Optional.empty();
      }
      case FILL, FILL_AGAIN -> fill(channel, place);
      case COPY, COPY_AGAIN -> copy(channel, place, other);
      case COMPARE, COMPARE_AGAIN -> compare(channel, place, other);
      case SHARED -> index == 0 ? shared.move(channel) : shared.write(channel, index);
    };
  }

  private Optional<String> map(int place, int page, boolean write) {
    long rights = write ? RadixTree.READ_WRITE : RadixTree.READ;
    tree.map(VA + place * PAGE, RadixTree.SHIFT_64K, pages[page], rights);
    pageAt[place] = page;
    writable[place] = write;
    return shootDown(place);
  }

  private Optional<String> unmap(int place) {
    if (pageAt[place] == UNMAPPED) {
      return Optional.empty();
    }
    tree.unmap(VA + place * PAGE, RadixTree.SHIFT_64K);
    pageAt[place] = UNMAPPED;
    return shootDown(place);
  }

  private Optional<String> shootDown(int place) {
    boolean done = true;
    for (AtsGpu gpu : gpus) {
      done &= gpu.shootDown(pid, VA + place * PAGE, Atsd.PageSize.SIZE_64K);
      invalidations++;
    }
    return done ? Optional.empty() : Optional.of("a shootdown of a page is stuck");
  }

  private Optional<String> shootDownProcess() {
    boolean done = true;
    for (AtsGpu gpu : gpus) {
      done &= gpu.shootDownProcess(pid);
      invalidations++;
    }
    return done ? Optional.empty() : Optional.of("a shootdown of a process is stuck");
  }

  /** The processor gives a page other contents. */
  private void reuse(int page) {
    contents[page] = ++pattern;
    for (long at = 0; at < LENGTH; at += 4) {
      machine.store(pages[page] + at, 4, pattern, LITTLE_ENDIAN);
    }
  }

  private Optional<String> fill(EngineChannel channel, int place) {
    boolean allowed = pageAt[place] != UNMAPPED && writable[place];
    Outcome outcome = channel.fill(pid, VA + place * PAGE, LENGTH, ++pattern);
    if (allowed) {
      contents[pageAt[place]] = pattern;
    }
    return expect(allowed ? Outcome.OK : Outcome.FAULTED, outcome, channel);
  }

  private Optional<String> copy(EngineChannel channel, int from, int to) {
    boolean allowed = pageAt[from] != UNMAPPED && pageAt[to] != UNMAPPED && writable[to];
    Outcome outcome = channel.copy(pid, VA + from * PAGE, VA + to * PAGE, LENGTH);
    if (allowed) {
      contents[pageAt[to]] = contents[pageAt[from]];
    }
    return expect(allowed ? Outcome.OK : Outcome.FAULTED, outcome, channel);
  }

  private Optional<String> compare(EngineChannel channel, int one, int two) {
    Outcome expected = Outcome.FAULTED;
    if (pageAt[one] != UNMAPPED && pageAt[two] != UNMAPPED) {
      boolean same = contents[pageAt[one]] == contents[pageAt[two]];
      expected = same ? Outcome.OK : Outcome.DIFFERS;
    }
    return expect(
        expected, channel.compare(pid, VA + one * PAGE, VA + two * PAGE, LENGTH), channel);
  }

  private Optional<String> expect(Outcome expected, Outcome found, EngineChannel channel) {
    if (found == Outcome.FAULTED) {
      faults++;
    }
    return found == expected
        ? Optional.empty()
        : Optional.of(
            "a command ended with %s, expected %s; %s"
                .formatted(found, expected, channel.trouble()));
  }

  /** The first page that does not hold what it must, at either end. */
  private Optional<String> spoilt() {
    for (int page = 0; page < PAGES; page++) {
      long first = machine.load(pages[page], 4, LITTLE_ENDIAN);
      long last = machine.load(pages[page] + LENGTH - 4, 4, LITTLE_ENDIAN);
      if (first != contents[page] || last != contents[page]) {
        return Optional.of(
            "stale use: the page at 0x%x holds 0x%x and 0x%x, expected 0x%x"
                .formatted(pages[page], first, last, contents[page]));
      }
    }
    return Optional.empty();
  }

  int index() {
    return index;
  }

  long operations() {
    return operations;
  }

  long invalidations() {
    return invalidations;
  }

  long faults() {
    return faults;
  }

  /** What went wrong; empty while nothing did. */
  Optional<String> trouble() {
    return trouble;
  }
}
