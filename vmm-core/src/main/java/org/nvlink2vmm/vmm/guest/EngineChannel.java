package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.Optional;

/**
 * A channel of the test engine in a GPU's BAR 0. The engine is this project's own, not NVIDIA's;
 * its registers are described with the V100's model (class EngineRegisters). 32 bits,
 * little-endian.
 */
record EngineChannel(GuestMachine machine, long gpa) {
  /** Channels of a GPU. */
  static final int CHANNELS = 16;

  private static final long BASE = 0xf0_0000;
  private static final long CHANNEL_SIZE = 0x1000;
  private static final int MAGIC = 0x4e32_5645;

  private static final int ID = 0x00;
  private static final int PID = 0x10;
  private static final int SOURCE = 0x18;
  private static final int TARGET = 0x20;
  private static final int LENGTH = 0x28;
  private static final int PATTERN = 0x2c;
  private static final int COMMAND = 0x30;
  private static final int STATUS = 0x34;
  private static final int FAULT = 0x38;
  private static final int PLACE = 0x40;
  private static final int HITS = 0x48;
  private static final int MISSES = 0x4c;
  private static final int DROPPED = 0x50;

  private static final int COPY = 1;
  private static final int FILL = 2;
  private static final int COMPARE = 3;
  private static final int DONE = 1 << 30;
  private static final int OUTCOME = 0xf;

  /** No command takes that long. */
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  /** How a command ended. */
  enum Outcome {
    OK,
    FAULTED,
    DIFFERS,
    BAD_COMMAND,
    UNREACHABLE,
    /** No outcome that is known, or none in time. */
    STUCK
  }

  private static final Outcome[] OUTCOMES = Outcome.values();

  /** Of a GPU's translation cache, since its reset; each wraps at 2^32. */
  record Counters(long hits, long misses, long dropped) {
    /** What was added since then. */
    Counters since(Counters start) {
      return new Counters(
          hits - start.hits & 0xffff_ffffL,
          misses - start.misses & 0xffff_ffffL,
          dropped - start.dropped & 0xffff_ffffL);
    }

    Counters plus(Counters other) {
      return new Counters(hits + other.hits, misses + other.misses, dropped + other.dropped);
    }
  }

  /** Empty when the GPU has no test engine. */
  static Optional<EngineChannel> of(GuestMachine machine, GuestFunction gpu, int channel) {
    return gpu.bar(0)
        .filter(GuestBar::isPlaced)
        .map(bar -> new EngineChannel(machine, bar.gpa() + BASE + channel * CHANNEL_SIZE))
        .filter(found -> (int) found.read(ID) == MAGIC);
  }

  Outcome copy(int pid, long source, long target, int length) {
    word(SOURCE, source);
    return run(COPY, pid, target, length);
  }

  Outcome fill(int pid, long target, int length, int pattern) {
    machine.store(gpa + PATTERN, 4, pattern, LITTLE_ENDIAN);
    return run(FILL, pid, target, length);
  }

  Outcome compare(int pid, long source, long target, int length) {
    word(SOURCE, source);
    return run(COMPARE, pid, target, length);
  }

  /** The reason of the last fault, as a number, and the address that faulted or differs. */
  String trouble() {
    return "fault %d at 0x%x".formatted(read(FAULT), read(PLACE) | read(PLACE + 4) << 32);
  }

  Counters counters() {
    return new Counters(read(HITS), read(MISSES), read(DROPPED));
  }

  private Outcome run(int command, int pid, long target, int length) {
    machine.store(gpa + PID, 4, pid, LITTLE_ENDIAN);
    word(TARGET, target);
    machine.store(gpa + LENGTH, 4, length, LITTLE_ENDIAN);
    machine.store(gpa + COMMAND, 4, command, LITTLE_ENDIAN);
    long start = machine.nanoTime();
    long status = read(STATUS);
    while ((status & DONE) == 0) {
      if (machine.nanoTime() - start > PATIENCE_NANOS) {
        return Outcome.STUCK;
      }
      status = read(STATUS);
    }
    int outcome = (int) status & OUTCOME;
    return outcome < OUTCOMES.length ? OUTCOMES[outcome] : Outcome.STUCK;
  }

  private void word(int register, long value) {
    machine.store(gpa + register, 4, value & 0xffff_ffffL, LITTLE_ENDIAN);
    machine.store(gpa + register + 4, 4, value >>> 32, LITTLE_ENDIAN);
  }

  private long read(int register) {
    return machine.load(gpa + register, 4, LITTLE_ENDIAN);
  }
}
