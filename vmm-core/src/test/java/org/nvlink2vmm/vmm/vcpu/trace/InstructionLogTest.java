package org.nvlink2vmm.vmm.vcpu.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;

/**
 * A thread that counts to ten in r3 and stops: li r3,0; addi r3,r3,1; cmpdi r3,10; bne -8; sc 1.
 */
class InstructionLogTest {
  private static final int RAM = 1 << 20;
  private static final int[] PROGRAM = {0x38600000, 0x38630001, 0x2c23000a, 0x4082fff8, 0x44000022};

  private final List<String> lines = new ArrayList<>();
  private final Partition partition = partition();
  private final Vcpu vcpu = partition.vcpus().getFirst();

  private static Partition partition() {
    AddressSpace space = new AddressSpace("guest", 1L << 62);
    MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
    }
    for (int i = 0; i < PROGRAM.length; i++) {
      space.write(0x1000 + 4L * i, 4, PROGRAM[i], ByteOrder.BIG_ENDIAN);
    }
    Partition partition = new Partition(space, RAM, () -> 0);
    partition.add(Vcpu::stop);
    return partition;
  }

  /** A kernel without symbols. */
  private static KernelSymbols symbols() {
    ByteBuffer file = ByteBuffer.allocate(0x104);
    file.putInt(0, 0x7f454c46).put(4, (byte) 2).put(5, (byte) 2);
    file.putShort(16, (short) 2).putShort(18, (short) 21).putLong(24, 0x1000).putLong(32, 64);
    file.putShort(54, (short) 56).putShort(56, (short) 1);
    file.putInt(64, 1).putLong(72, 0x100).putLong(80, 0x1000).putLong(88, 0x1000);
    file.putLong(96, 4).putLong(104, 4);
    return new KernelSymbols(ElfImage.of("guest", file));
  }

  private void run(InstructionWindow window) {
    vcpu.reset(0x1000, false);
    try (InstructionLog _ = InstructionLog.of(window, symbols(), partition, lines::add)) {
      vcpu.run();
    }
    assertThat(vcpu.gpr(3)).isEqualTo(10);
  }

  @Test
  void aLineNamesTheInstructionAndWhatItChanged() {
    run(InstructionWindow.after(0, 4));
    assertThat(lines)
        .containsExactly(
            "cpu 0 0 0000000000001000 - 38600000 addi",
            "cpu 0 1 0000000000001004 - 38630001 addi r3=1",
            "cpu 0 2 0000000000001008 - 2c23000a cmpdi cr=80000000",
            "cpu 0 3 000000000000100c - 4082fff8 bc");
  }

  @Test
  void aWindowBeginsAfterANumberOfInstructions() {
    run(InstructionWindow.after(28, 1000));
    assertThat(lines)
        .containsExactly(
            "cpu 0 28 0000000000001004 - 38630001 addi r3=a",
            "cpu 0 29 0000000000001008 - 2c23000a cmpdi cr=20000000",
            "cpu 0 30 000000000000100c - 4082fff8 bc",
            "cpu 0 31 0000000000001010 - 44000022 sc");
  }

  @Test
  void aWindowBeginsAtAPlaceAndOnlyOnce() {
    run(InstructionWindow.at(0x100c, false, 2));
    assertThat(lines)
        .containsExactly(
            "cpu 0 3 000000000000100c - 4082fff8 bc",
            "cpu 0 4 0000000000001004 - 38630001 addi r3=2");
  }

  @Test
  void aFunctionMayBeEnteredBehindItsGlobalEntryPoint() {
    run(InstructionWindow.at(0xffc, true, 1));
    assertThat(lines).containsExactly("cpu 0 1 0000000000001004 - 38630001 addi r3=1");
  }

  @Test
  void aWindowThatIsNeverReachedIsEmpty() {
    run(InstructionWindow.after(1000, 1));
    assertThat(lines).isEmpty();
  }
}
