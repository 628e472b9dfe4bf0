package org.nvlink2vmm.it.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The shipped jar as a process. */
public final class Vmm {
  /** Long enough for a machine that is busy with other things. */
  private static final long MINUTES = 5;

  private Vmm() {}

  /** How a call ended. */
  public static final class Result {
    private final int code;
    private final byte[] out;
    private final String err;

    private Result(int code, byte[] out, String err) {
      this.code = code;
      this.out = out;
      this.err = err;
    }

    public int code() {
      return code;
    }

    /** Standard output as it came. */
    byte[] bytes() {
      return out;
    }

    public String out() {
      return new String(out, StandardCharsets.UTF_8);
    }

    public String err() {
      return err;
    }
  }

  public static Path jar() {
    return Path.of(System.getProperty("vmm.jar"));
  }

  static Path root() {
    return Path.of(System.getProperty("vmm.root"));
  }

  public static Result run(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar"));
    command.add(jar().toString());
    command.addAll(List.of(args));
    return run(new ProcessBuilder(command));
  }

  static Result run(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.start();
    process.getOutputStream().close();
    CompletableFuture<byte[]> out =
        CompletableFuture.supplyAsync(() -> drain(process.getInputStream()));
    CompletableFuture<byte[]> err =
        CompletableFuture.supplyAsync(() -> drain(process.getErrorStream()));
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException(builder.command() + " does not end");
    }
    return new Result(
        process.exitValue(), out.join(), new String(err.join(), StandardCharsets.UTF_8));
  }

  private static byte[] drain(InputStream stream) {
    try (stream) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
