package org.nvlink2vmm.vmm.nativeio;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Descriptors to wait on together (poll(2)), in slots from 0. An empty slot is skipped by the
 * kernel. Not for two threads at once.
 */
public final class PollSet {
  /** There is something to read, or the peer closed. */
  public static final int IN = 1;

  /** Writing would not block. */
  public static final int OUT = 4;

  /** An error waits; always reported, never asked for. */
  public static final int ERR = 8;

  /** The peer hung up; always reported, never asked for. */
  public static final int HUP = 0x10;

  /** The descriptor is not open: a bug of the caller. */
  public static final int NVAL = 0x20;

  /** struct pollfd: int fd, short events, short revents. */
  private static final long POLLFD_BYTES = 8;

  private static final long EVENTS = 4;
  private static final long REVENTS = 6;
  private static final int NONE = -1;

  private MemorySegment entries;
  private int slots;

  public PollSet() {
    entries = Arena.ofAuto().allocate(8 * POLLFD_BYTES, Integer.BYTES);
  }

  /** Slots in use: the highest that was set, plus one. */
  public int slots() {
    return slots;
  }

  /** Fills a slot; grows the set when {@code slot} is the first beyond it. */
  public void set(int slot, OwnedFd fd, int events) {
    if (slot == slots) {
      grow(slot + 1);
      slots++;
    }
    long at = at(slot);
    entries.set(ValueLayout.JAVA_INT, at, fd.number());
    entries.set(ValueLayout.JAVA_SHORT, at + EVENTS, (short) events);
    entries.set(ValueLayout.JAVA_SHORT, at + REVENTS, (short) 0);
  }

  /** Empties a slot. */
  public void clear(int slot) {
    long at = at(slot);
    entries.set(ValueLayout.JAVA_INT, at, NONE);
    entries.set(ValueLayout.JAVA_SHORT, at + REVENTS, (short) 0);
  }

  /** What the last {@link #poll} found for a slot; 0 when nothing. */
  public int ready(int slot) {
    return entries.get(ValueLayout.JAVA_SHORT, at(slot) + REVENTS);
  }

  /**
   * Waits until a descriptor is ready. A signal ends the wait early with 0.
   *
   * @param milliseconds at most; 0 does not wait, a negative number waits without end
   * @return slots that are ready, 0 when time is up, or the negative of an errno
   */
  public int poll(int milliseconds) {
    MemorySegment capture = Downcalls.capture();
    try {
      int result =
          Libc.result(
              capture,
              (int) Downcalls.POLL.invokeExact(capture, entries, (long) slots, milliseconds));
      return result == -Libc.EINTR ? 0 : result;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private long at(int slot) {
    if (slot < 0 || slot >= slots) {
      throw new IndexOutOfBoundsException("Slot " + slot + " of " + slots);
    }
    return slot * POLLFD_BYTES;
  }

  private void grow(int needed) {
    if (needed * POLLFD_BYTES > entries.byteSize()) {
      MemorySegment larger = Arena.ofAuto().allocate(2 * entries.byteSize(), Integer.BYTES);
      MemorySegment.copy(entries, 0, larger, 0, entries.byteSize());
      entries = larger;
    }
  }
}
