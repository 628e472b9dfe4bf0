package org.nvlink2vmm.vmm.vcpu;

/** Sees instructions before they execute. */
@FunctionalInterface
public interface InstructionTrace {
  InstructionTrace NONE = vcpu -> {};

  /**
   * Called on the executing thread; registers may be read, and the thread may be stopped or {@link
   * DebugPort#hold held}.
   */
  void before(Vcpu vcpu);

  /** Called now and then while the thread waits for an interrupt; the thread may be held. */
  default void waiting(Vcpu vcpu) {}

  /** Both, this one first. */
  default InstructionTrace and(InstructionTrace second) {
    InstructionTrace first = this;
    return new InstructionTrace() {
      @Override
      public void before(Vcpu vcpu) {
        first.before(vcpu);
        second.before(vcpu);
      }

      @Override
      public void waiting(Vcpu vcpu) {
        first.waiting(vcpu);
        second.waiting(vcpu);
      }
    };
  }
}
