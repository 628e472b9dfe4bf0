package org.nvlink2vmm.it.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;

import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceOptions;

/** Each mistake that drivers are known to make with shootdowns is named in the report. */
final class AtsMistakesTest {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long OTHER_VA = 0x7000_0020_0000L;

  private AtsWorld world;

  @BeforeEach
  void start() {
    world =
        new AtsWorld(
            new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
            function -> DeviceOptions.none(function.toString()));
    world.tables.process(PID);
    world.trainAll();
  }

  @AfterEach
  void stop() {
    world.close();
  }

  /** Uses a page on a GPU, and lets the guest give the address another page. */
  private void useAndRemap(int gpu, int shift) {
    world.tables.map(PID, VA, shift, 0x200000, READ_WRITE);
    assertThat(world.fill(gpu, PID, VA, 16, 1)).isZero();
    world.tables.map(PID, VA, shift, 0x400000, READ_WRITE);
  }

  @Test
  void aCorrectSequenceLeavesNothingToReport() {
    for (int gpu = 0; gpu < 4; gpu++) {
      useAndRemap(gpu, 16);
      for (int each = 0; each < 4; each++) {
        world.shootDown(each, PID, VA, 5);
      }
      assertThat(world.fill(gpu, PID, VA, 16, 2)).isZero();
    }

    assertThat(world.host.findings()).isEmpty();
  }

  @Test
  void noShootdownAtAll() {
    useAndRemap(0, 16);
    world.fill(0, PID, VA, 16, 2);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("without any shootdown", "04:00.0", "PID 0x5", "0x700000000000");
  }

  @Test
  void onlyOneNpuOfTwoIsShotDown() {
    useAndRemap(0, 16);
    world.tables.map(PID, VA, 16, 0x200000, READ_WRITE);
    world.fill(2, PID, VA, 16, 1);
    world.tables.map(PID, VA, 16, 0x400000, READ_WRITE);
    world.shootDown(0, PID, VA, 5);
    world.fill(0, PID, VA, 16, 2);
    world.fill(2, PID, VA, 16, 2);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("npu 1", "reached only another NPU's GPUs", "03:00.0");
  }

  @Test
  void theWrongPidIsShotDown() {
    useAndRemap(0, 16);
    world.shootDown(0, PID + 1, VA, 5);
    world.fill(0, PID, VA, 16, 2);

    assertThat(world.host.findings()).singleElement().asString().contains("for another PID");
  }

  @Test
  void thePageSizeIsTooSmall() {
    useAndRemap(0, 21);
    world.shootDown(0, PID, VA, 5);
    world.fill(0, PID, VA, 16, 2);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("smaller page size than its own");
  }

  @Test
  void launchWithoutBarrierUsesTheAddressOfTheShootdownBefore() {
    world.shootDown(0, PID, OTHER_VA, 5);
    useAndRemap(0, 16);
    world.atsdStore(0, 0, AtsWorld.launch(PID, 5));
    world.atsdStore(0, 8, VA);
    world.poll(0);
    world.fill(0, PID, VA, 16, 2);

    assertThat(world.host.findings())
        .anySatisfy(line -> assertThat(line).contains("no barrier between AVA and LAUNCH"));
    assertThat(world.guest.read(0x200000, 4, ByteOrder.LITTLE_ENDIAN)).isEqualTo(2);
  }

  @Test
  void statIsNotPolled() {
    useAndRemap(0, 16);
    world.atsdStore(0, 8, VA);
    world.atsdStore(0, 0, AtsWorld.launch(PID, 5));
    world.atsdStore(0, 8, OTHER_VA);
    world.atsdStore(0, 0, AtsWorld.launch(PID, 5));
    world.poll(0);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("STAT was never read as 0");
  }

  @Test
  void aRegisterWithoutPartitionInvalidatesNothing() {
    long unused = world.gpus.get(0).npu().orElseThrow().atsd(7).orElseThrow();
    world.host.physical().write(unused, 8, AtsWorld.launch(PID, 5), ByteOrder.BIG_ENDIAN);

    assertThat(world.host.physical().read(unused + 0x10, 8, ByteOrder.BIG_ENDIAN)).isZero();
    assertThat(world.host.findings()).anySatisfy(line -> assertThat(line).contains("has no LPID"));
  }

  @Test
  void fourKilobytePagesAreNoPageSizeOfAShootdown() {
    world.shootDown(0, PID, VA, 0);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("page size that NPU and GPU do not support");
  }

  @Test
  void registersWithoutModelAreCountedByName() {
    world.engine(0).read(0x123454, 4);

    assertThat(world.host.counts().unmodelled())
        .anySatisfy(
            count -> {
              assertThat(count.region()).isEqualTo("gpu 0004:04:00.0 bar0");
              assertThat(count.offset()).isEqualTo(0x123454);
            });
  }

  @Test
  void anAccessAboveTheMemoryIsRecordedWithItsAddress() {
    long base = world.gpus.get(0).memory().orElseThrow().window().orElseThrow().base();

    assertThat(world.host.physical().read(base + (100L << 30), 8, ByteOrder.LITTLE_ENDIAN))
        .isEqualTo(-1);

    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("load of 8 bytes", "0x41900000000", "no memory there");
  }
}
