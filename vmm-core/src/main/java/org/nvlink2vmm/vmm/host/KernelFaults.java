package org.nvlink2vmm.vmm.host;

/** Decides which steps of the emulated kernel fail. Called from any thread. */
@FunctionalInterface
public interface KernelFaults {
  /** Nothing fails. */
  KernelFaults NONE = step -> false;

  /** Whether this step fails, this time. */
  boolean fails(KernelStep step);
}
