package org.nvlink2vmm.it.contract;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** Functions of an emulated host, over every interface that its kernel can speak. */
@ParameterizedClass(name = "{0} of a host with {1}")
@MethodSource("functions")
class EmulatedHostContractIT extends VfioDeviceContract {
  @Parameter(0)
  HostBdf function;

  @Parameter(1)
  HostAbi abi;

  private EmulatedHost host;

  static List<Arguments> functions() {
    List<Arguments> all = new ArrayList<>();
    for (HostAbi abi : Hosts.ABIS) {
      all.add(Arguments.of(Hosts.GPU, abi));
      all.add(Arguments.of(Hosts.BRIDGE, abi));
    }
    return all;
  }

  @Override
  protected VfioDevice open() {
    host = Hosts.host(abi);
    return host.open(function, "device");
  }

  @AfterEach
  void closeHost() {
    device().close();
    host.close();
  }
}
