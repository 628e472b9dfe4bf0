package org.nvlink2vmm.vmm.vcpu.trace;

import java.util.OptionalLong;

/**
 * Which instructions of a thread are logged: {@code count} of them, from a place or a number on.
 *
 * @param from the first one: so many were completed before; not used with a place
 * @param place effective address at which it begins, the first time that a thread comes there
 * @param entry whether the place is a function, which callers may enter up to 8 bytes further on
 *     (the local entry point of the ELF V2 ABI)
 * @param count at least 1
 */
public record InstructionWindow(long from, OptionalLong place, boolean entry, long count) {
  private static final long LOCAL_ENTRY = 8;

  public InstructionWindow {
    if (from < 0 || count < 1) {
      throw new IllegalArgumentException("window of " + count + " from " + from);
    }
  }

  /** A window that begins after a number of instructions. */
  public static InstructionWindow after(long instructions, long count) {
    return new InstructionWindow(instructions, OptionalLong.empty(), false, count);
  }

  /** A window that begins at an effective address. */
  public static InstructionWindow at(long ea, boolean entry, long count) {
    return new InstructionWindow(0, OptionalLong.of(ea), entry, count);
  }

  boolean begins(long pc, long instructions) {
    if (place.isEmpty()) {
      return instructions >= from;
    }
    long behind = pc - place.getAsLong();
    return behind == 0 || (entry && behind == LOCAL_ENTRY);
  }
}
