package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * The argument block of one RTAS call: token, counts, arguments, then results, each a big-endian
 * 32-bit cell in guest memory. Arguments beyond those given read as 0, results beyond the space for
 * them are dropped.
 */
public final class RtasArguments {
  private static final int HEADER = 12;

  private final AddressSpace space;
  private final Vcpu vcpu;
  private final long block;
  private final int inputs;
  private final int outputs;

  RtasArguments(AddressSpace space, Vcpu vcpu, long block) {
    this.space = space;
    this.vcpu = vcpu;
    this.block = block;
    this.inputs = word(4);
    this.outputs = word(8);
  }

  private int word(long offset) {
    return (int) space.read(block + offset, 4, ByteOrder.BIG_ENDIAN);
  }

  /** Whether both counts are such as fit a block. */
  boolean plausible() {
    return inputs >= 0 && inputs <= 16 && outputs >= 0 && outputs <= 16;
  }

  int token() {
    return word(0);
  }

  /** The thread that calls. */
  public Vcpu vcpu() {
    return vcpu;
  }

  /** Memory, for calls that are given buffers. */
  public AddressSpace space() {
    return space;
  }

  public int inputs() {
    return inputs;
  }

  public int argument(int index) {
    return index >= 0 && index < inputs ? word(HEADER + 4L * index) : 0;
  }

  /** An argument as an unsigned number, such as an address. */
  public long unsigned(int index) {
    return argument(index) & 0xffffffffL;
  }

  /** Two arguments as one number, the more significant first. */
  public long pair(int index) {
    return unsigned(index) << 32 | unsigned(index + 1);
  }

  /** Whether the block has so many arguments and results. */
  public boolean has(int arguments, int results) {
    return inputs == arguments && outputs == results;
  }

  /** Sets a result; 0 is the status, set by the value that the call returns. */
  public void result(int index, int value) {
    if (index >= 0 && index < outputs) {
      space.write(block + HEADER + 4L * (inputs + index), 4, value, ByteOrder.BIG_ENDIAN);
    }
  }
}
