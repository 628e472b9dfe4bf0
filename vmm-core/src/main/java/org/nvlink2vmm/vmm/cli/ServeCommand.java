package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.nativeio.DataDumpRequest;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.server.ServedDevices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm serve}. */
@Command(
    name = "serve",
    description = {
      "Offers each device to another VMM on a vfio-user socket of its own.",
      "SIGQUIT prints what was served and noticed; SIGTERM and SIGINT end it."
    },
    footer = {"", "Example: vmm serve witherspoon-4gpu --dir /run/vmm"})
final class ServeCommand implements Callable<Integer> {
  private static final long PATIENCE_SECONDS = 10;

  @Mixin private Common common;
  @Mixin private MachineArgument machine;
  @Mixin private ServerChoice choice;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      required = true,
      description = "Folder of the sockets, named <ID>.sock.")
  private Path folder;

  @Option(
      names = "--ready-fd",
      paramLabel = "N",
      description = "Write 'ready' to this descriptor, not to standard output.")
  private Integer readyFd;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write what was served to this file at the end, as JSON.")
  private Path report;

  @Override
  public Integer call() throws InterruptedException {
    try (Machine built = machine.build(common)) {
      try {
        Files.createDirectories(folder);
      } catch (IOException e) {
        throw new EnvironmentError(folder + " cannot be made: " + e.getMessage());
      }
      try (ServedDevices served = choice.listen(built, folder);
          StatusSocket status =
              StatusSocket.listen(
                  folder, () -> Json.text(ServerReport.of(served.servers()).json()))) {
        CountDownLatch finished = new CountDownLatch(1);
        Thread ending = Thread.ofPlatform().unstarted(() -> end(served, finished));
        Runtime.getRuntime().addShutdownHook(ending);
        DataDumpRequest.onRequest(() -> print(served));
        ready();
        served.await();
        DataDumpRequest.onRequest(() -> {});
        status.remove();
        writeReport(served);
        finished.countDown();
        removeHook(ending);
      }
    }
    return ExitStatus.GOOD.code();
  }

  /** SIGQUIT asks for the report and ends nothing. */
  private void print(ServedDevices served) {
    ServerReport.of(served.servers()).lines().forEach(common::error);
  }

  /** A signal is the usual end of a server, and a good one. */
  private static void end(ServedDevices served, CountDownLatch finished) {
    served.close();
    try {
      if (finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        Runtime.getRuntime().halt(ExitStatus.GOOD.code());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void removeHook(Thread ending) {
    try {
      Runtime.getRuntime().removeShutdownHook(ending);
    } catch (IllegalStateException _) {
      // It runs: a signal has ended the servers.
    }
  }

  private void writeReport(ServedDevices served) {
    if (report != null) {
      byte[] text =
          (Json.text(ServerReport.of(served.servers()).json()) + "\n")
              .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      Output.write(Optional.of(report), text);
    }
  }

  private void ready() {
    if (readyFd == null) {
      common.out().println("ready");
      return;
    }
    try (OwnedFd fd = new OwnedFd(readyFd);
        Arena arena = Arena.ofConfined()) {
      if (Libc.write(fd, arena.allocateFrom("ready\n").asSlice(0, 6)) < 0) {
        throw new EnvironmentError("Descriptor " + readyFd + " cannot be written");
      }
    }
  }
}
