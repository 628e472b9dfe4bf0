package org.nvlink2vmm.npu2.procedure;

import java.nio.ByteBuffer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * The two registers behind offsets 0x84 and 0x88 of a bridge's configuration space, by which a
 * driver trains the link (skiboot hw/npu2-hw-procedures.c).
 *
 * <p>Writing a number to control starts a procedure; nothing happens until status is read, which
 * runs the steps that are due. A procedure that a read finds still busy a second after its start
 * has failed; one that completes late has succeeded. Several words, so one lock, for readers too:
 * reading status does the work.
 */
public final class ProcedureRegisters {
  private static final long TIMEOUT_NANOS = 1_000_000_000L;

  private final Brick brick;
  private final LongSupplier nanoClock;
  private final IntConsumer wrongCredit;
  private final Object lock = new Object();

  private int number;
  private int step;
  private int status;
  private long started;

  /**
   * @param wrongCredit told the NTL-U offset of a receive credit that procedure 13 finds wrong
   */
  public ProcedureRegisters(Brick brick, LongSupplier nanoClock, IntConsumer wrongCredit) {
    this.brick = brick;
    this.nanoClock = nanoClock;
    this.wrongCredit = wrongCredit;
  }

  /** Reads status (0x84): runs what is due, bits 31 busy, 30 complete, 3:0 code. */
  public int status() {
    synchronized (lock) {
      if ((status & Procedure.COMPLETE) == 0) {
        advance();
      }
      return status;
    }
  }

  /** Reads control (0x88): the last number that was accepted. */
  public int control() {
    synchronized (lock) {
      return number;
    }
  }

  /** Writes control (0x88): starts a procedure, also one that runs already. */
  public void start(int requested) {
    synchronized (lock) {
      if (!Procedure.isSupported(requested)) {
        status = Procedure.COMPLETE | Procedure.UNSUPPORTED;
        return;
      }
      number = requested;
      step = 0;
      status = Procedure.BUSY;
      started = nanoClock.getAsLong();
    }
  }

  /** No procedure runs and none ran, as after power-on. */
  public void clear() {
    synchronized (lock) {
      number = 0;
      step = 0;
      status = 0;
      started = 0;
    }
  }

  /** The procedure that runs, or ran last, as a part of a bridge's state. */
  public StateRecord state() {
    return new Kept();
  }

  private final class Kept implements StateRecord {
    @Override
    public String name() {
      return "train";
    }

    @Override
    public int size() {
      return 24;
    }

    @Override
    public void save(ByteBuffer target) {
      synchronized (lock) {
        target.putInt(number).putInt(step).putInt(status).putInt(0).putLong(started);
      }
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      int at = source.getInt(0);
      boolean sound =
          Procedure.isSupported(at)
              && source.getInt(4) >= 0
              && source.getInt(4) < Procedure.of(at).steps()
              && (source.getInt(8) & ~Procedure.VISIBLE) == 0
              && source.getInt(12) == 0;
      if (!sound) {
        throw new StateException(
            "procedure %d in step %d with status 0x%x"
                .formatted(at, source.getInt(4), source.getInt(8)));
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      synchronized (lock) {
        number = source.getInt();
        step = source.getInt();
        status = source.getInt();
        source.getInt();
        started = source.getLong();
      }
    }
  }

  private void advance() {
    Procedure procedure = Procedure.of(number);
    if (procedure == Procedure.CHECK_CREDITS && brick.wrongCredit() >= 0) {
      wrongCredit.accept(brick.wrongCredit());
    }
    int result = procedure.run(brick, step);
    while ((result & Procedure.NEXT) != 0) {
      step++;
      result = procedure.run(brick, step);
    }
    if ((result & Procedure.COMPLETE) == 0 && nanoClock.getAsLong() - started > TIMEOUT_NANOS) {
      result = Procedure.COMPLETE | Procedure.FAILED;
    }
    status = result & Procedure.VISIBLE;
  }
}
