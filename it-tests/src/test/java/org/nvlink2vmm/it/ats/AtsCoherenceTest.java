package org.nvlink2vmm.it.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.ats.RadixTables.READ;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceOptions;

/**
 * Guests that change page tables, shoot down and reuse pages, against a plain model: with a correct
 * sequence no access uses the old page after STAT read 0.
 */
final class AtsCoherenceTest {
  private static final int PAGES = 12;
  private static final int PLACES = 6;
  private static final long PAGE = 0x10000;
  private static final long FIRST_GPA = 0x100000;
  private static final long VA = 0x1234_5000_0000L;
  private static final int[] PIDS = {5, 1029};
  private static final int OK = 0;
  private static final int FAULTED = 1;
  private static final int DIFFERS = 2;

  /** {@code kind}: what is done; the numbers mean what the kind needs. */
  private record Step(String kind, int gpu, int pid, int place, int other, int value) {}

  /** How a guest shoots an address down that it has changed. */
  @FunctionalInterface
  interface Shootdown {
    void run(AtsWorld world, int pid, long address);
  }

  /** What a guest's author believes: where each address leads, what each page holds. */
  private static final class Model {
    final int[][] page = new int[PIDS.length][PLACES];
    final boolean[][] writable = new boolean[PIDS.length][PLACES];
    final int[] contents = new int[PAGES];

    Model() {
      for (int[] places : page) {
        Arrays.fill(places, -1);
      }
    }
  }

  private static AtsWorld world() {
    AtsWorld world =
        new AtsWorld(
            new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
            function -> DeviceOptions.none(function.toString()));
    for (int pid : PIDS) {
      world.tables.process(pid);
    }
    world.trainAll();
    return world;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 20181123, 0x561b2dd4L, -7})
  void randomSequencesAgreeWithAPlainModel(long seed) {
    List<Step> steps = steps(new Random(seed), 250);
    Shootdown shootdown = AtsCoherenceTest::shootDownEverywhere;
    Optional<String> failure = run(steps, shootdown);
    if (failure.isPresent()) {
      List<Step> small = shrink(steps, shootdown);
      throw new AssertionError("seed %d: %s%nshrunk to %s".formatted(seed, failure.get(), small));
    }
  }

  /** What a driver may do wrong, in how few steps that shows, and what the report says of it. */
  record Mistaken(String name, int steps, String text, Shootdown shootdown) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Mistaken> mistakes() {
    return Stream.of(
        new Mistaken("no shootdown", 4, "without any shootdown of it", (world, pid, address) -> {}),
        new Mistaken(
            "one NPU of two",
            4,
            "reached only another NPU's GPUs",
            (world, pid, address) -> world.shootDown(0, pid, address, 5)),
        new Mistaken(
            "wrong PID",
            4,
            "for another PID",
            (world, pid, address) -> shootDownEverywhere(world, pid ^ 0x10000, address)),
        new Mistaken(
            "wrong page size",
            1,
            "page size that NPU and GPU do not support",
            (world, pid, address) -> {
              world.shootDown(0, pid, address, 0);
              world.shootDown(2, pid, address, 0);
            }),
        new Mistaken(
            "no barrier",
            1,
            "no barrier between AVA and LAUNCH",
            (world, pid, address) -> {
              for (int gpu : new int[] {0, 2}) {
                world.atsdStore(gpu, 0, AtsWorld.launch(pid, 5));
                world.atsdStore(gpu, 8, address);
                world.poll(gpu);
              }
            }),
        new Mistaken(
            "no poll",
            2,
            "STAT was never read as 0",
            (world, pid, address) -> {
              for (int gpu : new int[] {0, 2}) {
                world.atsdStore(gpu, 8, address);
                world.atsdStore(gpu, 0, AtsWorld.launch(pid, 5));
              }
            }));
  }

  /** A stale page shows when it is mapped, used, moved or taken away, and used again. */
  @ParameterizedTest
  @MethodSource("mistakes")
  void aDriversMistakeIsFoundShrunkAndNamed(Mistaken mistaken) {
    List<Step> steps = steps(new Random(7), 120);
    assertThat(run(steps, mistaken.shootdown)).as("the random steps fail").isPresent();

    List<Step> small = shrink(steps, mistaken.shootdown);

    assertThat(small).hasSizeBetween(mistaken.steps, mistaken.steps + 2);
    assertThat(run(small, mistaken.shootdown).orElseThrow()).contains(mistaken.text);
    assertThat(run(small, AtsCoherenceTest::shootDownEverywhere)).as("done right").isEmpty();
  }

  private static List<Step> steps(Random random, int count) {
    String[] kinds = {
      "map", "map", "protect", "unmap", "process", "fill", "fill", "copy", "compare"
    };
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      steps.add(
          new Step(
              kinds[random.nextInt(kinds.length)],
              random.nextInt(4),
              random.nextInt(PIDS.length),
              random.nextInt(PLACES),
              random.nextInt(PLACES),
              random.nextInt(PAGES)));
    }
    return steps;
  }

  /** Leaves steps out as long as the rest still fails. */
  private static List<Step> shrink(List<Step> failing, Shootdown shootdown) {
    List<Step> small = new ArrayList<>(failing);
    for (int size = small.size() / 2; size >= 1; size /= 2) {
      for (int from = 0; from + size <= small.size(); ) {
        List<Step> less = new ArrayList<>(small);
        less.subList(from, from + size).clear();
        if (run(less, shootdown).isPresent()) {
          small = less;
        } else {
          from += size;
        }
      }
    }
    return small;
  }

  private static Optional<String> run(List<Step> steps, Shootdown shootdown) {
    try (AtsWorld world = world()) {
      Model model = new Model();
      for (int i = 0; i < steps.size(); i++) {
        Optional<String> wrong = apply(world, model, steps.get(i), i + 1, shootdown);
        if (wrong.isPresent()) {
          return Optional.of(
              "step %d %s: %s; %s".formatted(i, steps.get(i), wrong.get(), world.host.findings()));
        }
      }
      List<String> findings = world.host.findings();
      return findings.isEmpty() ? Optional.empty() : Optional.of(findings.getFirst());
    }
  }

  private static Optional<String> apply(
      AtsWorld world, Model model, Step step, int pattern, Shootdown shootdown) {
    int pid = PIDS[step.pid];
    long at = VA + step.place * PAGE;
    long other = VA + step.other * PAGE;
    int page = model.page[step.pid][step.place];
    int otherPage = model.page[step.pid][step.other];
    switch (step.kind) {
      case "map" -> {
        world.tables.map(pid, at, 16, FIRST_GPA + step.value * PAGE, READ_WRITE);
        shootdown.run(world, pid, at);
        model.page[step.pid][step.place] = step.value;
        model.writable[step.pid][step.place] = true;
      }
      case "protect" -> {
        if (page >= 0) {
          world.tables.map(pid, at, 16, FIRST_GPA + page * PAGE, READ);
          shootdown.run(world, pid, at);
          model.writable[step.pid][step.place] = false;
        }
      }
      case "unmap" -> {
        world.tables.unmap(pid, at, 16);
        shootdown.run(world, pid, at);
        model.page[step.pid][step.place] = -1;
      }
      case "process" -> {
        world.shootDownProcess(0, pid);
        world.shootDownProcess(2, pid);
      }
      case "fill" -> {
        boolean allowed = page >= 0 && model.writable[step.pid][step.place];
        int outcome = world.fill(step.gpu, pid, at, (int) PAGE, pattern);
        if (allowed) {
          model.contents[page] = pattern;
        }
        return check(world, model, outcome, allowed ? OK : FAULTED);
      }
      case "copy" -> {
        boolean allowed = page >= 0 && otherPage >= 0 && model.writable[step.pid][step.other];
        int outcome = world.copy(step.gpu, pid, at, other, (int) PAGE);
        if (allowed) {
          model.contents[otherPage] = model.contents[page];
        }
        return check(world, model, outcome, allowed ? OK : FAULTED);
      }
      default -> {
        int outcome = world.compare(step.gpu, pid, at, other, (int) PAGE);
        int expected =
            page < 0 || otherPage < 0
                ? FAULTED
                : model.contents[page] == model.contents[otherPage] ? OK : DIFFERS;
        return check(world, model, outcome, expected);
      }
    }
    return Optional.empty();
  }

  private static void shootDownEverywhere(AtsWorld world, int pid, long address) {
    world.shootDown(0, pid, address, 5);
    world.shootDown(2, pid, address, 5);
  }

  private static Optional<String> check(AtsWorld world, Model model, int outcome, int expected) {
    if (outcome != expected) {
      return Optional.of("outcome %d, expected %d".formatted(outcome, expected));
    }
    for (int page = 0; page < PAGES; page++) {
      long gpa = FIRST_GPA + page * PAGE;
      for (long at : new long[] {gpa, gpa + PAGE - 4}) {
        long found = world.guest.read(at, 4, ByteOrder.LITTLE_ENDIAN);
        if (found != model.contents[page]) {
          return Optional.of(
              "page %d holds %d, expected %d".formatted(page, found, model.contents[page]));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Four GPUs write to one address without a pause while the guest moves the address from page to
   * page. A page that the guest took back, after every NPU's STAT read 0, keeps what the guest then
   * puts there.
   */
  @Test
  void aReusedPageIsNeverWrittenByAGpuAfterStatReadZero() throws InterruptedException {
    int moves = 300;
    int pid = PIDS[0];
    try (AtsWorld world = world()) {
      world.tables.map(pid, VA, 16, FIRST_GPA, READ_WRITE);
      AtomicBoolean stop = new AtomicBoolean();
      AtomicReference<String> trouble = new AtomicReference<>();
      List<Thread> writers = new ArrayList<>();
      for (int gpu = 0; gpu < 4; gpu++) {
        int own = gpu;
        writers.add(
            Thread.ofPlatform()
                .name("gpu" + gpu)
                .start(
                    () -> {
                      while (!stop.get()) {
                        if (world.fill(own, pid, VA, 0x1000, 0x600 + own) != OK) {
                          trouble.compareAndSet(null, "gpu " + own + " faulted");
                        }
                      }
                    }));
      }
      for (int move = 1; move <= moves && trouble.get() == null; move++) {
        long old = FIRST_GPA + (move - 1) % PAGES * PAGE;
        long fresh = FIRST_GPA + move % PAGES * PAGE;
        world.tables.map(pid, VA, 16, fresh, READ_WRITE);
        shootDownEverywhere(world, pid, VA);
        for (long at = 0; at < 0x1000; at += 4) {
          world.guest.write(old + at, 4, move, ByteOrder.LITTLE_ENDIAN);
        }
        world.fill(0, pid, VA, 4, 0x700);
        for (long at = 0; at < 0x1000; at += 4) {
          long found = world.guest.read(old + at, 4, ByteOrder.LITTLE_ENDIAN);
          if (found != move) {
            trouble.compareAndSet(
                null, "move %d: 0x%x at 0x%x of a page taken back".formatted(move, found, at));
          }
        }
      }
      stop.set(true);
      for (Thread writer : writers) {
        writer.join();
      }

      assertThat(trouble.get()).isNull();
      assertThat(world.host.findings()).isEmpty();
    }
  }

  @Test
  void withoutShootdownTheModelAndTheMachinePart() {
    try (AtsWorld world = world()) {
      int pid = PIDS[0];
      world.tables.map(pid, VA, 16, FIRST_GPA, READ_WRITE);
      assertThat(world.fill(0, pid, VA, 4, 1)).isEqualTo(OK);
      world.tables.map(pid, VA, 16, FIRST_GPA + PAGE, READ_WRITE);
      assertThat(world.fill(0, pid, VA, 4, 2)).isEqualTo(OK);

      assertThat(world.guest.read(FIRST_GPA, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(2);
      assertThat(world.guest.read(FIRST_GPA + PAGE, 4, ByteOrder.LITTLE_ENDIAN)).isZero();
    }
  }
}
