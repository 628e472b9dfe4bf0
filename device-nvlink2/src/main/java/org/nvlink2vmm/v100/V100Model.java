package org.nvlink2vmm.v100;

import java.util.Optional;

/** A board with a GV100 on an SXM2 module (pci.ids; subsystem ids as listings show them). */
public enum V100Model {
  SXM2_16GB("v100-sxm2-16gb", 0x1db1, 0x1212, 16L << 30),
  SXM2_32GB("v100-sxm2-32gb", 0x1db5, 0x1249, 32L << 30);

  private final String text;
  private final int deviceId;
  private final int subsystemId;
  private final long memory;

  V100Model(String text, int deviceId, int subsystemId, long memory) {
    this.text = text;
    this.deviceId = deviceId;
    this.subsystemId = subsystemId;
    this.memory = memory;
  }

  /** As machine files write it. */
  public String text() {
    return text;
  }

  /** PCI device id. */
  public int deviceId() {
    return deviceId;
  }

  /** PCI subsystem id; the subsystem vendor is NVIDIA. */
  public int subsystemId() {
    return subsystemId;
  }

  /** HBM2 on the module, bytes. BAR 1 shows all of it. */
  public long memory() {
    return memory;
  }

  /** The model as machine files write it. */
  public static Optional<V100Model> ofText(String text) {
    for (V100Model model : values()) {
      if (model.text.equals(text)) {
        return Optional.of(model);
      }
    }
    return Optional.empty();
  }

  /** The model of a PCI device id. */
  public static Optional<V100Model> ofDeviceId(int deviceId) {
    for (V100Model model : values()) {
      if (model.deviceId == deviceId) {
        return Optional.of(model);
      }
    }
    return Optional.empty();
  }
}
