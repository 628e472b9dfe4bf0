package org.nvlink2vmm.dt.spapr;

/**
 * A machine for which there is no tree. The message is one line for the user; it names the devices.
 */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What the original did with such a machine. */
  public enum Outcome {
    /** An assertion failed. */
    ABORT,
    /** It read through a null pointer or past a table. */
    CRASH,
    /** It printed an error and exited. */
    EXIT,
    /** Nothing to compare with: we refuse it ourselves. */
    REFUSED
  }

  private final Outcome outcome;

  private Refusal(Outcome outcome, String message) {
    super(message);
    this.outcome = outcome;
  }

  static Refusal refused(String message) {
    return new Refusal(Outcome.REFUSED, message);
  }

  static Refusal abort(Compat compat, String message) {
    return new Refusal(Outcome.ABORT, message + ": " + compat.text() + " aborts here");
  }

  static Refusal crash(Compat compat, String message) {
    return new Refusal(Outcome.CRASH, message + ": " + compat.text() + " crashes here");
  }

  static Refusal exit(Compat compat, String message, String printed) {
    return new Refusal(
        Outcome.EXIT, message + ": " + compat.text() + " exits with \"" + printed + "\"");
  }

  public Outcome outcome() {
    return outcome;
  }
}
