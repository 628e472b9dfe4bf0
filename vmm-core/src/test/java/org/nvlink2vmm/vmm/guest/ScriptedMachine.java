package org.nvlink2vmm.vmm.guest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

/** Memory, registers that answer what a test says, and no PCI functions. */
final class ScriptedMachine implements GuestMachine {
  static final long TREE = 0x10_0000;
  static final int MEMORY = 4 << 20;

  final Map<Long, LongSupplier> registers = new HashMap<>();

  /** Stores outside of memory, as "address=value". */
  final List<String> stores = new ArrayList<>();

  private final AddressSpace space = new AddressSpace("guest", 1L << 50);
  private long clock;

  ScriptedMachine() {
    MemorySegment memory = Arena.ofAuto().allocate(MEMORY, 8);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", memory));
    }
  }

  void put(long gpa, byte[] bytes) {
    space.writeBytes(gpa, MemorySegment.ofArray(bytes));
  }

  @Override
  public long deviceTree() {
    return TREE;
  }

  @Override
  public long load(long gpa, int size, ByteOrder order) {
    LongSupplier register = registers.get(gpa);
    return register == null ? space.read(gpa, size, order) : register.getAsLong();
  }

  @Override
  public void store(long gpa, int size, long value, ByteOrder order) {
    if (gpa < MEMORY) {
      space.write(gpa, size, value, order);
    } else {
      stores.add("%x=%x".formatted(gpa, value));
    }
  }

  @Override
  public long readPciConfig(long buid, int configAddress, int size) {
    return -1L >>> (64 - 8 * size);
  }

  @Override
  public int writePciConfig(long buid, int configAddress, int size, int value) {
    return -3;
  }

  @Override
  public long registerProcessTable(long gpa, int sizeShift) {
    return 0;
  }

  @Override
  public long putTce(long liobn, long iova, long tce) {
    return 0;
  }

  /** A second passes from one look at the clock to the next. */
  @Override
  public long nanoTime() {
    clock += 1_000_000_000L;
    return clock;
  }
}
