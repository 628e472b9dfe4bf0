package org.nvlink2vmm.vmm.vcpu;

/** What a thread calls when its guest asks the hypervisor for something. */
@FunctionalInterface
public interface Hypervisor {
  /**
   * sc 1 was executed: the call's number is in r3, arguments in r4-r11, and the answer goes into r3
   * (and r4 and up where the call says so). Runs on the thread's own host thread, which may wait
   * here.
   */
  void call(Vcpu vcpu);
}
