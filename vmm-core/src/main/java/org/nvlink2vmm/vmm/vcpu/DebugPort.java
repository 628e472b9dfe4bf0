package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * What debuggers, traces and reports may do to one thread: see every instruction before it
 * executes, hold it there, read and write what is not in {@link Vcpu} itself, and look at memory
 * the way the thread sees it, without a trace of having looked.
 *
 * <p>Registers and memory are read and written while the thread is held or does not run. While an
 * observer is set, instructions are interpreted one by one.
 */
public final class DebugPort {
  private final Vcpu vcpu;
  private final Storage storage;
  private final Registers registers;
  private final Privileged privileged;
  private final List<InstructionTrace> observers = new ArrayList<>();
  private volatile InstructionTrace observer = InstructionTrace.NONE;
  private volatile boolean observed;
  private volatile boolean masked;

  DebugPort(Vcpu vcpu, Storage storage, Registers registers, Privileged privileged) {
    this.vcpu = vcpu;
    this.storage = storage;
    this.registers = registers;
    this.privileged = privileged;
  }

  // Observing.

  /** Calls an observer for every instruction from now on, behind those that are there. */
  public synchronized void add(InstructionTrace trace) {
    if (!observers.contains(trace)) {
      observers.add(trace);
      observe();
    }
  }

  /** Calls it no longer. */
  public synchronized void remove(InstructionTrace trace) {
    if (observers.remove(trace)) {
      observe();
    }
  }

  private void observe() {
    observer = observers.stream().reduce(InstructionTrace::and).orElse(InstructionTrace.NONE);
    observed = !observers.isEmpty();
    vcpu.nudge();
  }

  /** Whether instructions go one by one, past its observer. */
  boolean observed() {
    return observed;
  }

  InstructionTrace observer() {
    return observer;
  }

  /** Keeps external and decrementer interrupts pending, whatever MSR[EE] says. */
  public void maskInterrupts(boolean mask) {
    masked = mask;
  }

  boolean masked() {
    return masked;
  }

  /**
   * Waits inside of an {@link InstructionTrace} until {@code held} says no; looked at again after
   * each {@link Vcpu#nudge}. Other threads of the guest do not wait for this one meanwhile. Ends
   * when the thread is stopped.
   */
  public void hold(BooleanSupplier held) {
    vcpu.rest(held);
  }

  /**
   * An interrupt that was taken.
   *
   * @param vector offset of the handler, as in the Power ISA
   * @param pc effective address where it was taken: of the instruction at fault, or to be executed
   *     next
   * @param dar the data address register then
   * @param times how often in a row it was taken there
   */
  public record Interrupt(int vector, long pc, long dar, long times) {}

  /** The last few interrupts, system calls left out, the oldest first. */
  public List<Interrupt> interrupts() {
    return privileged.log.list();
  }

  // Registers.

  /**
   * @param number of a special purpose register, 0-1023
   */
  public long spr(int number) {
    return registers.read(number & 0x3ff);
  }

  /** As mtspr writes; ignored where that is. */
  public void spr(int number, long value) {
    registers.write(number & 0x3ff, value);
  }

  /** As rfid sets it: bits that no guest may change stay. */
  public void msr(long value) {
    privileged.setMsr(value);
  }

  // Memory.

  /**
   * Copies bytes at an effective address; no device is touched.
   *
   * @return how many of them, from the first, are mapped memory
   */
  public int read(long ea, MemorySegment into) {
    AddressSpace space = vcpu.partition().space();
    int done = 0;
    while (done < into.byteSize()) {
      int size = inPage(ea + done, into.byteSize() - done);
      long gpa = memory(ea + done, size);
      if (gpa < 0) {
        break;
      }
      space.readBytes(gpa, into.asSlice(done, size));
      done += size;
    }
    return done;
  }

  /** Writes bytes at an effective address: all of them, or none when not all of it is memory. */
  public boolean write(long ea, MemorySegment from) {
    for (long at = 0; at < from.byteSize(); at += inPage(ea + at, from.byteSize() - at)) {
      if (memory(ea + at, inPage(ea + at, from.byteSize() - at)) < 0) {
        return false;
      }
    }
    int done = 0;
    while (done < from.byteSize()) {
      int size = inPage(ea + done, from.byteSize() - done);
      long gpa = memory(ea + done, size);
      vcpu.partition().space().writeBytes(gpa, from.asSlice(done, size));
      vcpu.partition().written(gpa, size);
      done += size;
    }
    return true;
  }

  /** The instruction word at an effective address, 0 to 2^32 - 1; -1 when there is none. */
  public long word(long ea) {
    long gpa = memory(ea & ~3L, 4);
    return gpa < 0 ? -1 : vcpu.partition().space().read(gpa, 4, storage.order());
  }

  /** The doubleword at an aligned effective address; {@code absent} if there is none. */
  public long doubleword(long ea, ByteOrder order, long absent) {
    long gpa = (ea & 7) == 0 ? memory(ea, 8) : -1;
    return gpa < 0 ? absent : vcpu.partition().space().read(gpa, 8, order);
  }

  /**
   * The guest-physical address of {@code size} bytes of memory, in one page of 4 KiB; negative when
   * they are not mapped, or not memory.
   */
  public long memory(long ea, int size) {
    long gpa = storage.observedAddress(ea);
    return gpa >= 0 && vcpu.partition().space().segment(gpa, size).isPresent() ? gpa : -1;
  }

  private static int inPage(long ea, long left) {
    return (int) Math.min(left, 4096 - (ea & 4095));
  }
}
