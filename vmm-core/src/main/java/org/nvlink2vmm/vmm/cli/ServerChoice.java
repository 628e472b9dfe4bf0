package org.nvlink2vmm.vmm.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.spapr.VphbDevice;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.server.ServedDevices;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What is served, and how. */
final class ServerChoice {
  @Option(
      names = "--device",
      paramLabel = "ID",
      description = "Serve this device; may be repeated. Default: all.")
  private List<String> ids = new ArrayList<>();

  @Option(
      names = "--spin",
      paramLabel = "MICROS",
      defaultValue = "50",
      description = "Ask so long before sleeping; 0 on shared machines. Default: 50.")
  private long spinMicros;

  @Option(
      names = "--second-client",
      paramLabel = "WHAT",
      defaultValue = "refuse",
      description = "refuse or queue a client while one is attached. Default: refuse.")
  private ServerOptions.SecondClient secondClient;

  @Option(names = "--no-reconnect", description = "End when the client has left.")
  private boolean once;

  @Option(
      names = "--dma-by-message",
      description = "Reach guest memory by message, also where it is mapped.")
  private boolean dmaByMessage;

  @Option(
      names = "--strict-unmap",
      description = "Answer an unmap of nothing with an error, as libvfio-user does.")
  private boolean strictUnmap;

  @Option(
      names = "--map-gpu-memory",
      paramLabel = "WHEN",
      defaultValue = "trained",
      description =
          "Hand out region 9 of a GPU as a file: always, trained (once links are) or never."
              + " Default: trained.")
  private ServerOptions.MapMemory mapMemory;

  @CommandLine.Spec(CommandLine.Spec.Target.MIXEE)
  private CommandLine.Model.CommandSpec spec;

  ServedDevices listen(Machine machine, Path folder) {
    if (spinMicros < 0 || spinMicros > ServerOptions.LONGEST_SPIN.toNanos() / 1000) {
      throw usage("--spin " + spinMicros + ": expected 0 to 100000");
    }
    ServerOptions options =
        ServerOptions.DEFAULT
            .withSpin(Duration.ofNanos(spinMicros * 1000))
            .withSecondClient(secondClient)
            .withReconnect(!once)
            .withDmaByMessage(dmaByMessage)
            .withStrictUnmap(strictUnmap)
            .withMapMemory(mapMemory);
    return ServedDevices.listen(folder, chosen(machine), options);
  }

  private ParameterException usage(String line) {
    return new ParameterException(spec.commandLine(), line);
  }

  private List<VfioDevice> chosen(Machine machine) {
    List<VfioDevice> all = machine.devices().stream().map(VphbDevice::device).toList();
    List<VfioDevice> chosen = new ArrayList<>();
    for (String id : ids) {
      chosen.add(
          all.stream()
              .filter(device -> device.id().equals(id))
              .findFirst()
              .orElseThrow(() -> usage("No device " + id + " in the machine")));
    }
    return ids.isEmpty() ? all : chosen;
  }
}
