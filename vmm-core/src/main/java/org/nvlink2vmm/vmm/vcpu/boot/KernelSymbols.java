package org.nvlink2vmm.vmm.vcpu.boot;

import java.util.Optional;
import java.util.OptionalLong;

/** Names for the addresses of a running kernel: also for those at which it runs in real mode. */
public final class KernelSymbols {
  /** Where Linux maps memory; its symbols are linked for there (Linux asm/page.h, PAGE_OFFSET). */
  private static final long KERNEL_BASE = 0xc000000000000000L;

  private final ElfImage kernel;

  public KernelSymbols(ElfImage kernel) {
    this.kernel = kernel;
  }

  /** "name+0x10" of the symbol at or before an effective address. */
  public Optional<String> at(long ea) {
    return kernel.symbolAt(ea).or(() -> kernel.symbolAt(ea | KERNEL_BASE));
  }

  /** The address of a symbol, as linked. */
  public OptionalLong addressOf(String symbol) {
    return kernel.addressOf(symbol);
  }

  /** An address with its name behind it, if it has one. */
  public String place(long ea) {
    String hex = ElfImage.hex(ea);
    return at(ea).map(name -> hex + " (" + name + ")").orElse(hex);
  }
}
