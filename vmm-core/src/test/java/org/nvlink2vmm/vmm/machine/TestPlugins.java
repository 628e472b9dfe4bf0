package org.nvlink2vmm.vmm.machine;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.device.DeviceOption;
import org.nvlink2vmm.vmm.device.DeviceOption.Kind;
import org.nvlink2vmm.vmm.device.DeviceOption.Scope;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** Two kinds of device for tests of machine files, which open nothing. */
final class TestPlugins {
  static final PluginCatalogue ALL =
      new PluginCatalogue(
          List.of(
              new Named(
                  "gpu-card",
                  "gpu",
                  List.of(
                      new DeviceOption(
                          "model", Kind.TEXT, false, Optional.of("small"), "size", Scope.DEVICE),
                      new DeviceOption(
                          "tgt", Kind.NUMBER, true, Optional.empty(), "target", Scope.DESCRIPTION),
                      new DeviceOption(
                          "ram", Kind.NUMBER, true, Optional.empty(), "bytes", Scope.DESCRIPTION),
                      new DeviceOption(
                          "cold", Kind.BOOLEAN, false, Optional.of("false"), "", Scope.DEVICE))),
              new Named("link", "npu", List.of())));

  private TestPlugins() {}

  private record Named(String name, String idPrefix, List<DeviceOption> options)
      implements DevicePlugin {
    @Override
    public String description() {
      return name + " for tests";
    }

    @Override
    public VfioDevice described(String id, DeviceOptions description, DeviceOptions options) {
      throw new UnsupportedOperationException("These tests open nothing");
    }
  }
}
