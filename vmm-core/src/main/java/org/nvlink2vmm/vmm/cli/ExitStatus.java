package org.nvlink2vmm.vmm.cli;

/** What the process's exit code means; other people script against the numbers. */
enum ExitStatus {
  /** Done, and the answer is good. */
  GOOD(0),
  /** It ran, and the answer is bad: guest unsatisfied, check failed, trees differ. */
  BAD(1),
  /** Bad usage or bad input. */
  USAGE(2),
  /** The environment refuses: a socket path in use, permission, no such host file. */
  ENVIRONMENT(3),
  /** A bug of ours. */
  INTERNAL(70);

  private final int code;

  ExitStatus(int code) {
    this.code = code;
  }

  /** Of a command that ran to its end. */
  static ExitStatus of(boolean good) {
    return good ? GOOD : BAD;
  }

  int code() {
    return code;
  }
}
