package org.nvlink2vmm.npu2.atsd;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/** A register set as the 64 KiB page that is mapped for a driver. */
public final class AtsdPage extends MmioHandler {
  /** Register sets, and so pages, of an NPU. */
  public static final int COUNT = 8;

  /** Big-endian, 32 or 64 bits. */
  public static final AccessRules RULES = new AccessRules(4, 8, true, 8, ByteOrder.BIG_ENDIAN);

  private final AtsdRegisterSet registers;

  public AtsdPage(AtsdRegisterSet registers) {
    this.registers = registers;
  }

  @Override
  public long read(long offset, int size) {
    return registers.read(offset, size);
  }

  @Override
  public void write(long offset, int size, long value) {
    registers.write(offset, size, value);
  }
}
