package org.nvlink2vmm.v100.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.nvlink2vmm.v100.mmu.AtsRequester;
import org.nvlink2vmm.v100.mmu.InFlight;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/**
 * One channel: parameters, and the carrying out of a command. A command goes page by page; each
 * piece is one access that shootdowns wait for. Parameters and outcome are guarded by the channel's
 * lock, which a command holds: two threads on one channel take turns.
 */
final class Channel {
  /** A piece is at most this long, so that a shootdown does not wait long for it. */
  private static final long PIECE = 1 << 16;

  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes of a channel's saved state. */
  static final int STATE = 48;

  private static final int PID_BITS = 0xfffff;

  private final AtsRequester requester;
  private final Route route;
  private int pid;
  private long source;
  private long target;
  private int length;
  private int pattern;
  private int status;
  private int fault;
  private long place;

  Channel(AtsRequester requester, Route route) {
    this.requester = requester;
    this.route = route;
  }

  synchronized int read(int register) {
    return switch (register) {
      case EngineRegisters.ID -> EngineRegisters.MAGIC;
      case EngineRegisters.CHANNEL_COUNT -> EngineRegisters.CHANNELS;
      case EngineRegisters.PID -> pid;
      case EngineRegisters.SOURCE -> (int) source;
      case EngineRegisters.SOURCE + 4 -> (int) (source >>> 32);
      case EngineRegisters.TARGET -> (int) target;
      case EngineRegisters.TARGET + 4 -> (int) (target >>> 32);
      case EngineRegisters.LENGTH -> length;
      case EngineRegisters.PATTERN -> pattern;
      case EngineRegisters.STATUS -> status;
      case EngineRegisters.FAULT -> fault;
      case EngineRegisters.PLACE -> (int) place;
      case EngineRegisters.PLACE + 4 -> (int) (place >>> 32);
      case EngineRegisters.HITS -> (int) requester.tlb().hits();
      case EngineRegisters.MISSES -> (int) requester.tlb().misses();
      case EngineRegisters.DROPPED -> (int) requester.tlb().dropped();
      default -> 0;
    };
  }

  synchronized void write(int register, int value) {
    switch (register) {
      case EngineRegisters.PID -> pid = value & PID_BITS;
      case EngineRegisters.SOURCE -> source = low(source, value);
      case EngineRegisters.SOURCE + 4 -> source = high(source, value);
      case EngineRegisters.TARGET -> target = low(target, value);
      case EngineRegisters.TARGET + 4 -> target = high(target, value);
      case EngineRegisters.LENGTH -> length = value;
      case EngineRegisters.PATTERN -> pattern = value;
      case EngineRegisters.COMMAND -> command(value);
      default -> {}
    }
  }

  synchronized void save(ByteBuffer state) {
    state.putInt(pid).putInt(length).putInt(pattern).putInt(status).putInt(fault).putInt(0);
    state.putLong(source).putLong(target).putLong(place);
  }

  synchronized void restore(ByteBuffer state) {
    pid = state.getInt();
    length = state.getInt();
    pattern = state.getInt();
    status = state.getInt();
    fault = state.getInt();
    state.getInt();
    source = state.getLong();
    target = state.getLong();
    place = state.getLong();
  }

  /** What a guest cannot bring about is no channel's state. */
  static boolean isSound(ByteBuffer state, int at) {
    int status = state.getInt(at + 12);
    int outcome = status ^ EngineRegisters.DONE;
    return (state.getInt(at) & ~PID_BITS) == 0
        && (status == 0 || (outcome >= 0 && outcome <= EngineRegisters.UNREACHABLE))
        && state.getInt(at + 20) == 0;
  }

  private static long low(long old, int value) {
    return (old & 0xffff_ffff_0000_0000L) | Integer.toUnsignedLong(value);
  }

  private static long high(long old, int value) {
    return (old & 0xffff_ffffL) | (long) value << 32;
  }

  private void command(int command) {
    fault = 0;
    place = 0;
    boolean moves = command >= EngineRegisters.COPY && command <= EngineRegisters.COMPARE;
    boolean touches = command == EngineRegisters.TOUCH || command == EngineRegisters.TOUCH_WRITE;
    boolean sized =
        length > 0
            && length <= EngineRegisters.LONGEST
            && (command != EngineRegisters.FILL || ((length | (int) target) & 3) == 0);
    int outcome = EngineRegisters.BAD_COMMAND;
    if (moves && sized) {
      outcome = run(command);
    } else if (touches) {
      outcome = touch(command == EngineRegisters.TOUCH_WRITE);
    }
    status = EngineRegisters.DONE | outcome;
  }

  private int touch(boolean write) {
    InFlight inFlight = requester.tlb().inFlight();
    int ticket = inFlight.enter();
    try {
      long at = write ? target : source;
      return checked(requester.translate(pid, at, write), at) < 0
          ? EngineRegisters.FAULTED
          : EngineRegisters.OK;
    } finally {
      inFlight.leave(ticket);
    }
  }

  private int run(int command) {
    InFlight inFlight = requester.tlb().inFlight();
    long done = 0;
    while (done < length) {
      int ticket = inFlight.enter();
      long moved;
      try {
        moved = step(command, done);
      } finally {
        inFlight.leave(ticket);
      }
      if (moved < 0) {
        return (int) -moved;
      }
      done += moved;
    }
    return EngineRegisters.OK;
  }

  /** Carries out as much as lies in one page on either side: the bytes, or minus the outcome. */
  private long step(int command, long done) {
    boolean reads = command != EngineRegisters.FILL;
    boolean writes = command != EngineRegisters.COMPARE;
    long size = Math.min(length - done, PIECE);
    long from = 0;
    if (reads) {
      long answer = checked(requester.translate(pid, source + done, false), source + done);
      if (answer < 0) {
        return -EngineRegisters.FAULTED;
      }
      from = TranslationAgent.hostAddress(answer, source + done);
      size = Math.min(size, restOfPage(answer, source + done));
    }
    long answer = checked(requester.translate(pid, target + done, writes), target + done);
    if (answer < 0) {
      return -EngineRegisters.FAULTED;
    }
    long to = TranslationAgent.hostAddress(answer, target + done);
    size = Math.min(size, restOfPage(answer, target + done));
    MemorySegment into = route.to(to, size, writes).orElse(null);
    MemorySegment out = reads ? route.to(from, size, false).orElse(null) : into;
    if (into == null || out == null) {
      place = into == null ? target + done : source + done;
      return -EngineRegisters.UNREACHABLE;
    }
    return act(command, done, size, out, into);
  }

  private long act(int command, long done, long size, MemorySegment out, MemorySegment into) {
    switch (command) {
      case EngineRegisters.COPY -> into.copyFrom(out);
      case EngineRegisters.FILL -> fill(into);
      default -> {
        long differs = out.mismatch(into);
        if (differs >= 0) {
          place = source + done + differs;
          return -EngineRegisters.DIFFERS;
        }
      }
    }
    return size;
  }

  private void fill(MemorySegment segment) {
    for (long at = 0; at < segment.byteSize(); at += 4) {
      segment.set(WORD, at, pattern);
    }
  }

  private static long restOfPage(long answer, long at) {
    long page = 1L << TranslationAgent.pageShift(answer);
    return page - (at & (page - 1));
  }

  private long checked(long answer, long at) {
    if (answer < 0) {
      fault = (int) -answer;
      place = at;
    }
    return answer;
  }
}
