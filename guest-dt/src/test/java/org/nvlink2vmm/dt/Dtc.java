package org.nvlink2vmm.dt;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;

/**
 * The device tree compiler of the machine, as an oracle; tests that need it are skipped without.
 */
public final class Dtc {
  private Dtc() {}

  public static void assumeInstalled(String tool) {
    Assumptions.assumeTrue(isInstalled(tool), tool + " is not installed");
  }

  /** What dtc makes of a text, quietly (no warnings). */
  public static byte[] blob(byte[] text) throws IOException, InterruptedException {
    return run(text, "dtc", "-q", "-q", "-I", "dts", "-O", "dtb", "-");
  }

  /** The text that dtc makes of a blob. */
  public static byte[] text(byte[] blob) throws IOException, InterruptedException {
    return run(blob, "dtc", "-q", "-q", "-I", "dtb", "-O", "dts", "-");
  }

  /** Runs a command and returns its output; fails when it does. */
  public static byte[] run(byte[] input, String... command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(new ArrayList<>(List.of(command)))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    CompletableFuture<byte[]> output =
        CompletableFuture.supplyAsync(() -> readAll(process.getInputStream()));
    try (OutputStream in = process.getOutputStream()) {
      in.write(input);
    }
    byte[] bytes = output.join();
    if (process.waitFor() != 0) {
      throw new AssertionError(
          String.join(" ", List.of(command).subList(0, Math.min(8, command.length)))
              + " failed: "
              + process.exitValue());
    }
    return bytes;
  }

  private static byte[] readAll(InputStream in) {
    try (in) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isInstalled(String tool) {
    try {
      Process process =
          new ProcessBuilder(tool, "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
