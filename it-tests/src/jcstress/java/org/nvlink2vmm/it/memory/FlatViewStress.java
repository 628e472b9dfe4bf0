package org.nvlink2vmm.it.memory;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Two regions change places in one transaction while a processor looks at both places: it sees the
 * change as a whole, and what it has seen new stays new. Numbers: marks read at the first place, at
 * the second, at the first again.
 */
@JCStressTest
@Outcome(id = "1, 2, 1", expect = ACCEPTABLE, desc = "before the change")
@Outcome(id = "2, 1, 2", expect = ACCEPTABLE, desc = "after it")
@Outcome(id = "1, 2, 2|1, 1, 2", expect = ACCEPTABLE, desc = "it came in between")
@Outcome(expect = FORBIDDEN, desc = "a place that led nowhere, or back to the old view")
@State
public class FlatViewStress {
  private static final MemorySegment ONE = page((byte) 1);
  private static final MemorySegment TWO = page((byte) 2);

  private final AddressSpace space = new AddressSpace("host", 1 << 20);
  private final MemoryRegion one = new MemoryRegion.Ram("one", ONE);
  private final MemoryRegion two = new MemoryRegion.Ram("two", TWO);

  public FlatViewStress() {
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, one).map(space.root(), 0x10000, two);
    }
  }

  private static MemorySegment page(byte mark) {
    return Arena.global().allocate(0x1000).fill(mark);
  }

  @Actor
  public void firmware() {
    try (MemoryTransaction change = space.change()) {
      change.move(space.root(), 0x10000, one).move(space.root(), 0, two);
    }
  }

  @Actor
  public void processor(III_Result result) {
    result.r1 = (int) space.read(0, 1, ByteOrder.LITTLE_ENDIAN);
    result.r2 = (int) space.read(0x10000, 1, ByteOrder.LITTLE_ENDIAN);
    result.r3 = (int) space.read(0, 1, ByteOrder.LITTLE_ENDIAN);
  }
}
