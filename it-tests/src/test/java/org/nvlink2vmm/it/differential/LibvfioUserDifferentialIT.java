package org.nvlink2vmm.it.differential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.raw.RawClient;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/**
 * The same requests to our server and to libvfio-user: the same replies, byte for byte, or a row of
 * {@link Differences} that says why not. Runs where a built library is given: {@code
 * -Dlibvfio-user.dir=FOLDER} or LIBVFIO_USER_DIR.
 */
class LibvfioUserDifferentialIT {
  private static final Logger LOG = Logger.getLogger("org.nvlink2vmm");
  private static final int SEQUENCES = Integer.getInteger("vmm.differential.sequences", 200);
  private static final int LENGTH = 100;

  @TempDir Path work;
  private ReferenceServer library;
  private TwinDevice device;
  private final Set<Difference> seen = new HashSet<>();
  private final List<Exchange> unexplained = new ArrayList<>();
  private int compared;
  private int differences;

  @BeforeEach
  void startLibrary() throws Exception {
    Optional<Path> folder = ReferenceServer.library();
    assumeTrue(
        folder.isPresent(),
        "no built libvfio-user: name its folder by -Dlibvfio-user.dir or LIBVFIO_USER_DIR");
    LOG.setLevel(Level.OFF);
    library = ReferenceServer.start(folder.get(), work);
    device = new TwinDevice();
  }

  @AfterEach
  void stop() {
    if (library != null) {
      library.close();
      device.close();
    }
  }

  private void compare(VfioUserServer ours, Script script) {
    run(ours, script);
    if (script.steps().stream().anyMatch(step -> step.command() == Payloads.FEATURE)) {
      try (RawClient next = RawClient.attach(library.socket())) {
        next.call(Payloads.FEATURE, Payloads.state(2)); // the library keeps the state for the next
      }
    }
  }

  private void run(VfioUserServer ours, Script script) {
    while (ours.status().attached()) {
      Thread.onSpinWait(); // until the server has seen that the last client is gone
    }
    try (Side mine = new Side(ours.path(), script);
        Side theirs = new Side(library.socket(), script)) {
      for (int i = 0; i < script.steps().size(); i++) {
        Step step = script.steps().get(i);
        Exchange exchange = new Exchange(script, i, step, mine.take(step), theirs.take(step));
        compared++;
        if (!exchange.ours().isSameAs(exchange.library())) {
          differences++;
          judge(exchange);
          return;
        }
        if (exchange.ours().closed()) {
          return;
        }
      }
    }
  }

  /** What comes after a difference is not compared: the two may be in different states. */
  private void judge(Exchange exchange) {
    Optional<Difference> row =
        Differences.TABLE.stream().filter(candidate -> candidate.explains(exchange)).findFirst();
    row.ifPresentOrElse(seen::add, () -> unexplained.add(exchange));
  }

  /** For whoever runs it by hand: what was compared. */
  private void report(String what, int scripts) {
    if (Boolean.getBoolean("vmm.differential.report")) {
      System.out.printf(
          "%s: %d connections, %d answers compared, %d differ, explained by %d rows, %d not%n",
          what, scripts, compared, differences, seen.size(), unexplained.size());
    }
  }

  @Test
  void everyRequestIsAnsweredAsTheLibraryAnswersItOrTheTableSaysWhy() {
    List<Script> scripts = new ArrayList<>(BasicScripts.all());
    scripts.addAll(DeviceScripts.all());
    scripts.addAll(DmaScripts.all());
    try (VfioUserServer ours = VfioUserServer.listen(work.resolve("ours.sock"), device)) {
      scripts.forEach(script -> compare(ours, script));
    }
    report("scripts", scripts.size());

    assertThat(unexplained).isEmpty();
    List<Difference> stale = new ArrayList<>(Differences.TABLE);
    stale.removeAll(seen);
    assertThat(stale).as("rows that no longer say what happens").isEmpty();
  }

  @Test
  void randomSequencesAreAnsweredAsTheLibraryAnswersThemOrTheTableSaysWhy() {
    long seed = Long.getLong("vmm.differential.seed", 1);
    ServerOptions options = ServerOptions.DEFAULT.withStrictUnmap(true);
    try (VfioUserServer ours = VfioUserServer.listen(work.resolve("ours.sock"), device, options)) {
      for (int i = 0; i < SEQUENCES; i++) {
        compare(ours, new RandomScripts(new Random(seed + i)).next("seed " + (seed + i), LENGTH));
      }
    }
    report("random", SEQUENCES);

    assertThat(unexplained).as("seed %d", seed).isEmpty();
  }
}
