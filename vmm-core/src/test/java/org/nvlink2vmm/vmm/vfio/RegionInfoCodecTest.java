package org.nvlink2vmm.vmm.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegionInfoCodecTest {
  private static final long GPU_SIZE = 0x2000000000L;
  private static final long TGT = 0x40000000000L;
  private static final RegionCapability.RegionType GPU =
      RegionCapability.RegionType.ofVendor(0x10de, 1);
  private static final RegionCapability.RegionType BRIDGE =
      RegionCapability.RegionType.ofVendor(0x1014, 1);

  private static RegionInfo region(long size, RegionCapability... capabilities) {
    return new RegionInfo(9, 7, size, 9L << 40, List.of(capabilities));
  }

  private static RegionInfo gpu() {
    return region(GPU_SIZE, GPU, new RegionCapability.Nvlink2SsaTarget(TGT));
  }

  private static RegionInfo bridge() {
    return region(
        0x10000,
        BRIDGE,
        new RegionCapability.Nvlink2SsaTarget(TGT),
        new RegionCapability.Nvlink2LinkSpeed(8));
  }

  private static RegionInfo gpuDraft() {
    return region(GPU_SIZE, GPU, new RegionCapability.Npu2Draft(TGT, 0));
  }

  private static RegionInfo bridgeDraft() {
    return region(0x10000, BRIDGE, new RegionCapability.Npu2Draft(TGT, 8));
  }

  private static ByteBuffer encoded(RegionInfo info) {
    return ByteBuffer.wrap(RegionInfoCodec.encode(info)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static RegionInfo decoded(ByteBuffer bytes) {
    return RegionInfoCodec.decode(MemorySegment.ofBuffer(bytes));
  }

  @Test
  void aMainlineGpuAnswersTheseBytes() {
    assertThat(HexFormat.of().formatHex(RegionInfoCodec.encode(gpu())))
        .isEqualTo(
            "400000000f0000000900000020000000" // argsz 64, flags, index, cap_offset
                + "00000000200000000000000000090000" // size, offset
                + "0200010030000000de10008001000000" // TYPE, next 48
                + "04000100000000000000000000040000"); // SSATGT, last
  }

  @Test
  void aMainlineBridgeAnswersTheseBytes() {
    assertThat(HexFormat.of().formatHex(RegionInfoCodec.encode(bridge())))
        .isEqualTo(
            "500000000f0000000900000020000000"
                + "00000100000000000000000000090000"
                + "02000100300000001410008001000000"
                + "04000100400000000000000000040000"
                + "05000100000000000800000000000000");
  }

  @Test
  void aDraftBridgeAnswersTheseBytes() {
    assertThat(HexFormat.of().formatHex(RegionInfoCodec.encode(bridgeDraft())))
        .isEqualTo(
            "480000000f0000000900000020000000"
                + "00000100000000000000000000090000"
                + "02000100300000001410008001000000"
                + "04000100000000000000000000040000"
                + "0800000000000000");
  }

  @Test
  void theDraftsPadAndAGpusMeaninglessSpeedAreZero() {
    byte[] bytes = RegionInfoCodec.encode(gpuDraft());

    assertThat(bytes).hasSize(72);
    assertThat(Arrays.copyOfRange(bytes, 64, 72)).containsOnly(0);
  }

  @Test
  void everyFormComesBackFromItsBytes() {
    for (RegionInfo info : List.of(gpu(), bridge(), gpuDraft(), bridgeDraft(), region(4096))) {
      assertThat(decoded(encoded(info))).isEqualTo(info);
    }
  }

  @Test
  void aMainlineBridgeWithoutSpeedIsNotTakenForTheDraft() {
    RegionInfo info = region(0x10000, BRIDGE, new RegionCapability.Nvlink2SsaTarget(TGT));

    assertThat(decoded(encoded(info))).isEqualTo(info);
  }

  @Test
  void theDraftBridgeIsKnownInAnAnswerWithRoomToSpare() {
    byte[] bytes = Arrays.copyOf(RegionInfoCodec.encode(bridgeDraft()), 256);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 256);

    assertThat(RegionInfoCodec.decode(MemorySegment.ofArray(bytes))).isEqualTo(bridgeDraft());
  }

  @Test
  void aGpusTargetIsTheSameInEitherFormWithRoomToSpare() {
    byte[] bytes = Arrays.copyOf(RegionInfoCodec.encode(gpuDraft()), 256);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 256);

    assertThat(RegionInfoCodec.decode(MemorySegment.ofArray(bytes))).isEqualTo(gpu());
  }

  @Test
  void sparseMsixAndUnknownCapabilitiesComeBack() {
    RegionInfo info =
        region(
            0x4000,
            new RegionCapability.SparseMmap(
                List.of(
                    new RegionCapability.SparseMmap.Area(0, 0x1000),
                    new RegionCapability.SparseMmap.Area(0x2000, 0x2000))),
            new RegionCapability.MsixMappable(),
            new RegionCapability.UnknownCapability(0x77, 3, "0011223344556677"));

    assertThat(decoded(encoded(info))).isEqualTo(info);
  }

  @Test
  void argszBelowTheStructureIsInvalid() {
    assertThat(answer(bridge(), 31, 128)).isEqualTo(-Errno.EINVAL.number());
  }

  @Test
  void aStructureThatIsNotThereFaults() {
    assertThat(answer(bridge(), 80, 31)).isEqualTo(-Errno.EFAULT.number());
    assertThat(answer(bridge(), 80, 79)).isEqualTo(-Errno.EFAULT.number());
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 33, 79})
  void withoutRoomForTheChainTheSizeNeededComesBack(int argsz) {
    ByteBuffer bytes = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.fill(bytes.array(), (byte) 0x5a);
    bytes.putInt(0, argsz).putInt(8, 9);

    int result = RegionInfoCodec.answer(deviceWith(bridge()), MemorySegment.ofArray(bytes.array()));

    assertThat(result).isZero();
    assertThat(bytes.getInt(0)).isEqualTo(80);
    assertThat(bytes.getInt(4)).isEqualTo(15);
    assertThat(bytes.getInt(12)).isZero();
    assertThat(bytes.getLong(16)).isEqualTo(0x10000);
    assertThat(Arrays.copyOfRange(bytes.array(), 32, 128)).containsOnly(0x5a);
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 81, 128, -1})
  void withRoomArgszStaysAndTheChainFollows(int argsz) {
    ByteBuffer bytes = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0, argsz).putInt(8, 9);

    RegionInfoCodec.answer(deviceWith(bridge()), MemorySegment.ofArray(bytes.array()));

    assertThat(bytes.getInt(0)).isEqualTo(argsz);
    assertThat(bytes.getInt(12)).isEqualTo(32);
    assertThat(decoded(bytes)).isEqualTo(bridge());
  }

  @Test
  void aRegionThatDoesNotExistIsInvalid() {
    ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    for (int index : new int[] {8, 10, 255, -1, Integer.MIN_VALUE}) {
      bytes.putInt(0, 32).putInt(8, index);
      assertThat(RegionInfoCodec.answer(deviceWith(bridge()), MemorySegment.ofArray(bytes.array())))
          .isEqualTo(-Errno.EINVAL.number());
    }
  }

  @Test
  void aQueryFindsTheWholeChain() {
    assertThat(RegionInfoCodec.query(deviceWith(bridge()), 9)).isEqualTo(bridge());
  }

  @Test
  void aQueryPassesTheErrnoOn() {
    assertThatThrownBy(() -> RegionInfoCodec.query(deviceWith(bridge()), 10))
        .isInstanceOfSatisfying(
            VfioException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
  }

  @Test
  void aQueryTakesNoHugeAnswer() {
    assertRefused(
        () ->
            RegionInfoCodec.query(
                9,
                structure -> {
                  structure.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).putInt(0, -1);
                  return 0;
                }),
        "wants 0xffffffff bytes");
  }

  @Test
  void aChainThatLoopsIsRefused() {
    assertRefused(() -> decoded(encoded(bridge()).putInt(52, 48)), "capability at 0x30");
    assertRefused(() -> decoded(encoded(bridge()).putInt(52, 32)), "capability at 0x20");
  }

  @Test
  void aChainThatLeavesTheAnswerIsRefused() {
    assertRefused(() -> decoded(encoded(bridge()).putInt(52, 73)), "capability at 0x49");
    assertRefused(() -> decoded(encoded(bridge()).putInt(52, -1)), "capability at 0xffffffff");
    assertRefused(() -> decoded(encoded(bridge()).putInt(12, 8)), "capability at 0x8");
  }

  @Test
  void aCapabilityCutShortIsRefused() {
    assertRefused(() -> decoded(encoded(gpu()).putInt(0, 60)), "cut to 12 bytes");
  }

  @Test
  void moreSparseAreasThanThereIsRoomForAreRefused() {
    RegionInfo info =
        region(
            0x4000,
            new RegionCapability.SparseMmap(
                List.of(new RegionCapability.SparseMmap.Area(0, 0x1000))));

    assertRefused(() -> decoded(encoded(info).putInt(40, 2)), "counts 2 sparse areas");
    assertRefused(() -> decoded(encoded(info).putInt(40, -1)), "counts 4294967295 sparse areas");
  }

  @Test
  void anAnswerThatLeftTheChainOutSaysWhatItNeeds() {
    ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0, 80).putInt(4, 15).putInt(8, 9);

    assertRefused(() -> decoded(bytes), "argsz 0x50 is needed");
  }

  @Test
  void anyBytesGiveARegionOrARefusal() {
    long seed = System.nanoTime();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    List<RegionInfo> seeds = List.of(gpu(), bridge(), gpuDraft(), bridgeDraft());
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = RegionInfoCodec.encode(seeds.get(random.nextInt(seeds.size())));
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 40));
      }
      for (int i = random.nextInt(6); i > 0 && bytes.length > 0; i--) {
        bytes[random.nextInt(bytes.length)] =
            (byte) random.nextInt(random.nextBoolean() ? 96 : 256);
      }
      try {
        assertThat(RegionInfoCodec.decode(MemorySegment.ofArray(bytes)).capabilities())
            .as("seed %d round %d", seed, round)
            .hasSizeLessThanOrEqualTo(bytes.length / 8);
      } catch (VfioException e) {
        assertThat(e.errno()).as("seed %d round %d", seed, round).isEqualTo(Errno.EPROTO);
      }
    }
  }

  private static int answer(RegionInfo info, int argsz, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0, argsz).putInt(8, 9);
    return RegionInfoCodec.answer(
        deviceWith(info), MemorySegment.ofArray(bytes.array()).asSlice(0, length));
  }

  private static VfioDevice deviceWith(RegionInfo info) {
    RegionCapability.RegionType type =
        info.capability(RegionCapability.RegionType.class).orElseThrow();
    List<RegionCapability> more = info.capabilities().subList(1, info.capabilities().size());
    return DirectDevice.builder("bridge")
        .specific(type, info.flags(), info.size(), more, new RegionBacking.None())
        .build();
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String what) {
    assertThatThrownBy(call)
        .hasMessageContaining(what)
        .isInstanceOfSatisfying(
            VfioException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
  }
}
