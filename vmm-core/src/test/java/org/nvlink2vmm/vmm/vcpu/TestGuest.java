package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

/** One thread with a megabyte of memory, whose hypercall number 0 stops it. */
final class TestGuest {
  static final int RAM = 1 << 20;

  /** sc 1. */
  static final int HYPERCALL = 0x44000022;

  final AddressSpace space = new AddressSpace("guest", 1L << 62);
  final MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
  final AtomicLong clock = new AtomicLong();
  final Partition partition;
  final Vcpu cpu;

  TestGuest() {
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
    }
    partition = new Partition(space, RAM, clock::get);
    cpu = partition.add(Vcpu::stop);
  }

  /** Puts big-endian instructions at an address, followed by the hypercall that stops. */
  TestGuest program(long gpa, int... words) {
    for (int i = 0; i < words.length; i++) {
      space.write(gpa + 4L * i, 4, words[i], ByteOrder.BIG_ENDIAN);
    }
    space.write(gpa + 4L * words.length, 4, HYPERCALL, ByteOrder.BIG_ENDIAN);
    return this;
  }

  /** Runs from an address, in real mode, until the hypercall. */
  Vcpu run(long pc) {
    cpu.reset(pc, false);
    cpu.resume();
    cpu.run();
    return cpu;
  }
}
