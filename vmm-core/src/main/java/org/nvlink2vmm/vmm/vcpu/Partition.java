package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * The threads of one guest and what they share: memory, decoded instructions, the time base.
 * Threads are added before any of them runs.
 */
public final class Partition {
  private final AddressSpace space;
  private final MemorySegment ram;
  private final CodeCache codeCache;
  private final CompiledCode compiledCode;
  private final TimeBase timeBase;
  private final List<Vcpu> vcpus = new ArrayList<>();
  private volatile Runnable whenStuck = () -> {};

  /**
   * @param ramSize bytes of main memory from guest-physical 0, which must be one RAM region
   * @throws IllegalArgumentException when it is not
   */
  public Partition(AddressSpace space, long ramSize, TimeBase timeBase) {
    this.space = space;
    this.timeBase = timeBase;
    this.ram =
        space
            .segment(0, ramSize)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "Guest memory: 0x0 to 0x"
                            + Long.toHexString(ramSize)
                            + " is not one RAM region"));
    this.codeCache = new CodeCache(ram);
    this.compiledCode = new CompiledCode(codeCache);
  }

  public AddressSpace space() {
    return space;
  }

  public long ramSize() {
    return ram.byteSize();
  }

  public TimeBase timeBase() {
    return timeBase;
  }

  /** The threads, in the order of their numbers. */
  public List<Vcpu> vcpus() {
    return List.copyOf(vcpus);
  }

  /** Adds the next thread. */
  public Vcpu add(Hypervisor hypervisor) {
    Vcpu vcpu = new Vcpu(vcpus.size(), this, hypervisor);
    vcpus.add(vcpu);
    return vcpu;
  }

  /**
   * What to do when all threads that were not stopped are {@link Vcpu#stuck}. Called on one of
   * them, possibly again and again.
   */
  public void whenStuck(Runnable action) {
    whenStuck = action;
  }

  void noticeStuck() {
    for (int i = 0; i < vcpus.size(); i++) {
      if (!vcpus.get(i).stopped() && !vcpus.get(i).stuck()) {
        return;
      }
    }
    whenStuck.run();
  }

  /** To be told of bytes that were not written by a thread: instructions there are read anew. */
  public void written(long gpa, long size) {
    if (gpa >= 0 && size > 0 && gpa < ram.byteSize()) {
      codeCache.written(gpa, Math.min(size, ram.byteSize() - gpa));
    }
  }

  /** How instructions are executed from now on; {@link ExecutionMode#AUTO} at first. */
  public void executionMode(ExecutionMode mode) {
    compiledCode.mode(mode);
  }

  public ExecutionMode executionMode() {
    return compiledCode.mode();
  }

  /** Blocks of guest code that were compiled so far. */
  public long compiledBlocks() {
    return compiledCode.compiled();
  }

  MemorySegment ram() {
    return ram;
  }

  CodeCache codeCache() {
    return codeCache;
  }

  CompiledCode compiledCode() {
    return compiledCode;
  }

  void invalidate(Vcpu from) {
    for (int i = 0; i < vcpus.size(); i++) {
      if (vcpus.get(i) != from) {
        vcpus.get(i).forgetTranslations();
      }
    }
  }

  /** Waits for the others, serving them meanwhile: they may be waiting for this one. */
  void await(Vcpu from) {
    for (int i = 0; i < vcpus.size(); i++) {
      while (vcpus.get(i) != from && vcpus.get(i).forgets() && !from.stopped()) {
        from.attend();
        Thread.onSpinWait();
      }
    }
  }
}
