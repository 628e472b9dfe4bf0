package org.nvlink2vmm.npu2.atsd;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/** A register set as the 64 KiB page that is mapped for a driver. */
public final class AtsdPage extends MmioHandler {
  /** Register sets, and so pages, of an NPU. */
  public static final int COUNT = 8;

  /** Big-endian, 32 or 64 bits. */
  public static final AccessRules RULES = new AccessRules(4, 8, true, 8, ByteOrder.BIG_ENDIAN);

  private final AtsdRegisterSet registers;
  private final AccessCounts counts;
  private final int region;

  /**
   * @param counts told of every read, so that a driver which polls STAT in vain is noticed
   * @param name for the report
   */
  public AtsdPage(AtsdRegisterSet registers, AccessCounts counts, String name) {
    this.registers = registers;
    this.counts = counts;
    region = counts.region(name);
  }

  @Override
  public long read(long offset, int size) {
    long value = registers.read(offset, size);
    counts.polled(region, offset, size, value);
    return value;
  }

  @Override
  public void write(long offset, int size, long value) {
    counts.written();
    registers.write(offset, size, value);
  }
}
