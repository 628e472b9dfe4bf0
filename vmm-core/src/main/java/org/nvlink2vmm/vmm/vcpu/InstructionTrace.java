package org.nvlink2vmm.vmm.vcpu;

/** Sees instructions before they execute. */
@FunctionalInterface
public interface InstructionTrace {
  InstructionTrace NONE = vcpu -> {};

  /** Called on the executing thread; registers may be read, and the thread may be stopped. */
  void before(Vcpu vcpu);
}
