package org.nvlink2vmm.it.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;

import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.HostHardware;

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

  /**
   * Launches after a page was used and moved, each "register word": register 0 is GPU 0's, 2 GPU
   * 2's on the other NPU, 7 has no partition. The last column: what is reported.
   */
  @ParameterizedTest(name = "{0}: {2}")
  @CsvSource({
    "address with flush, 0 000540000a000000, nothing",
    "address without flush, 0 000540000b000000, without flush",
    "and PID 0 with flush, 0 000540000b000000 0 000c000000000000, nothing",
    "and PID 0 with flush twice, 0 000540000b000000 0 000c000000000000 0 000c000000000000, nothing",
    "and any other launch with flush, 0 000540000b000000 0 000c00000c000000, nothing",
    "and PID 0 without flush, 0 000540000b000000 0 000c000001000000, without flush",
    "and a flush of the other NPU, 0 000540000b000000 2 000c000000000000, without flush",
    "and a flush without partition, 0 000540000b000000 7 000c000000000000, without flush",
    "and the flush first, 0 000c000000000000 0 000540000b000000, without flush",
    "process without flush, 0 000c00000b000000, without flush",
    "partition without flush, 0 0014000001000000, without flush",
    "partition with flush, 0 0014000000000000, nothing",
    "page walk cache only, 0 200540000a000000, without any shootdown",
    "page walk cache only as a flush, 0 000540000b000000 0 200c000000000000, nothing",
    "page walk cache and translations, 0 400540000a000000, nothing",
    "4 KiB page, 0 000400000a000000, do not support",
  })
  void whatALaunchLeavesOfAPageThatWasUsed(String name, String launches, String report) {
    useAndRemap(0, 16);
    assertThat(world.fill(0, PID, VA, 16, 2)).isZero();
    String[] words = launches.split(" ", -1);
    for (int i = 0; i < words.length; i += 2) {
      launch(Integer.parseInt(words[i]), Long.parseUnsignedLong(words[i + 1], 16));
    }

    List<String> findings =
        world.host.findings().stream()
            .filter(line -> !line.startsWith(HostHardware.REMARK))
            .toList();
    if (report.equals("nothing")) {
      assertThat(findings).isEmpty();
    } else {
      assertThat(findings).anySatisfy(line -> assertThat(line).contains(report));
    }
  }

  private void launch(int gpuOrRegister, long word) {
    long registers =
        gpuOrRegister < 4
            ? world.atsd(gpuOrRegister)
            : world.gpus.getFirst().npu().orElseThrow().atsd(gpuOrRegister).orElseThrow();
    world.host.physical().write(registers + 8, 8, VA, ByteOrder.BIG_ENDIAN);
    world.host.physical().write(registers, 8, word, ByteOrder.BIG_ENDIAN);
    assertThat(world.host.physical().read(registers + 0x10, 8, ByteOrder.BIG_ENDIAN)).isZero();
  }

  @Test
  void withoutNoFlushEnableEveryLaunchFlushes() {
    useAndRemap(0, 16);
    world.fill(0, PID, VA, 16, 2);
    long config2 = 0x6030200000000L + 0x710028;
    assertThat(world.host.physical().read(config2, 8, ByteOrder.BIG_ENDIAN)).isEqualTo(0x4000);
    world.host.physical().write(config2, 8, 0, ByteOrder.BIG_ENDIAN);

    launch(0, AtsWorld.launch(PID, 5) | 1L << 24);

    assertThat(world.host.findings()).isEmpty();
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
