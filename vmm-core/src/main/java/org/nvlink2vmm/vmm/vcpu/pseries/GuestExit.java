package org.nvlink2vmm.vmm.vcpu.pseries;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a real guest ended.
 *
 * @param status what it said: the exit status of a power-off, 0 otherwise
 * @param instructions completed by all threads
 * @param elapsed wall time from the first instruction
 * @param notes lines for people: where it stood, what it asked for that we lack
 */
public record GuestExit(
    Reason reason, int status, long instructions, Duration elapsed, List<String> notes) {
  /** Why it ended. */
  public enum Reason {
    /** RTAS power-off. */
    POWER_OFF,
    /** RTAS system-reboot. */
    RESET,
    /** RTAS ibm,os-term. */
    PANIC,
    /** It did not end in the time given. */
    TIMEOUT,
    /** The last thread stopped itself. */
    STOPPED,
    /** All threads branch to themselves, or fault in the handler of a fault, for ever. */
    ENDLESS_LOOP,
    /** A debugger ended it. */
    KILLED,
    /** The machine stopped it. */
    HALTED
  }

  public GuestExit {
    notes = List.copyOf(notes);
  }

  /** With more lines behind the notes. */
  public GuestExit with(List<String> more) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(more);
    return new GuestExit(reason, status, instructions, elapsed, all);
  }

  /** Powered off of its own will with status 0. */
  public boolean good() {
    return reason == Reason.POWER_OFF && status == 0;
  }

  /** Millions of instructions in a second. */
  public double mips() {
    return elapsed.isZero() ? 0 : instructions / (elapsed.toNanos() / 1000.0);
  }
}
