package org.nvlink2vmm.it.ats;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostBridge;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.ats.NpuErrors;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * What the host's firmware sees in the NPU's registers when a guest touches GPU memory that nothing
 * carries, and what each way to a reset leaves of links, credits and errors.
 */
final class NpuErrorsTest {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;

  /** Registers of the NPU of chip 0. */
  private static final long NPU = 0x6030200000000L;

  private static final long FREEZE_STATE = 0x7200a8;
  private static final long FENCE_STATE = 0x7200b0;
  private static final long NTL_MISC_CFG1 = 0x0900c0;
  private static final long CREDIT = 0x090440;
  private static final long ERR_HOLD1 = 0x490010;
  private static final long GOOD_CREDIT = 0x0be0be0000000000L;

  private AtsWorld world;
  private long base;

  @BeforeEach
  void start() {
    world =
        new AtsWorld(
            new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
            function -> DeviceOptions.none(function.toString()));
    world.tables.process(PID);
    base = world.gpus.getFirst().memory().orElseThrow().window().orElseThrow().base();
  }

  @AfterEach
  void stop() {
    world.close();
  }

  private long register(long offset) {
    return world.host.physical().read(NPU + offset, 8, BIG_ENDIAN);
  }

  private NpuErrors errors() {
    return world.npu(world.gpus.getFirst()).errors();
  }

  @ParameterizedTest(name = "trained {0}, {1} bytes at +0x{2}, write {3}")
  @CsvSource({
    "false, 4, 0, false, 8000000000000000",
    "false, 8, 12340, true, 8000000000000000",
    "true, 8, 1900000000, false, 4000000000000000",
    "true, 1, 800000000, true, 4000000000000000"
  })
  void anAccessThatNothingCarriesRaisesTheErrorState(
      boolean trained, int size, String offset, boolean write, String held) {
    if (trained) {
      world.train(0);
    }
    assertThat(errors().nextError()).isEqualTo(NpuErrors.NO_ERROR);
    long hpa = base + Long.parseLong(offset, 16);

    if (write) {
      world.host.physical().write(hpa, size, 1, LITTLE_ENDIAN);
    } else {
      assertThat(world.host.physical().read(hpa, size, LITTLE_ENDIAN))
          .isEqualTo(-1L >>> (64 - 8 * size));
    }

    int pe = errors().nextError();
    assertThat(pe).isEqualTo(13);
    assertThat(register(0x720200 + 8L * pe)).isEqualTo(Long.MIN_VALUE | hpa);
    assertThat(register(FREEZE_STATE)).isEqualTo(Long.MIN_VALUE);
    assertThat(register(ERR_HOLD1)).isEqualTo(Long.parseUnsignedLong(held, 16));
    assertThat(errors().freezeStatus(pe)).isEqualTo(NpuErrors.NOT_FROZEN);
    assertThat(world.host.firmwareErrors().getFirst())
        .endsWith("NEXT_ERROR -> PE#d, FREEZE_STATUS -> 0");
    assertThat(world.host.firmwareErrors().getLast()).endsWith("NEXT_ERROR -> none");
  }

  @Test
  void aGpuThatReachesForAnUntrainedPeerRaisesItsOwnPe() {
    world.train(0);
    world.tables.map(PID, VA, 16, AtsWorld.GPU_GPA + AtsWorld.GPU_STRIDE, READ_WRITE);

    world.fill(0, PID, VA, 16, 1);

    assertThat(errors().nextError()).isEqualTo(13);
    assertThat(register(FREEZE_STATE)).as("link 0").isEqualTo(Long.MIN_VALUE);
  }

  /** The ways to a reset, and which links of NPU 0 each fences, IBM bit n for link n. */
  enum Way {
    DEVICE_RESET_OF_A_BRIDGE("8000000000000000"),
    FLR_BY_CONFIG("8000000000000000"),
    DEVICE_RESET_OF_A_GPU("e000000000000000"),
    HOT_RESET_OF_A_GPU("e000000000000000"),
    EEH_HOT("fc00000000000000"),
    EEH_FUNDAMENTAL("fc00000000000000"),
    PHB_COMPLETE("fc00000000000000");

    final long fenced;

    Way(String fenced) {
      this.fenced = Long.parseUnsignedLong(fenced, 16);
    }
  }

  private void reset(Way way) {
    HostBdf gpu = world.gpus.getFirst().bdf();
    HostBridge bridge = world.gpus.getFirst().bridges().getFirst();
    try (VfioDevice device = world.host.open(bridge.bdf(), "bridge")) {
      switch (way) {
        case DEVICE_RESET_OF_A_BRIDGE -> device.reset();
        case FLR_BY_CONFIG ->
            device.write(7, 0x48, MemorySegment.ofArray(new byte[] {0x10, (byte) 0xa8}));
        case DEVICE_RESET_OF_A_GPU -> world.device(0).reset();
        case HOT_RESET_OF_A_GPU -> world.host.hotReset(gpu);
        case EEH_HOT -> world.host.resetPe(bridge.bdf(), HostBridgeReset.HOT);
        case EEH_FUNDAMENTAL -> world.host.resetPe(gpu, HostBridgeReset.FUNDAMENTAL);
        case PHB_COMPLETE -> world.host.resetPe(bridge.bdf(), HostBridgeReset.COMPLETE);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void everyWayToAResetFencesItsLinksAndLeavesTheOthers(Way way) {
    world.trainAll();
    assertThat(register(FENCE_STATE)).isZero();
    world.host.physical().read(base + (100L << 30), 8, LITTLE_ENDIAN);
    assertThat(register(FREEZE_STATE)).isNotZero();

    reset(way);

    assertThat(register(FENCE_STATE)).isEqualTo(way.fenced);
    assertThat(register(NTL_MISC_CFG1) >>> 54).as("NTL reset requested").isEqualTo(3);
    assertThat(register(FREEZE_STATE)).isZero();
    assertThat(register(ERR_HOLD1)).isZero();
    assertThat(errors().nextError()).as("firmware never clears it").isEqualTo(13);
    world.host.physical().write(NPU + 0x720200 + 8 * 13, 8, 0, BIG_ENDIAN);
    assertThat(errors().nextError()).isEqualTo(NpuErrors.NO_ERROR);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void afterAResetTheNtlResetAndTheCreditCheckBringALinkBack(Way way) {
    world.trainAll();
    reset(way);
    HostBridge bridge = world.gpus.getFirst().bridges().getFirst();
    try (VfioDevice device = world.host.open(bridge.bdf(), "bridge")) {
      assertThat(config(device, 0x8d, 1)).as("DL not out of reset").isEqualTo(1);

      procedure(device, 13);
      assertThat(register(FENCE_STATE) >>> 63).as("unfenced").isZero();
      assertThat(config(device, 0x8d, 1)).as("but still in reset").isEqualTo(1);

      procedure(device, 10);
      assertThat(config(device, 0x8d, 1)).isEqualTo(3);
      assertThat(register(CREDIT)).isEqualTo(GOOD_CREDIT);
      procedure(device, 13);
      assertThat(register(0x090500) >>> 62).isZero();
      assertThat(world.npu(world.gpus.getFirst()).carries(world.gpus.getFirst().bdf().bdfn()))
          .isTrue();
    }
  }

  /** With no GPU open the bridges' host bridge alone is reset. */
  @ParameterizedTest
  @CsvSource({
    "HOT, fc00000000000000",
    "FUNDAMENTAL, 0",
    "COMPLETE, fc00000000000000",
  })
  void aResetOfTheHostBridgeFencesEveryLinkUnlessItIsFundamental(
      HostBridgeReset reset, String fenced) {
    world.device(0).close();
    world.device(1).close();
    world.trainAll();

    world.host.resetPe(world.gpus.getFirst().bridges().getFirst().bdf(), reset);

    assertThat(register(FENCE_STATE)).isEqualTo(Long.parseUnsignedLong(fenced, 16));
    assertThat(world.host.physical().read(NPU + 0x200000000000L + FENCE_STATE, 8, BIG_ENDIAN))
        .as("the other chip's")
        .isZero();
  }

  @Test
  void aWrongCreditIsNotedWhenTheLinkIsUnfencedAfterAReset() {
    world.train(0);
    reset(Way.EEH_HOT);
    world.host.physical().write(NPU + CREDIT, 8, 1, BIG_ENDIAN);
    try (VfioDevice device =
        world.host.open(world.gpus.getFirst().bridges().getFirst().bdf(), "bridge")) {
      procedure(device, 13);
    }

    assertThat(register(0x090500) >>> 62).as("unfenced all the same").isZero();
    assertThat(world.host.findings())
        .singleElement()
        .asString()
        .contains("link 0 unfenced with a wrong credit at NTL-U 0x440");
  }

  @Test
  void aHotResetIsRefusedWhereTheKernelHasNoBusToReset() {
    HostBdf bridge = world.gpus.getFirst().bridges().getFirst().bdf();
    VfioDevice device = world.host.open(bridge, "bridge");
    assertRefused(() -> world.host.hotReset(bridge), Errno.ENODEV);
    device.close();
    world.device(0).close();
    assertRefused(() -> world.host.hotReset(world.gpus.getFirst().bdf()), Errno.ENODEV);
    assertRefused(
        () -> world.host.resetPe(HostBdf.parse("0004:03:00.0"), HostBridgeReset.HOT), Errno.ENODEV);
  }

  /** Which of the windows answer: NTL of links 0 and 1, their GENID pages, as bits. */
  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({"none, 0000", "first, 1011", "second, 0111", "both, 1111", "first once, 0111"})
  void aStacksGenidWindowIsOnWhileEitherBridgeDecodesMemory(String bridges, String windows) {
    VfioDevice first = world.host.open(HostBdf.parse("0006:00:00.0"), "first");
    VfioDevice second = world.host.open(HostBdf.parse("0006:00:00.1"), "second");
    decode(first, !bridges.equals("none") && !bridges.equals("second"));
    decode(second, !bridges.equals("none") && !bridges.equals("first"));
    if (bridges.equals("first once")) {
      decode(first, false);
    }

    StringBuilder answers = new StringBuilder();
    for (long at : new long[] {0x1600000, 0x1620000, 0x16c0000, 0x16d0000}) {
      boolean on = world.host.physical().read(NPU + at, 8, BIG_ENDIAN) != -1;
      answers.append(on ? '1' : '0');
    }
    assertThat(answers).hasToString(windows);
    first.close();
    second.close();
  }

  private static void decode(VfioDevice bridge, boolean on) {
    bridge.write(7, 4, MemorySegment.ofArray(new byte[] {(byte) (on ? 2 : 0), 0}));
  }

  private static void assertRefused(Runnable call, Errno errno) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            VfioException.class, refused -> assertThat(refused.errno()).isEqualTo(errno));
  }

  private static void procedure(VfioDevice device, int number) {
    device.write(7, 0x88, MemorySegment.ofArray(new byte[] {(byte) number, 0, 0, 0}));
    while ((config(device, 0x84, 4) & 0x4000_0000) == 0) {
      Thread.onSpinWait();
    }
  }

  private static int config(VfioDevice device, int offset, int size) {
    byte[] bytes = new byte[4];
    device.read(7, offset, MemorySegment.ofArray(bytes).asSlice(0, size));
    return (bytes[3] & 0xff) << 24
        | (bytes[2] & 0xff) << 16
        | (bytes[1] & 0xff) << 8
        | (bytes[0] & 0xff);
  }
}
