package org.nvlink2vmm.vmm.ats;

/**
 * The three firmware calls by which a host kernel gives a GPU to a partition (skiboot hw/npu2.c,
 * doc/opal-api/opal-npu2-*). Answers are OPAL codes: 0 or positive is success.
 */
public interface NpuOpal {
  long SUCCESS = 0;
  long PARAMETER = -1;
  long BUSY = -2;
  long HARDWARE = -6;
  long UNSUPPORTED = -7;
  long RESOURCE = -10;
  long INTERNAL_ERROR = -11;

  /** MSR bits a context may have: data relocation, problem state, hypervisor. */
  long MSR_DR = 0x10;

  long MSR_PR = 0x4000;
  long MSR_HV = 1L << 60;
  long MSR_SF = 1L << 63;

  /** OPAL_NPU_MAP_LPAR (148). {@code bdfn}: the GPU's bus, device, function; {@code lpcr}: 0. */
  long mapLpar(int bdfn, int lpid, long lpcr);

  /** OPAL_NPU_INIT_CONTEXT (146): returns the LPARSHORT, 0 or positive. */
  long initContext(int bdfn, long msr);

  /** OPAL_NPU_DESTROY_CONTEXT (147). */
  long destroyContext(int bdfn);
}
