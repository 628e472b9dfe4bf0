package org.nvlink2vmm.vmm.vcpu.pseries;

/** What a guest does to the machine as a whole. Called on threads of the guest. */
interface PowerControl {
  /**
   * @param status 0 unless the guest said otherwise
   */
  void off(int status);

  void reset();

  /** The guest's kernel gave up. */
  void panic(String message);

  boolean running(int vcpu);

  /**
   * Starts a stopped thread in real mode at a guest-physical address with {@code r3} in r3; false
   * when it runs already.
   */
  boolean start(int vcpu, long pc, long r3);
}
