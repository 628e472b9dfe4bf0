package org.nvlink2vmm.vmm.vcpu.pseries;

/** One run-time service. */
@FunctionalInterface
public interface RtasCall {
  int SUCCESS = 0;
  int HARDWARE_ERROR = -1;
  int PARAMETER_ERROR = -3;
  int NOT_SUPPORTED = -3;

  /** Carries the call out and returns its status. Runs on the calling thread of the guest. */
  int call(RtasArguments arguments);
}
