package org.nvlink2vmm.it.ats;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.ats.RadixTables.CHANGE;
import static org.nvlink2vmm.it.ats.RadixTables.PRIVILEGED;
import static org.nvlink2vmm.it.ats.RadixTables.READ;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;
import static org.nvlink2vmm.it.ats.RadixTables.REFERENCE;

import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.ats.TranslationAgent.Fault;
import org.nvlink2vmm.vmm.device.DeviceOptions;

/** A guest's data moves by effective addresses, and translations are refused as tables say. */
final class AtsPathTest {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long OTHER_VA = 0x7100_0000_0000L;
  private static final int OK = 0;
  private static final int FAULTED = 1;
  private static final int DIFFERS = 2;
  private static final int BAD = 3;
  private static final int UNREACHABLE = 4;

  private AtsWorld world;

  @BeforeEach
  void start() {
    world =
        new AtsWorld(
            new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
            function -> DeviceOptions.none(function.toString()));
    world.tables.process(PID);
  }

  @AfterEach
  void stop() {
    world.close();
  }

  @ParameterizedTest(name = "pages of 2^{0} bytes")
  @CsvSource({"12, 0x1000", "16, 0x10000", "21, 0x200000"})
  void dataMovesFromSystemMemoryToGpuMemoryAndBack(int shift, String start) {
    world.train(0);
    long gpa = Long.decode(start);
    world.tables.map(PID, VA, shift, gpa, READ_WRITE);
    world.tables.map(PID, OTHER_VA, shift, AtsWorld.GPU_GPA, READ_WRITE);
    world.guest.write(gpa + 0x123, 8, 0x1122334455667788L, ByteOrder.LITTLE_ENDIAN);

    assertThat(world.copy(0, PID, VA + 0x100, OTHER_VA + 0x200, 0x80)).isEqualTo(OK);
    assertThat(world.compare(0, PID, VA + 0x100, OTHER_VA + 0x200, 0x80)).isEqualTo(OK);

    long base = world.gpus.get(0).memory().orElseThrow().window().orElseThrow().base();
    assertThat(world.host.physical().read(base + 0x223, 8, ByteOrder.LITTLE_ENDIAN))
        .isEqualTo(0x1122334455667788L);
    assertThat(world.fill(0, PID, VA, 0x100, 0xabcd)).isEqualTo(OK);
    assertThat(world.guest.read(gpa + 4, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(0xabcd);
    assertThat(world.compare(0, PID, VA, OTHER_VA, 0x100)).isEqualTo(DIFFERS);
    assertThat(world.register(0, 0, 0x40)).isZero();
  }

  @Test
  void aGigabytePageReachesGpuMemory() {
    world.train(0);
    world.tables.map(PID, VA, 30, AtsWorld.GPU_GPA + (1L << 30), READ_WRITE);

    assertThat(world.fill(0, PID, VA + (777L << 20), 1 << 20, 7)).isEqualTo(OK);

    long base = world.gpus.get(0).memory().orElseThrow().window().orElseThrow().base();
    long at = base + (1L << 30) + (777L << 20);
    assertThat(world.host.physical().read(at, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(7);
    assertThat(world.register(0, 0, 0x4c)).as("one translation").isEqualTo(1);
  }

  @Test
  void aCopyGoesAcrossPagesThatLieApart() {
    world.train(0);
    for (int i = 0; i < 4; i++) {
      world.tables.map(PID, VA + i * 0x10000L, 16, 0x300000L - i * 0x10000L, READ_WRITE);
      world.tables.map(PID, OTHER_VA + i * 0x1000L, 12, 0x500000L + i * 0x3000L, READ_WRITE);
    }
    assertThat(world.fill(0, PID, VA, 0x40000, 0x5a5a)).isEqualTo(OK);

    assertThat(world.copy(0, PID, VA + 0xf000, OTHER_VA, 0x4000)).isEqualTo(OK);

    assertThat(world.guest.read(0x506ffcL, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(0x5a5a);
    assertThat(world.guest.read(0x509ffcL, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(0x5a5a);
    assertThat(world.guest.read(0x507000L, 4, ByteOrder.LITTLE_ENDIAN)).isZero();
  }

  @Test
  void dataMovesToAPeerOverADirectLinkOnceBothEndsAreTrained() {
    world.train(0);
    world.tables.map(PID, VA, 16, AtsWorld.GPU_GPA, READ_WRITE);
    world.tables.map(PID, OTHER_VA, 16, AtsWorld.GPU_GPA + AtsWorld.GPU_STRIDE, READ_WRITE);
    assertThat(world.fill(0, PID, VA, 0x1000, 99)).isEqualTo(OK);

    assertThat(world.copy(0, PID, VA, OTHER_VA, 0x1000))
        .as("no link, and the peer's links to the NPU are down")
        .isEqualTo(UNREACHABLE);
    world.register(0, 0, 0x60, 0x3f);
    assertThat(world.register(0, 0, 0x60)).isZero();
    world.register(1, 0, 0x60, 0x3f);
    assertThat(world.register(0, 0, 0x60)).isEqualTo(0x15);

    assertThat(world.copy(0, PID, VA, OTHER_VA, 0x1000)).isEqualTo(OK);
    assertThat(world.compare(0, PID, VA, OTHER_VA, 0x1000)).isEqualTo(OK);
  }

  @Test
  void referenceAndChangeBitsAreSetByTheNestMmu() {
    world.train(0);
    world.tables.map(PID, VA, 16, 0x10000, READ_WRITE);

    assertThat(world.command(0, 0, 4, PID, VA, 0, 0)).isEqualTo(OK);
    assertThat(world.tables.leaf(PID, VA, 16) & (REFERENCE | CHANGE)).isEqualTo(REFERENCE);
    assertThat(world.command(0, 0, 5, PID, 0, VA, 0)).isEqualTo(OK);
    assertThat(world.tables.leaf(PID, VA, 16) & (REFERENCE | CHANGE)).isEqualTo(REFERENCE | CHANGE);
  }

  @Test
  void faultsNameTheReasonAndTheAddress() {
    world.train(0);
    world.tables.map(PID, VA, 16, 0x10000, READ);
    world.tables.map(PID, VA + 0x10000, 16, 0x20000, READ_WRITE | PRIVILEGED);
    world.tables.map(PID, VA + 0x20000, 16, AtsWorld.RAM_SIZE, READ_WRITE);
    world.tables.map(PID, VA + 0x30000, 16, 0x30000, 0);
    long table = world.tables.entry(PID, OTHER_VA, 21);
    world.tables.store(table, 0x8000_0000_0000_0000L | 0x100000L | 7);

    expectFault(Fault.NO_PERMISSION, world.fill(0, PID, VA, 4, 0), VA);
    expectFault(Fault.PRIVILEGE, touch(PID, VA + 0x10000), VA + 0x10000);
    expectFault(Fault.OUT_OF_PARTITION, touch(PID, VA + 0x20000), VA + 0x20000);
    expectFault(Fault.NO_PERMISSION, touch(PID, VA + 0x30000), VA + 0x30000);
    expectFault(Fault.NOT_PRESENT, touch(PID, VA + 0x50000), VA + 0x50000);
    expectFault(Fault.BAD_TREE, touch(PID, OTHER_VA), OTHER_VA);
    expectFault(Fault.NO_PROCESS, touch(PID + 1, VA), VA);
    expectFault(Fault.NO_PROCESS, touch(0xfffff, VA), VA);
    expectFault(Fault.NOT_PRESENT, touch(PID, 1L << 52), 1L << 52);
    world.host.npuOf(world.gpus.get(0).bdf()).orElseThrow().unregisterPartition(AtsWorld.LPID);
    expectFault(Fault.BAD_PROCESS_TABLE, touch(PID, VA), VA);
    world.npu(world.gpus.get(0)).opal().destroyContext(world.gpus.get(0).bdf().bdfn());
    expectFault(Fault.NO_PROCESS, touch(PID, VA), VA);
    world.npu(world.gpus.get(0)).opal().mapLpar(world.gpus.get(0).bdf().bdfn(), 1, 0);
    expectFault(Fault.NO_CONTEXT, touch(PID, VA), VA);
  }

  @Test
  void anUntrainedLinkCarriesNoTranslation() {
    world.tables.map(PID, VA, 16, 0x10000, READ_WRITE);

    expectFault(Fault.LINK_DOWN, touch(PID, VA), VA);
  }

  @Test
  void aShootdownWaitsForTheLinkOfEveryGpuThatHasTheGuest() {
    world.train(0);
    world.atsdStore(0, 0, AtsWorld.launch(PID, 5));

    assertThat(world.atsdStat(0)).as("GPU 1 of the same NPU was never trained").isNotZero();
    world.train(1);

    assertThat(world.atsdStat(0)).isZero();
  }

  @Test
  void aBusResetOfTheGpuFencesItsLinksAndEmptiesItsCache() {
    world.trainAll();
    world.tables.map(PID, VA, 16, AtsWorld.GPU_GPA, READ_WRITE);
    assertThat(world.fill(0, PID, VA, 16, 0x77)).isEqualTo(OK);
    long base = world.gpus.get(0).memory().orElseThrow().window().orElseThrow().base();
    assertThat(world.host.physical().read(base, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(0x77);

    world.device(0).reset();

    assertThat(world.host.physical().read(base, 4, ByteOrder.LITTLE_ENDIAN))
        .isEqualTo(0xffff_ffffL);
    expectFault(Fault.LINK_DOWN, touch(PID, VA), VA);
    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("load of 4 bytes", "no trained link");
    world.train(0);
    assertThat(touch(PID, VA)).isEqualTo(OK);
    assertThat(world.host.physical().read(base, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(0x77);
  }

  @Test
  void badCommandsAreRefused() {
    assertThat(world.command(0, 0, 9, PID, VA, VA, 4)).isEqualTo(BAD);
    assertThat(world.copy(0, PID, VA, VA, 0)).isEqualTo(BAD);
    assertThat(world.copy(0, PID, VA, VA, -1)).isEqualTo(BAD);
    assertThat(world.copy(0, PID, VA, VA, (16 << 20) + 1)).isEqualTo(BAD);
    assertThat(world.fill(0, PID, VA, 6, 0)).isEqualTo(BAD);
  }

  @Test
  void aStaleTranslationIsUsedUntilItIsShotDown() {
    world.trainAll();
    world.tables.map(PID, VA, 16, 0x10000, READ_WRITE);
    assertThat(world.fill(0, PID, VA, 16, 1)).isEqualTo(OK);
    world.tables.map(PID, VA, 16, 0x20000, READ_WRITE);

    assertThat(world.fill(0, PID, VA, 16, 2)).isEqualTo(OK);
    assertThat(world.guest.read(0x10000, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(2);
    world.shootDown(0, PID, VA, 5);
    assertThat(world.fill(0, PID, VA, 16, 3)).isEqualTo(OK);

    assertThat(world.guest.read(0x10000, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(2);
    assertThat(world.guest.read(0x20000, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(3);
  }

  @ParameterizedTest(name = "AP {0} at +0x{1} drops {2} of the pages of 64K, 2M, 1G")
  @CsvSource({
    "5, 0, 1 0 0", "5, 10000, 0 0 0", "5, 200000, 0 0 0",
    "1, 0, 1 0 0", "1, 200000, 0 1 0", "1, 40000000, 0 0 0",
    "2, 0, 1 1 0", "2, 40000000, 0 0 1"
  })
  void aShootdownDropsThePagesInsideItsBlock(int ap, String offset, String dropped) {
    world.trainAll();
    long[] pages = {VA, VA + 0x200000, VA + 0x40000000L};
    int[] shifts = {16, 21, 30};
    for (int i = 0; i < 3; i++) {
      long gpa = i < 2 ? (long) i << 21 : AtsWorld.GPU_GPA;
      world.tables.map(PID, pages[i], shifts[i], gpa, READ);
      assertThat(touch(PID, pages[i])).isEqualTo(OK);
      world.tables.unmap(PID, pages[i], shifts[i]);
    }

    world.shootDown(0, PID, VA + Long.parseLong(offset, 16), ap);

    String[] gone = dropped.split(" ", -1);
    for (int i = 0; i < 3; i++) {
      assertThat(touch(PID, pages[i])).as("page %d", i).isEqualTo(Integer.parseInt(gone[i]));
    }
  }

  /**
   * GPUs 0 and 1 of one NPU belong to two guests. Who drops its page on a launch through GPU 0's
   * register: whose partition the register has decides, and only the host's reaches everyone.
   */
  @ParameterizedTest(name = "LPARID 0x{0}, launch 0x{1}")
  @CsvSource({
    "2a, 000540000a000000, 0", "2a, 000c00000a000000, 0", "2a, 0014000000000000, 0",
    "2a, 001c000000000000, 0", "2b, 000540000a000000, 1", "2b, 001c000000000000, 1",
    "2c, 001c000000000000, ''", "1000, 000540000a000000, ''", "1000, 0014000000000000, ''",
    "1000, 001c000000000000, 01", "0, 001c000000000000, ''"
  })
  void aLaunchReachesTheGpusOfItsPartition(String lparid, String launch, String dropped) {
    world.trainAll();
    world.giveToAnotherGuest(1, 0x2b);
    world.tables.map(PID, VA, 16, 0x10000, READ);
    for (int gpu = 0; gpu < 2; gpu++) {
      assertThat(world.command(gpu, 0, 4, PID, VA, 0, 0)).isEqualTo(OK);
    }
    world.tables.unmap(PID, VA, 16);
    world.host.physical().write(0x6030200710100L, 8, Long.parseLong(lparid, 16), BIG_ENDIAN);

    world.atsdStore(0, 8, VA);
    world.atsdStore(0, 0, Long.parseLong(launch, 16));

    assertThat(world.atsdStat(0)).isZero();
    StringBuilder gone = new StringBuilder();
    for (int gpu = 0; gpu < 2; gpu++) {
      if (world.command(gpu, 0, 4, PID, VA, 0, 0) == FAULTED) {
        gone.append(gpu);
      }
    }
    assertThat(gone).hasToString(dropped);
  }

  private int touch(int pid, long address) {
    return world.command(0, 0, 4, pid, address, 0, 0);
  }

  private void expectFault(Fault fault, int outcome, long address) {
    assertThat(outcome).isEqualTo(FAULTED);
    assertThat(world.register(0, 0, 0x38)).as("code of %s", fault).isEqualTo(code(fault));
    assertThat(world.register(0, 0, 0x40) | world.register(0, 0, 0x44) << 32).isEqualTo(address);
  }

  private static long code(Fault fault) {
    return -TranslationAgent.answer(fault);
  }
}
