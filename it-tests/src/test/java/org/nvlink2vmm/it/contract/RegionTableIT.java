package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.vfio.DeviceInfoCodec;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfoCodec;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** The answers of the information ioctls for a GPU and a bridge, in bytes. */
class RegionTableIT {
  private static final String GPU = "0004:04:00.0";
  private static final String BRIDGE = "0006:00:00.0";

  private static ByteBuffer structure(int size, int argsz, int index) {
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putInt(0, argsz).putInt(8, index);
  }

  private static int ask(VfioDevice device, ByteBuffer structure) {
    return RegionInfoCodec.answer(device, MemorySegment.ofBuffer(structure));
  }

  @ParameterizedTest
  @CsvSource({
    GPU + ", 0, 0x1000000, 7",
    GPU + ", 1, 0x400000000, 7",
    GPU + ", 2, 0, 0",
    GPU + ", 3, 0x2000000, 7",
    GPU + ", 4, 0, 0",
    GPU + ", 5, 0, 0",
    GPU + ", 6, 0, 0",
    GPU + ", 7, 0x1000, 3",
    GPU + ", 9, 0x2000000000, 15",
    BRIDGE + ", 0, 0x20000, 7",
    BRIDGE + ", 1, 0, 0",
    BRIDGE + ", 2, 0x10000, 7",
    BRIDGE + ", 3, 0, 0",
    BRIDGE + ", 4, 0, 0",
    BRIDGE + ", 5, 0, 0",
    BRIDGE + ", 6, 0, 0",
    BRIDGE + ", 7, 0x100, 3",
    BRIDGE + ", 9, 0x10000, 15",
  })
  void aRegionHasTheSizeAndFlagsOfTheRealOne(String function, int index, String size, int flags) {
    for (HostAbi abi : Hosts.ABIS) {
      try (EmulatedHost host = Hosts.host(abi);
          VfioDevice device = host.open(HostBdf.parse(function), "device")) {
        ByteBuffer answer = structure(32, 32, index);
        assertThat(ask(device, answer)).isZero();
        assertThat(answer.getLong(16)).isEqualTo(Long.decode(size));
        assertThat(answer.getInt(4)).isEqualTo(flags);
        assertThat(answer.getLong(24)).isEqualTo((long) index << 40);
        assertThat(answer.getInt(12)).as("cap_offset without room").isZero();
      }
    }
  }

  static List<Arguments> chains() {
    String gpuType = "0200010030000000de10008001000000";
    String bridgeType = "02000100300000001410008001000000";
    String tgt = "0000000000040000";
    List<Arguments> all = new ArrayList<>();
    for (HostAbi abi : Hosts.ABIS) {
      if (abi.draft()) {
        all.add(Arguments.of(abi, GPU, gpuType + "0400010000000000" + tgt + "0000000000000000"));
        all.add(
            Arguments.of(abi, BRIDGE, bridgeType + "0400010000000000" + tgt + "0800000000000000"));
      } else {
        all.add(Arguments.of(abi, GPU, gpuType + "0400010000000000" + tgt));
        all.add(
            Arguments.of(
                abi,
                BRIDGE,
                bridgeType + "0400010040000000" + tgt + "0500010000000000" + "0800000000000000"));
      }
    }
    return all;
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("chains")
  void theCapabilityChainIsTheKernelsByteForByte(HostAbi abi, String function, String chain) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice device = host.open(HostBdf.parse(function), "device")) {
      int needed = 32 + chain.length() / 2;
      ByteBuffer small = structure(256, needed - 1, 9);
      assertThat(ask(device, small)).isZero();
      assertThat(small.getInt(0)).isEqualTo(needed);
      assertThat(small.getInt(12)).isZero();

      ByteBuffer whole = structure(256, 256, 9);
      assertThat(ask(device, whole)).isZero();
      assertThat(whole.getInt(0)).as("argsz stays").isEqualTo(256);
      assertThat(whole.getInt(12)).isEqualTo(32);
      byte[] bytes = new byte[256];
      whole.get(0, bytes);
      assertThat(HexFormat.of().formatHex(Arrays.copyOfRange(bytes, 32, needed))).isEqualTo(chain);
      assertThat(Arrays.copyOfRange(bytes, needed, 256)).as("nothing behind").containsOnly(0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "31, 32, 9, EINVAL", // argsz below the structure
    "0, 32, 9, EINVAL",
    "32, 31, 9, EFAULT", // the structure is not all there
    "80, 79, 9, EFAULT", // nor where the chain goes
    "32, 32, 8, EINVAL", // VGA
    "32, 32, 10, EINVAL", // past the last
    "32, 32, -1, EINVAL",
  })
  void aBadQuestionAnswersTheKernelsErrno(int argsz, int size, int index, Errno errno) {
    try (EmulatedHost host = Hosts.host(HostAbi.LATEST);
        VfioDevice device = host.open(Hosts.BRIDGE, "npu0")) {
      ByteBuffer structure = structure(128, argsz, index);
      assertThat(RegionInfoCodec.answer(device, MemorySegment.ofBuffer(structure).asSlice(0, size)))
          .isEqualTo(-errno.number());
    }
  }

  @ParameterizedTest
  @CsvSource({GPU + ", 1, 1, 0", BRIDGE + ", 1, 0, 0"})
  void deviceAndInterruptsAreDescribed(String function, int intx, int msi, int msix) {
    try (EmulatedHost host = Hosts.host(HostAbi.LATEST);
        VfioDevice device = host.open(HostBdf.parse(function), "device")) {
      ByteBuffer info = structure(20, 20, 0).putInt(16, 0x5a5a5a5a);
      assertThat(DeviceInfoCodec.answer(device, MemorySegment.ofBuffer(info))).isZero();
      assertThat(info.getInt(4)).as("PCI and RESET").isEqualTo(3);
      assertThat(info.getInt(8)).isEqualTo(10);
      assertThat(info.getInt(12)).isEqualTo(5);
      assertThat(info.getInt(16)).as("left alone").isEqualTo(0x5a5a5a5a);
      assertThat(DeviceInfoCodec.decode(MemorySegment.ofBuffer(info))).isEqualTo(device.info());

      int[] counts = {intx, msi, msix, 1, 1};
      for (int index = 0; index < counts.length; index++) {
        ByteBuffer irq = structure(16, 16, index);
        assertThat(IrqInfoCodec.answer(device, MemorySegment.ofBuffer(irq))).isZero();
        assertThat(irq.getInt(4)).isEqualTo(index == 0 ? 7 : 9);
        assertThat(irq.getInt(12)).as("vectors of index %d", index).isEqualTo(counts[index]);
        assertThat(IrqInfoCodec.decode(MemorySegment.ofBuffer(irq)))
            .isEqualTo(device.irqInfo(index));
      }
      ByteBuffer missing = structure(16, 16, 5);
      assertThat(IrqInfoCodec.answer(device, MemorySegment.ofBuffer(missing)))
          .isEqualTo(-Errno.EINVAL.number());
      assertThat(DeviceInfoCodec.answer(device, MemorySegment.ofBuffer(structure(16, 15, 0))))
          .isEqualTo(-Errno.EINVAL.number());
      assertThat(IrqInfoCodec.answer(device, MemorySegment.ofBuffer(structure(16, 15, 0))))
          .isEqualTo(-Errno.EINVAL.number());
    }
  }
}
