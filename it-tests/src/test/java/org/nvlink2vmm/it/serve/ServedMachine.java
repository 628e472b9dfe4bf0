package org.nvlink2vmm.it.serve;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code vmm serve} as a process that offers some devices of a machine. */
public final class ServedMachine implements AutoCloseable {
  private final Process process;
  private final Path folder;
  private final List<String> devices;

  private ServedMachine(Process process, Path folder, List<String> devices) {
    this.process = process;
    this.folder = folder;
    this.devices = devices;
  }

  /** Starts it and waits until clients may connect. */
  public static ServedMachine start(Path work, String machine, String... devices)
      throws IOException {
    Path folder = work.resolve("sockets");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-jar", System.getProperty("vmm.jar")));
    command.addAll(List.of("serve", machine, "--dir", folder.toString()));
    // The server may hear of a client that left after the next one comes.
    command.addAll(List.of("--second-client", "queue"));
    for (String device : devices) {
      command.addAll(List.of("--device", device));
    }
    Process process =
        new ProcessBuilder(command).redirectError(work.resolve("serve.txt").toFile()).start();
    ServedMachine served = new ServedMachine(process, folder, Arrays.asList(devices));
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    String line = lines.readLine();
    if (!"ready".equals(line)) {
      served.close();
      throw new IOException("vmm serve said " + line);
    }
    return served;
  }

  public Path socket(String device) {
    return folder.resolve(device + ".sock");
  }

  /** All sockets, in the order in which the devices were named. */
  public List<Path> sockets() {
    return devices.stream().map(this::socket).toList();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
