package org.nvlink2vmm.dt.check;

/** How bad it is to break a rule. */
public enum Severity {
  /** Something does not work in the guest. */
  ERROR,
  /** Works, but not as intended, or only with some kernels. */
  WARNING
}
