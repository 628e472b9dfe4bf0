package org.nvlink2vmm.vmm.guest;

/**
 * Trains a link through the bridge's vendor capability, as NVIDIA's driver does (skiboot
 * doc/nvlink.rst; hw/npu2-hw-procedures.c).
 */
final class LinkTraining {
  private static final int VENDOR_CAPABILITY = 0x09;
  private static final int STATUS = 4;
  private static final int CONTROL = 8;
  private static final int LINK_INDEX = 0xc;
  private static final int FLAGS = 0xd;
  private static final int FLAG_LINK_UP = 2;

  private static final int COMPLETE = 1 << 30;
  private static final int CODE = 0xf;

  /** PHY reset, calibrations, training, NTL reset, credit check and unfence. */
  private static final int[] PROCEDURES = {4, 5, 6, 7, 8, 9, 10, 13};

  /** Twice the time after which the NPU itself gives up. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final GuestMachine machine;
  private final ConfigAccess config;
  private final int capability;

  LinkTraining(GuestMachine machine, ConfigAccess config) {
    this.machine = machine;
    this.config = config;
    this.capability = config.capability(VENDOR_CAPABILITY);
  }

  boolean hasCapability() {
    return capability != 0;
  }

  /** The link index that the bridge itself tells. */
  int linkIndex() {
    return config.read(capability + LINK_INDEX, 1);
  }

  /** Runs all procedures; empty when the link is up, else what went wrong. */
  String train() {
    for (int procedure : PROCEDURES) {
      config.write(capability + CONTROL, 4, procedure);
      int status = await();
      if ((status & COMPLETE) == 0) {
        return "procedure %d still busy after 2 s, status 0x%08x".formatted(procedure, status);
      }
      if ((status & CODE) != 0) {
        return "procedure %d ended with status 0x%08x".formatted(procedure, status);
      }
    }
    boolean up = (config.read(capability + FLAGS, 1) & FLAG_LINK_UP) != 0;
    return up ? "" : "all procedures ended well, but the link's DL is still in reset";
  }

  private int await() {
    long start = machine.nanoTime();
    int status;
    do {
      status = config.read(capability + STATUS, 4);
    } while ((status & COMPLETE) == 0 && machine.nanoTime() - start < PATIENCE_NANOS);
    return status;
  }
}
