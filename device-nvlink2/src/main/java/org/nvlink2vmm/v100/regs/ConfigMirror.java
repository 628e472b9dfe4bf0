package org.nvlink2vmm.v100.regs;

import org.nvlink2vmm.vmm.memory.MmioHandler;

/** Configuration space, seen in BAR 0 at 0x088000. */
final class ConfigMirror extends Unit {
  static final int BASE = 0x088000;

  private final MmioHandler config;

  ConfigMirror(MmioHandler config) {
    super("XVE");
    this.config = config;
  }

  @Override
  protected long read(int offset, int size) {
    return config.read(offset - BASE, size);
  }

  @Override
  protected void write(int offset, int size, int value) {
    config.write(offset - BASE, size, value);
  }
}
