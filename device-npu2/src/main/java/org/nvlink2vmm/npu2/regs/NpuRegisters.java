package org.nvlink2vmm.npu2.regs;

import java.nio.ByteOrder;
import java.util.List;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.NtlErrors;
import org.nvlink2vmm.npu2.xts.Xts;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/**
 * The NPU's 16 MiB of registers: an offset is stack (bits 23:20), block (19:16) and register (15:0)
 * (skiboot include/npu2-regs.h, NPU2_REG_OFFSET). 32 and 64 bits, big-endian. Unmodelled registers
 * read 0, drop writes and are counted.
 */
public final class NpuRegisters extends MmioHandler {
  /** Bytes. */
  public static final long SIZE = 0x100_0000;

  /** What the registers take. */
  public static final AccessRules RULES = new AccessRules(4, 8, true, 8, ByteOrder.BIG_ENDIAN);

  private static final int STACK_MISC = 7;
  private static final int STACK_ATSD = 8;
  private static final int STACK_0 = 4;
  private static final int BLOCK_XTS = 1;
  private static final int BLOCK_MISC = 2;
  private static final int BLOCK_CTL = 4;
  private static final int BLOCK_NTL0 = 9;
  private static final int BLOCK_NTL1 = 11;

  private final List<Brick> bricks;
  private final Xts xts;
  private final ErrorRegisters errors;
  private final List<AtsdRegisterSet> atsd;
  private final AccessCounts counts;
  private final int region;

  public NpuRegisters(
      List<Brick> bricks,
      Xts xts,
      ErrorRegisters errors,
      List<AtsdRegisterSet> atsd,
      AccessCounts counts,
      String name) {
    this.errors = errors;
    this.counts = counts;
    region = counts.region(name);
    this.bricks = List.copyOf(bricks);
    this.xts = xts;
    this.atsd = List.copyOf(atsd);
  }

  @Override
  public long read(long offset, int size) {
    int stack = (int) (offset >>> 20) & 0xf;
    int block = (int) (offset >>> 16) & 0xf;
    if (stack == STACK_ATSD && block < atsd.size()) {
      return atsd.get(block).read(offset & 0xffff, size);
    }
    int register = (int) offset & 0xfff8;
    long word = readWord(stack, block, register);
    return size == 8 ? word : word >>> ((offset & 4) == 0 ? 32 : 0) & 0xffff_ffffL;
  }

  private long readWord(int stack, int block, int register) {
    if (stack == STACK_MISC && block == BLOCK_XTS && Xts.isRegister(register)) {
      return xts.readRegister(register);
    }
    if (stack == STACK_MISC && block == BLOCK_MISC && ErrorRegisters.isMisc(register)) {
      return errors.readMisc(register);
    }
    if (isControl(stack, block) && ErrorRegisters.isControl(register)) {
      return errors.readControl(stack - STACK_0, register);
    }
    Brick brick = brick(stack, block);
    if (brick != null) {
      return brick.readNtlu(register);
    }
    brick = brick(stack - STACK_0, block);
    if (brick != null && NtlErrors.isRegister(register)) {
      return brick.errors().read(register);
    }
    counts.unmodelledRead(region, (long) stack << 20 | (long) block << 16 | register, 8, 0);
    return 0;
  }

  @Override
  public void write(long offset, int size, long value) {
    int stack = (int) (offset >>> 20) & 0xf;
    int block = (int) (offset >>> 16) & 0xf;
    if (stack == STACK_ATSD && block < atsd.size()) {
      atsd.get(block).write(offset & 0xffff, size, value);
      return;
    }
    int register = (int) offset & 0xfff8;
    long word =
        size == 8 ? value : merge(readWord(stack, block, register), (offset & 4) == 0, value);
    if (!writeWord(stack, block, register, word)) {
      counts.unmodelledWrite(region, offset, size, value);
    }
  }

  private boolean writeWord(int stack, int block, int register, long word) {
    Brick brick = brick(stack, block);
    Brick ntl = brick(stack - STACK_0, block);
    if (stack == STACK_MISC && block == BLOCK_XTS && Xts.isRegister(register)) {
      xts.writeRegister(register, word);
    } else if (stack == STACK_MISC && block == BLOCK_MISC && ErrorRegisters.isMisc(register)) {
      errors.writeMisc(register, word);
    } else if (isControl(stack, block) && ErrorRegisters.isControl(register)) {
      errors.writeControl(stack - STACK_0, register, word);
    } else if (brick != null) {
      brick.writeNtlu(register, word);
    } else if (ntl != null && NtlErrors.isRegister(register)) {
      ntl.errors().write(register, word);
    } else {
      return false;
    }
    return true;
  }

  private static boolean isControl(int stack, int block) {
    return stack >= STACK_0 && stack < STACK_MISC && block == BLOCK_CTL;
  }

  private static long merge(long old, boolean high, long value) {
    return high
        ? (old & 0xffff_ffffL) | value << 32
        : (old & 0xffff_ffff_0000_0000L) | (value & 0xffff_ffffL);
  }

  /** The brick whose NTL-U block this is, or NTL block four stacks further; null for another. */
  private Brick brick(int stack, int block) {
    if (stack < 0 || stack > 2 || (block != BLOCK_NTL0 && block != BLOCK_NTL1)) {
      return null;
    }
    return bricks.get(2 * stack + (block == BLOCK_NTL1 ? 1 : 0));
  }
}
