package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.vfiouser.server.ServedDevices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vmm launch}. */
@Command(
    name = "launch",
    description = "Serves a machine's devices and starts QEMU with them attached.",
    footer = {
      "",
      "Example: vmm launch witherspoon-4gpu --device gpu0 --device npu0 -- \\",
      "           -M pseries,memory-backend=m -m 2G -nographic -kernel vmlinux \\",
      "           -object memory-backend-memfd,id=m,size=2G,share=on"
    })
final class LaunchCommand implements Callable<Integer> {
  private static final long PATIENCE_SECONDS = 10;

  @Mixin private Common common;
  @Mixin private MachineArgument machine;
  @Mixin private ServerChoice choice;

  @Option(
      names = "--qemu",
      paramLabel = "PROGRAM",
      defaultValue = "qemu-system-ppc64",
      description = "QEMU 10.1 or later. Default: qemu-system-ppc64.")
  private String qemu;

  @Parameters(
      index = "1..*",
      paramLabel = "QEMU-OPTION",
      description = "Behind --: options of QEMU, without the devices.")
  private List<String> options = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkQemu();
    Path folder = Files.createTempDirectory("vmm");
    try (Machine built = machine.build(common);
        ServedDevices served = choice.listen(built, folder)) {
      List<String> command = command(served.sockets());
      common.remark(String.join(" ", command));
      return run(command);
    } finally {
      Files.deleteIfExists(folder);
    }
  }

  private void checkQemu() throws InterruptedException {
    try {
      Process help =
          new ProcessBuilder(qemu, "-device", "vfio-user-pci,help")
              .redirectErrorStream(true)
              .start();
      String said =
          new String(help.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (help.waitFor() != 0 || !said.contains("socket=")) {
        throw new EnvironmentError(qemu + " has no vfio-user-pci: QEMU 10.1 or later is needed");
      }
    } catch (IOException e) {
      throw new EnvironmentError(qemu + " cannot be started: " + e.getMessage());
    }
  }

  private List<String> command(List<Path> sockets) {
    List<String> command = new ArrayList<>();
    command.add(qemu);
    command.addAll(options);
    for (Path socket : sockets) {
      command.add("-device");
      command.add(
          "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}"
              .formatted(socket));
    }
    return command;
  }

  /** QEMU's end is ours; a signal to us is one to QEMU. */
  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    Thread ending = Thread.ofPlatform().unstarted(() -> end(process));
    Runtime.getRuntime().addShutdownHook(ending);
    int code = process.waitFor();
    try {
      Runtime.getRuntime().removeShutdownHook(ending);
    } catch (IllegalStateException _) {
      // The signal that ended QEMU ends this program too.
    }
    return code == 0 ? ExitStatus.GOOD.code() : ExitStatus.BAD.code();
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
