package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Random programs leave the same registers, memory and instruction count whether interpreted or
 * compiled. {@code -Dvcpu.programs=N} runs more of them and prints how much was compared.
 */
class RandomProgramsTest {
  private static final int PROGRAMS = 120;
  private static final long SEED = 20261125;
  private static final long CODE = 0x40000;
  private static final long DATA = 0x80000;
  private static final long PROCESS_TABLE = 0x10000;
  private static final long ROOT = 0x20000;
  private static final long LEVEL_2 = 0x30000;
  private static final long LEVEL_3 = 0x31000;
  private static final long LEVEL_4 = 0x32000;
  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long READ = 4;
  private static final long WRITE = 2;

  private static final int[] VECTORS = {0x300, 0x380, 0x600, 0x700, 0x800};

  /** mtsprg0 r0; mfsrr0 r0; addi r0,r0,4; mtsrr0 r0; mfsprg0 r0; rfid: goes on behind a fault. */
  private static final List<Integer> SKIP =
      List.of(0x7c1043a6, 0x7c1a02a6, 0x60000000, 0x30000004, 0x7c1a03a6, 0x7c1042a6, 0x4c000024);

  private static final long[] EDGES = {
    0,
    1,
    -1,
    Long.MIN_VALUE,
    Long.MAX_VALUE,
    0x7fffffff,
    0x80000000L,
    0xffffffffL,
    0x100000000L,
    0x0123456789abcdefL,
    31,
    32,
    63,
    64,
    127,
    DATA,
    DATA + 0xfffd,
    DATA + 0x10004
  };

  /** How a program starts: byte order, width, and where in a page. */
  private record Start(boolean littleEndian, boolean wide, long pc) {}

  private static void put(TestGuest guest, long gpa, long entry) {
    guest.space.write(gpa, 8, entry, ByteOrder.BIG_ENDIAN);
  }

  /** Effective addresses from DATA on are 64 KiB to write, then 64 KiB to read. */
  private static void map(TestGuest guest) {
    put(guest, PROCESS_TABLE, 2L << 61 | 5 << 5 | ROOT | 13);
    put(guest, ROOT, VALID | LEVEL_2 | 9);
    put(guest, LEVEL_2, VALID | LEVEL_3 | 9);
    put(guest, LEVEL_3, VALID | LEVEL_4 | 5);
    put(guest, LEVEL_4 + 8 * (DATA >>> 16), VALID | LEAF | DATA | READ | WRITE);
    put(guest, LEVEL_4 + 8 * (DATA >>> 16) + 8, VALID | LEAF | DATA + 0x10000 | READ);
    guest.cpu.processTable(PROCESS_TABLE, 0);
  }

  private static void load(TestGuest guest, long gpa, List<Integer> words, ByteOrder order) {
    for (int i = 0; i < words.size(); i++) {
      guest.space.write(gpa + 4L * i, 4, words.get(i), order);
    }
  }

  private static TestGuest run(RandomProgram program, Start start, long seed, ExecutionMode mode) {
    TestGuest guest = new TestGuest();
    guest.partition.executionMode(mode);
    map(guest);
    ByteOrder order = start.littleEndian() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    for (int vector : VECTORS) {
      load(guest, vector, SKIP, order);
    }
    guest.cpu.interruptsLittleEndian(start.littleEndian());
    // mtmsrd r3, and the program.
    guest.space.write(start.pc(), 4, 0x7c600164, order);
    load(guest, start.pc() + 4, program.words(), order);
    guest.cpu.reset(start.pc(), start.littleEndian());
    SplittableRandom random = new SplittableRandom(seed);
    for (int r = 0; r < 28; r++) {
      boolean edge = random.nextInt(3) != 0;
      guest.cpu.gpr(r, edge ? EDGES[random.nextInt(EDGES.length)] : random.nextLong());
    }
    guest.cpu.gpr(3, (start.wide() ? Msr.SF : 0) | Msr.ME | Msr.DR);
    guest.cpu.gpr(26, random.nextInt(64) - 32);
    guest.cpu.gpr(27, 8L * random.nextInt(16));
    guest.cpu.gpr(28, DATA + 0x8000 + random.nextInt(256));
    guest.cpu.gpr(29, DATA + 0xfff0 + random.nextInt(16));
    guest.cpu.cr(random.nextInt());
    guest.cpu.xer(random.nextLong());
    guest.cpu.run();
    return guest;
  }

  private static List<String> registers(Vcpu cpu) {
    List<String> text = new ArrayList<>();
    for (int r = 0; r < 32; r++) {
      text.add(String.format("r%d=%x", r, cpu.gpr(r)));
    }
    text.add(String.format("cr=%x xer=%x lr=%x", cpu.cr(), cpu.xer(), cpu.lr()));
    text.add(
        String.format("ctr=%x pc=%x msr=%x dar=%x", cpu.ctr(), cpu.pc(), cpu.msr(), cpu.dar()));
    text.add("instructions=" + cpu.instructions());
    return text;
  }

  private static List<String> differences(Vcpu interpreted, Vcpu compiled) {
    List<String> expected = registers(interpreted);
    List<String> found = registers(compiled);
    return IntStream.range(0, expected.size())
        .filter(i -> !expected.get(i).equals(found.get(i)))
        .mapToObj(i -> expected.get(i) + " compiled: " + found.get(i))
        .toList();
  }

  @Test
  void compiledCodeLeavesWhatTheInterpreterLeaves() {
    int programs = Integer.getInteger("vcpu.programs", PROGRAMS);
    BitSet operations = new BitSet();
    long instructions = 0;
    for (int i = 0; i < programs; i++) {
      long seed = SEED + i;
      SplittableRandom random = new SplittableRandom(seed);
      Start start =
          new Start(
              random.nextInt(3) == 0, random.nextInt(4) != 0, CODE + 4L * random.nextInt(1024));
      RandomProgram program = new RandomProgram(seed, i % 2 == 0 ? 60 : 8);
      operations.or(program.operations());
      TestGuest interpreted = run(program, start, seed, ExecutionMode.INTERPRET);
      TestGuest compiled = run(program, start, seed, ExecutionMode.COMPILE);
      assertThat(interpreted.partition.compiledBlocks()).isZero();
      assertThat(compiled.partition.compiledBlocks()).isPositive();
      assertThat(differences(interpreted.cpu, compiled.cpu))
          .as("seed %d, %s", seed, start)
          .isEmpty();
      assertThat(compiled.ram.mismatch(interpreted.ram)).as("seed %d, memory", seed).isEqualTo(-1);
      instructions += interpreted.cpu.instructions();
    }
    assertThat(operations.cardinality()).isGreaterThan(Op.COUNT * 3 / 4);
    if (Integer.getInteger("vcpu.programs") != null) {
      System.out.printf(
          "%d random programs, %d operations, %d instructions compared, mismatches 0%n",
          programs, operations.cardinality(), instructions);
    }
  }
}
