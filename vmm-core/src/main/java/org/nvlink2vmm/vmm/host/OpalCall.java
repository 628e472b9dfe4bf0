package org.nvlink2vmm.vmm.host;

import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.ats.NpuOpal;

/**
 * A call into firmware that the host kernel made about a GPU's partition.
 *
 * @param moment why: {@code boot}, {@code attach}, {@code open}, {@code close}, {@code detach}
 * @param argument LPID for {@link Name#MAP_LPAR}, MSR for {@link Name#INIT_CONTEXT}, else 0
 * @param result OPAL's answer, negative for an error
 */
public record OpalCall(String moment, Name name, HostBdf gpu, long argument, long result) {
  /** The calls, with their tokens (skiboot include/opal-api.h). */
  public enum Name {
    INIT_CONTEXT(146),
    DESTROY_CONTEXT(147),
    MAP_LPAR(148);

    private final int token;

    Name(int token) {
      this.token = token;
    }

    public int token() {
      return token;
    }
  }

  /** One line of the table: moment, GPU, call with its argument, answer. */
  @Override
  public String toString() {
    String call =
        switch (name) {
          case MAP_LPAR -> "MAP_LPAR(lpid 0x%x)".formatted(argument);
          case INIT_CONTEXT -> "INIT_CONTEXT(msr %s)".formatted(msr());
          case DESTROY_CONTEXT -> "DESTROY_CONTEXT";
        };
    return "%-6s %s %s -> %d".formatted(moment, gpu, call, result);
  }

  private String msr() {
    StringBuilder bits = new StringBuilder();
    append(bits, NpuOpal.MSR_SF, "SF");
    append(bits, NpuOpal.MSR_HV, "HV");
    append(bits, NpuOpal.MSR_PR, "PR");
    append(bits, NpuOpal.MSR_DR, "DR");
    return bits.isEmpty() ? "0" : bits.toString();
  }

  private void append(StringBuilder bits, long bit, String name) {
    if ((argument & bit) != 0) {
      bits.append(bits.isEmpty() ? "" : "+").append(name);
    }
  }
}
