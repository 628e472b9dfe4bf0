package org.nvlink2vmm.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostBridge;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.HostNpu;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.machine.MachineFile.Device;
import org.nvlink2vmm.vmm.machine.MachineFile.Source;
import org.nvlink2vmm.vmm.machine.MachineFile.Vphb;

/**
 * {@code phbs: auto}: one vPHB for each NPU of the host with all its GPUs and bridges. An IOMMU
 * group holds just these, so each vPHB has error handling. GPUs come first, one a slot; then the
 * bridges, one slot for each GPU and one function for each of its links.
 */
final class AutomaticVphbs {
  private final String file;
  private final List<Vphb> vphbs = new ArrayList<>();
  private int gpus;
  private int bridges;

  private AutomaticVphbs(String file) {
    this.file = file;
  }

  /**
   * @throws ConfigError when the host has no NPU
   */
  static List<Vphb> of(String file, PowernvTree host) {
    AutomaticVphbs vphbs = new AutomaticVphbs(file);
    host.npus().forEach(npu -> vphbs.add(npu, host));
    if (vphbs.vphbs.isEmpty()) {
      throw new ConfigError(file + ": phbs", "auto", "a list, as the host tree has no NPU");
    }
    return vphbs.vphbs;
  }

  private void add(HostNpu npu, PowernvTree host) {
    List<Device> devices = new ArrayList<>();
    int slot = 1;
    for (HostGpu gpu : host.gpus()) {
      if (gpu.npu().filter(npu::equals).isPresent()) {
        devices.add(device("gpu" + gpus++, slot++, 0, gpu.bdf()));
      }
    }
    int groupDevice = -1;
    slot--;
    for (HostBridge bridge : npu.bridges()) {
      if (bridge.bdf().device() != groupDevice) {
        groupDevice = bridge.bdf().device();
        slot++;
      }
      devices.add(device("npu" + bridges++, slot, bridge.bdf().function(), bridge.bdf()));
    }
    vphbs.add(new Vphb(vphbs.size(), Optional.empty(), devices));
  }

  private Device device(String id, int slot, int function, HostBdf source) {
    String place = file + ": phbs: auto, " + source;
    return new Device(
        place, id, slot, function, "", DeviceOptions.none(place), new Source.FromHost(source));
  }
}
