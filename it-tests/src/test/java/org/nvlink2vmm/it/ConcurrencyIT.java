package org.nvlink2vmm.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the jcstress tests, each for half a second in a process of its own; the profile {@code
 * jcstress} runs them for as long as one likes.
 */
class ConcurrencyIT {
  private static final Pattern PASSED =
      Pattern.compile("All remaining tests: (\\d+) matching test results");

  @TempDir private Path folder;

  @Test
  void noForbiddenOutcomeIsSeen() throws IOException, InterruptedException {
    assumeTrue(
        Runtime.getRuntime().availableProcessors() >= 2,
        "jcstress needs two processors, one for each actor");
    File log = folder.resolve("log").toFile();
    Process harness =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-r",
                folder.resolve("report").toString(),
                "-time",
                "250",
                "-iters",
                "2",
                "-sc",
                "false",
                "-af",
                "NONE",
                "-c",
                "2",
                "-jvmArgs",
                "--enable-native-access=ALL-UNNAMED -XX:+UseSerialGC")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start();
    if (!harness.waitFor(5, TimeUnit.MINUTES)) {
      harness.destroyForcibly();
    }
    String output = Files.readString(log.toPath(), StandardCharsets.UTF_8);
    assertThat(harness.waitFor()).as(output).isZero();
    Matcher passed = PASSED.matcher(output);
    assertThat(passed.find()).as(output).isTrue();
    assertThat(Integer.parseInt(passed.group(1))).as(output).isGreaterThanOrEqualTo(tests());
  }

  /** How many tests the annotation processor has found. */
  private static int tests() throws IOException {
    try (InputStream list = ConcurrencyIT.class.getResourceAsStream("/META-INF/TestList")) {
      String text = new String(list.readAllBytes(), StandardCharsets.UTF_8);
      return text.split("JCTEST", -1).length - 1;
    }
  }
}
