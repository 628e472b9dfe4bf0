package org.nvlink2vmm.vmm.guest;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.nvlink2vmm.vmm.guest.EngineChannel.Outcome;

/**
 * A thread of {@link AtsStress}: a process of its own, pages of all four sizes in system memory and
 * in two GPUs' memory, and up to three GPUs that work for it. Random steps from a fixed seed; after
 * each one memory must hold what the model says. The counts are read after the thread has ended.
 */
final class StressThread {
  private enum Step {
    MAP,
    PROTECT,
    UNMAP,
    MAP_RANGE,
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

  private final List<StressPlace> places;
  private final List<StressPage> pages;
  private volatile boolean stopped;
  private int pattern;
  private long operations;
  private final Map<Atsd.PageSize, Long> blocks = new EnumMap<>(Atsd.PageSize.class);
  private long wholes;
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
    places = StressPlace.of(index, gpus.getFirst().window(), gpus.getLast().window());
    pages = places.stream().flatMap(place -> place.pages().stream()).distinct().toList();
  }

  /** Works until the machine's clock shows {@code deadline}, or something is wrong. */
  void run(long deadline) {
    try {
      pages.forEach(this::reuse);
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
    StressPlace place = any(places);
    StressPlace other = any(places);
    EngineChannel channel = any(channels);
    return switch (step) {
      case MAP -> map(place, any(place.pages()), true);
      case PROTECT -> place.isMapped() ? map(place, place.page(), false) : Optional.empty();
      case UNMAP -> unmap(place);
      case MAP_RANGE -> mapRange(places.indexOf(place), places.indexOf(other));
      case FLUSH_PROCESS -> shootDownProcess();
      case REUSE -> {
        reuse(any(pages));
        yield Optional.empty();
      }
      case FILL, FILL_AGAIN -> fill(channel, place);
      case COPY, COPY_AGAIN -> copy(channel, place, other);
      case COMPARE, COMPARE_AGAIN -> compare(channel, place, other);
      case SHARED -> index == 0 ? shared.move(channel) : shared.write(channel, index);
    };
  }

  private <T> T any(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private Optional<String> map(StressPlace place, StressPage page, boolean write) {
    place.map(tree, page, write);
    return shootDown(place);
  }

  private Optional<String> unmap(StressPlace place) {
    if (!place.isMapped()) {
      return Optional.empty();
    }
    place.unmap(tree);
    return shootDown(place);
  }

  /** Now and then with a block that is larger than it need be. */
  private Optional<String> shootDown(StressPlace place) {
    boolean larger = random.nextInt(4) == 0;
    Atsd.PageSize size = larger ? any(place.block().andLarger()) : place.block();
    return shootDown(place.start(), size);
  }

  private Optional<String> shootDown(long address, Atsd.PageSize size) {
    boolean done = true;
    for (AtsGpu gpu : gpus) {
      done &= gpu.shootDown(pid, address, size);
      count(size);
    }
    return done ? Optional.empty() : Optional.of("a shootdown of a block is stuck");
  }

  private void count(Atsd.PageSize size) {
    blocks.merge(size, 1L, Long::sum);
  }

  /**
   * Moves several places, and shoots them down together: by the smallest block that holds them all
   * as Linux 5.0 does, or each without flush and a flush at the end as Linux 4.12 did.
   */
  private Optional<String> mapRange(int one, int two) {
    List<StressPlace> range = places.subList(Math.min(one, two), Math.max(one, two) + 1);
    range.forEach(place -> place.map(tree, any(place.pages()), true));
    if (random.nextBoolean()) {
      return shootDownOneByOne(range);
    }
    Optional<Atsd.PageSize> block =
        Atsd.PageSize.covering(range.getFirst().start(), range.getLast().end());
    return block.isPresent()
        ? shootDown(range.getFirst().start(), block.get())
        : shootDownProcess();
  }

  private Optional<String> shootDownOneByOne(List<StressPlace> range) {
    boolean done = true;
    for (AtsGpu gpu : gpus) {
      for (StressPlace place : range) {
        done &= gpu.shootDownUnflushed(pid, place.start(), place.block());
        count(place.block());
      }
      done &= gpu.flush();
      wholes += 2;
    }
    return done ? Optional.empty() : Optional.of("a shootdown without flush is stuck");
  }

  private Optional<String> shootDownProcess() {
    boolean done = true;
    for (AtsGpu gpu : gpus) {
      done &= gpu.shootDownProcess(pid);
      wholes++;
    }
    return done ? Optional.empty() : Optional.of("a shootdown of a process is stuck");
  }

  /** The processor gives a page other contents. */
  private void reuse(StressPage page) {
    page.store(machine, ++pattern);
  }

  private Optional<String> fill(EngineChannel channel, StressPlace place) {
    boolean allowed = place.isWritable();
    Outcome outcome = channel.fill(pid, place.address(), StressPlace.LENGTH, ++pattern);
    if (allowed) {
      place.page().expect(pattern);
    }
    return expect(allowed ? Outcome.OK : Outcome.FAULTED, outcome, channel);
  }

  private Optional<String> copy(EngineChannel channel, StressPlace from, StressPlace to) {
    boolean allowed = from.isMapped() && to.isWritable();
    Outcome outcome = channel.copy(pid, from.address(), to.address(), StressPlace.LENGTH);
    if (allowed) {
      to.page().expect(from.page().content());
    }
    return expect(allowed ? Outcome.OK : Outcome.FAULTED, outcome, channel);
  }

  private Optional<String> compare(EngineChannel channel, StressPlace one, StressPlace two) {
    Outcome expected = Outcome.FAULTED;
    if (one.isMapped() && two.isMapped()) {
      expected = one.page().content() == two.page().content() ? Outcome.OK : Outcome.DIFFERS;
    }
    Outcome found = channel.compare(pid, one.address(), two.address(), StressPlace.LENGTH);
    return expect(expected, found, channel);
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
    for (StressPage page : pages) {
      if (!page.isSound(machine)) {
        return Optional.of(page.complaint(machine));
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
    return wholes + blocks.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Launches for blocks of a size, whatever the pages inside. */
  long invalidations(Atsd.PageSize size) {
    return blocks.getOrDefault(size, 0L);
  }

  long faults() {
    return faults;
  }

  /** What went wrong; empty while nothing did. */
  Optional<String> trouble() {
    return trouble;
  }
}
