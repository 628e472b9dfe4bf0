package org.nvlink2vmm.it.contract;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.npu2.Npu2Plugin;
import org.nvlink2vmm.v100.V100Plugin;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** Devices that a machine file describes directly. */
@ParameterizedClass(name = "{0}")
@MethodSource("descriptions")
class DescribedContractIT extends VfioDeviceContract {
  @Parameter(0)
  String name;

  @Parameter(1)
  DevicePlugin plugin;

  @Parameter(2)
  Map<String, Object> description;

  static List<Arguments> descriptions() {
    return List.of(
        Arguments.of(
            "a GPU", new V100Plugin(), Map.of("tgt", 0x40000000000L, "ram", 0x2000000000L)),
        Arguments.of("a GPU without NVLink", new V100Plugin(), Map.of("tgt", 0L)),
        Arguments.of(
            "a bridge",
            new Npu2Plugin(),
            Map.of("tgt", 0x40000000000L, "atsd", 0x10000L, "linkSpeed", 8L)),
        Arguments.of(
            "a bridge without ATSD",
            new Npu2Plugin(),
            Map.of("tgt", 0x40000000000L, "atsd", 0L, "linkSpeed", 8L)));
  }

  @Override
  protected VfioDevice open() {
    return plugin.described(
        "device",
        new DeviceOptions("devices[0].vfio", description),
        DeviceOptions.none("devices[0]"));
  }
}
