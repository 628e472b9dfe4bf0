package org.nvlink2vmm.vmm.vcpu;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How a partition's threads execute instructions. The results are the same. */
public enum ExecutionMode {
  /** Decoded once, then interpreted: what debuggers and traces want. */
  INTERPRET,

  /** Everything compiled to JVM bytecode when it is first reached: for tests. */
  COMPILE,

  /** Interpreted, and compiled where a profile finds the time spent. */
  AUTO;

  /** The mode that {@link #toString} calls so. */
  public static Optional<ExecutionMode> named(String name) {
    return Arrays.stream(values()).filter(mode -> mode.toString().equals(name)).findFirst();
  }

  /** The name as the command line has it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
