package org.nvlink2vmm.it.vcpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** External programs, whose absence skips a test by name. */
final class Tool {
  private Tool() {}

  static void assume(String... programs) {
    for (String program : programs) {
      boolean there =
          Arrays.stream(System.getenv("PATH").split(":", -1))
              .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
      Assumptions.assumeTrue(there, program + " is not installed");
    }
  }

  /** A folder of this module that holds sources of guests. */
  static Path sources(String name) {
    Path here = Path.of(name);
    return Files.isDirectory(here)
        ? here.toAbsolutePath()
        : Path.of("it-tests", name).toAbsolutePath();
  }

  /** Builds a bare-metal guest. */
  static Path bare(Path folder, String name) throws IOException, InterruptedException {
    Path program = folder.resolve(name + ".elf");
    Path sources = sources("bare");
    Path source = sources.resolve(name + ".c");
    String script = sources.resolve("build.sh").toString();
    Result built = run(folder, List.of(script, source.toString(), program.toString()));
    if (built.status() != 0) {
      throw new IOException(source + " does not compile");
    }
    return program;
  }

  /** The kernel that linux/build-kernel.sh built, once a machine; skips the test without. */
  static Path linux(Path folder) throws IOException, InterruptedException {
    String script = sources("linux").resolve("build-kernel.sh").toString();
    Result where = run(folder, List.of(script, "--where"));
    Assumptions.assumeTrue(
        where.status() == 0, "no guest kernel: run it-tests/linux/build-kernel.sh");
    return Path.of(where.output().strip(), "vmlinux");
  }

  /** Runs a program to its end, five minutes at most; standard output, the exit status first. */
  static Result run(Path folder, List<String> command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(folder, "output", ".txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException(command.getFirst() + " did not end");
    }
    String text = Files.readString(output, StandardCharsets.ISO_8859_1).replace("\r", "");
    return new Result(process.exitValue(), text);
  }

  record Result(int status, String output) {}
}
