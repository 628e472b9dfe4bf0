package org.nvlink2vmm.dt.assertions;

import org.nvlink2vmm.dt.tree.DeviceTree;

/** Where assertions about device trees start. */
public final class DeviceTreeAssertions {
  private DeviceTreeAssertions() {}

  public static DeviceTreeAssert assertThat(DeviceTree actual) {
    return new DeviceTreeAssert(actual);
  }
}
