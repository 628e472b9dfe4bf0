package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.contract.VfioDeviceContract.assertErrno;
import static org.nvlink2vmm.it.contract.VfioDeviceContract.bytes;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.host.KernelStep;
import org.nvlink2vmm.vmm.host.KvmAttachment;
import org.nvlink2vmm.vmm.host.OpalCall;
import org.nvlink2vmm.vmm.host.PinnedDeviceMemory;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/** Region 9 of a GPU and of a bridge: each rule of its operations, over the interfaces. */
class RegionOperationsIT {
  private static final int REGION = 9;
  private static final long APERTURE = 0x2000000000L;
  private static final long BASE = 0x40000000000L;
  private static final long ATSD = 0x6030200800000L;
  private static final int PAGE = 1 << 16;

  static List<HostAbi> abis() {
    return Hosts.ABIS;
  }

  private static VfioDevice gpu(EmulatedHost host) {
    return host.open(Hosts.GPU, "gpu0");
  }

  private static VfioDevice bridge(EmulatedHost host) {
    return host.open(Hosts.BRIDGE, "npu0");
  }

  /** Runs the procedures after which a link carries loads and stores. */
  private static void train(VfioDevice bridge) {
    for (int procedure : new int[] {4, 5, 6, 7, 8, 9, 10, 13}) {
      MemorySegment word = bytes(4);
      word.set(ValueLayout.JAVA_INT_UNALIGNED, 0, procedure);
      assertThat(bridge.write(VfioPciIndex.CONFIG_REGION, 0x88, word)).isEqualTo(4);
      int status = 0x8000_0000;
      for (int i = 0; i < 100 && status < 0; i++) {
        bridge.read(VfioPciIndex.CONFIG_REGION, 0x84, word);
        status = word.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
      }
      assertThat(status).as("procedure %d", procedure).isEqualTo(0x4000_0000);
    }
  }

  private static void command(VfioDevice device, int value) {
    MemorySegment word = bytes(2);
    word.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) value);
    assertThat(device.write(VfioPciIndex.CONFIG_REGION, 4, word)).isEqualTo(2);
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aGpusRegionIsReadAndWrittenWithinItsSize(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice gpu = gpu(host)) {
      assertThat(gpu.read(REGION, APERTURE, bytes(1))).isEqualTo(-Errno.EINVAL.number());
      assertThat(gpu.write(REGION, APERTURE, bytes(1))).isEqualTo(-Errno.EINVAL.number());
      assertThat(gpu.read(REGION, APERTURE - 3, bytes(8))).isEqualTo(3);
      assertThat(gpu.write(REGION, APERTURE - 3, bytes(8))).isEqualTo(3);
      assertThat(gpu.read(REGION, APERTURE, bytes(0))).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aTrainedGpusRegionIsItsMemoryAtAnyWidthAndOffset(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice gpu = gpu(host);
        VfioDevice bridge = bridge(host)) {
      MemorySegment read = bytes(5);
      assertThat(gpu.read(REGION, 0x123457, read)).isEqualTo(5);
      assertThat(read.toArray(ValueLayout.JAVA_BYTE)).containsOnly(-1);

      train(bridge);
      MemorySegment written = MemorySegment.ofArray(new byte[] {9, 8, 7, 6, 5});
      assertThat(gpu.write(REGION, 0x123457, written)).isEqualTo(5);
      assertThat(gpu.read(REGION, 0x123457, read)).isEqualTo(5);
      assertThat(read.mismatch(written)).isEqualTo(-1);
      assertThat(gpu.read(1, 0x123457, read)).isEqualTo(5);
      assertThat(read.mismatch(written)).as("through BAR 1").isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void mainlineMapsAtEachAccessAndFaultsWhenItCannot(HostAbi abi) {
    AtomicReference<KernelStep> failing = new AtomicReference<>();
    try (EmulatedHost host =
            Hosts.host(
                tree -> {}, builder -> builder.abi(abi).faults(step -> step == failing.get()));
        VfioDevice gpu = gpu(host)) {
      failing.set(KernelStep.REMAP);
      long expected = abi.draft() ? 8 : -Errno.EFAULT.number();
      assertThat(gpu.read(REGION, 0, bytes(8))).isEqualTo(expected);
      assertThat(gpu.write(REGION, 0, bytes(8))).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aGpusRegionIsMappedOnceInAnOpen(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      try (VfioDevice gpu = gpu(host)) {
        assertErrno(Errno.EINVAL, () -> gpu.mmap(REGION, 0, APERTURE + PAGE));
        assertErrno(Errno.EINVAL, () -> gpu.mmap(REGION, PAGE, APERTURE));
        RegionMapping mapping = gpu.mmap(REGION, 0, APERTURE);
        assertErrno(Errno.EPERM, () -> gpu.mmap(REGION, 0, PAGE));
        mapping.close();
        assertErrno(Errno.EPERM, () -> gpu.mmap(REGION, 0, PAGE));
        assertErrno(Errno.EPERM, () -> gpu.mmap(REGION, 0, APERTURE + PAGE));
      }
      try (VfioDevice again = gpu(host)) {
        assertThat(again.mmap(REGION, 0, PAGE).length()).isEqualTo(PAGE);
        assertThat(host.userMappings()).isEqualTo(1);
      }
      assertThat(host.userMappings()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void filesOfOneOpenShareTheOneMapping(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice first = gpu(host)) {
      try (VfioDevice second = gpu(host)) {
        second.mmap(REGION, 0, PAGE);
      }
      assertErrno(Errno.EPERM, () -> first.mmap(REGION, 0, PAGE));
      assertThat(host.pinnedMemory().count()).isEqualTo(1);
      assertThat(host.userMappings()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void pagesComeInOneByOneAsTheyAreTouched(HostAbi abi) {
    List<String> lines = new ArrayList<>();
    try (EmulatedHost host =
            Hosts.host(
                tree -> {}, builder -> builder.abi(abi).trace(new VfioPciTrace(lines::add)));
        VfioDevice gpu = gpu(host)) {
      RegionMapping mapping = gpu.mmap(REGION, 3L * PAGE, 4L * PAGE);
      String ua = Long.toHexString(mapping.hva());
      assertThat(lines)
          .containsExactly(
              "vfio_pci_nvgpu_mmap: 0004:04:00.0: 40000000000 -> " + ua + " size=40000 ret=0");
      lines.clear();

      assertThat(mapping.touch(PAGE + 0x123)).isEqualTo(RegionMapping.FAULT_NOPAGE);
      assertThat(mapping.touch(PAGE)).isEqualTo(RegionMapping.FAULT_NOPAGE);
      assertThat(mapping.touch(4L * PAGE)).isEqualTo(RegionMapping.FAULT_SIGBUS);
      assertThat(mapping.touch(-1)).isEqualTo(RegionMapping.FAULT_SIGBUS);

      assertThat(lines)
          .containsExactly(
              "vfio_pci_nvgpu_mmap_fault: 0004:04:00.0: 40000040000 -> %x ret=256"
                  .formatted(mapping.hva() + PAGE + 0x123));
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aMappingOfATrainedGpuIsTheMemoryThatTheBarsShow(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice gpu = gpu(host);
        VfioDevice bridge = bridge(host)) {
      train(bridge);
      RegionMapping mapping = gpu.mmap(REGION, PAGE, PAGE);
      RegionBacking.Direct direct = (RegionBacking.Direct) mapping.backing();
      direct.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, 0x10, 0x1122334455667788L);
      MemorySegment read = bytes(8);

      assertThat(gpu.read(1, PAGE + 0x10, read)).isEqualTo(8);
      assertThat(read.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(0x1122334455667788L);
      assertThat(mapping.hva()).isEqualTo(direct.segment().address());
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void theMappedMemoryIsRegisteredUntilTheLastClose(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      VfioDevice gpu = gpu(host);
      RegionMapping mapping = gpu.mmap(REGION, 0, APERTURE);
      PinnedDeviceMemory.Registration registration =
          host.pinnedMemory().find(mapping.hva(), APERTURE).orElseThrow();

      assertThat(registration.maxPageShift()).isEqualTo(37);
      assertThat(registration.hostAddress(mapping.hva() + 0x1234, 16)).isEqualTo(BASE + 0x1234);
      assertThat(registration.hostAddress(mapping.hva(), 38)).isEqualTo(-Errno.EFAULT.number());
      mapping.close();
      assertThat(host.pinnedMemory().count()).isEqualTo(1);
      gpu.close();
      assertThat(host.pinnedMemory().count()).isZero();
      assertThat(registration.mappedInc()).isEqualTo(-Errno.ENXIO.number());
      assertThat(registration.put()).isEqualTo(-Errno.ENOENT.number());
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aRegistrationInUseOutlivesTheClose(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      VfioDevice gpu = gpu(host);
      RegionMapping mapping = gpu.mmap(REGION, 0, PAGE);
      PinnedDeviceMemory.Registration registration =
          host.pinnedMemory().lookup(mapping.hva() + 8, 8).orElseThrow();
      registration.mappedInc();

      gpu.close();

      assertThat(host.log()).anyMatch(line -> line.contains("stays: -16"));
      assertThat(host.pinnedMemory().count()).isEqualTo(1);
      registration.mappedDec();
      assertThat(registration.put()).isZero();
      assertThat(host.pinnedMemory().count()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aRefusedRegistrationUsesTheOneMappingUp(HostAbi abi) {
    List<String> lines = new ArrayList<>();
    try (EmulatedHost host =
        Hosts.host(tree -> {}, builder -> builder.abi(abi).trace(new VfioPciTrace(lines::add)))) {
      PinnedDeviceMemory.Registration all =
          host.pinnedMemory().register(0, Long.MAX_VALUE & -PAGE, BASE);
      try (VfioDevice gpu = gpu(host)) {
        assertErrno(Errno.EINVAL, () -> gpu.mmap(REGION, 0, PAGE));
        assertThat(lines).singleElement().asString().endsWith("size=10000 ret=-22");
        assertErrno(Errno.EPERM, () -> gpu.mmap(REGION, 0, PAGE));
      }
      all.put();
      assertThat(host.pinnedMemory().count()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aPageThatCannotBeInsertedIsAskedForAgain(HostAbi abi) {
    AtomicReference<KernelStep> failing = new AtomicReference<>();
    try (EmulatedHost host =
            Hosts.host(
                tree -> {}, builder -> builder.abi(abi).faults(step -> step == failing.get()));
        VfioDevice gpu = gpu(host)) {
      RegionMapping mapping = gpu.mmap(REGION, 0, PAGE);
      failing.set(KernelStep.INSERT_PAGE);
      assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_OOM);
      failing.set(null);
      assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_NOPAGE);
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void anAtsdPageIsMappedWholeAndAtOnce(HostAbi abi) {
    List<String> lines = new ArrayList<>();
    try (EmulatedHost host =
            Hosts.host(
                tree -> {}, builder -> builder.abi(abi).trace(new VfioPciTrace(lines::add)));
        VfioDevice bridge = bridge(host)) {
      assertErrno(Errno.EINVAL, () -> bridge.mmap(REGION, 0, 2 * PAGE));
      RegionMapping one = bridge.mmap(REGION, 0, 1);
      RegionMapping two = bridge.mmap(REGION, PAGE, PAGE);

      assertThat(one.length()).isEqualTo(PAGE);
      assertThat(one.backing()).isInstanceOf(RegionBacking.Trapped.class);
      assertThat(two.touch(PAGE - 1)).isEqualTo(RegionMapping.FAULT_NOPAGE);
      assertThat(lines)
          .containsExactly(
              "vfio_pci_npu2_mmap: 0006:00:00.0: %x -> %x size=10000 ret=0"
                  .formatted(ATSD, one.hva()),
              "vfio_pci_npu2_mmap: 0006:00:00.0: %x -> %x size=10000 ret=0"
                  .formatted(ATSD, two.hva()));
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void anAtsdPageIsReadWithinItsSize(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice bridge = bridge(host)) {
      MemorySegment stat = bytes(8);
      assertThat(bridge.read(REGION, 0x10, stat)).isEqualTo(8);
      assertThat(stat.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).as("nothing is busy").isZero();
      assertThat(bridge.read(REGION, PAGE - 8, bytes(16))).isEqualTo(8);
      assertThat(bridge.read(REGION, PAGE, bytes(8))).isEqualTo(-Errno.EINVAL.number());
      assertThat(bridge.write(REGION, PAGE, bytes(8))).isEqualTo(-Errno.EINVAL.number());
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void anAtsdRegionOfNoBytesSaysMmapButIsNeverMapped(HostAbi abi) {
    if (abi.draft()) {
      return;
    }
    try (EmulatedHost host =
            Hosts.host(abi, tree -> Hosts.npuHostBridge(tree).removeProperty("ibm,mmio-atsd"));
        VfioDevice bridge = bridge(host)) {
      RegionInfo info = bridge.regionInfo(REGION);
      assertThat(info.size()).isZero();
      assertThat(info.flags()).isEqualTo(7);
      assertErrno(Errno.EINVAL, () -> bridge.mmap(REGION, 0, PAGE));
      assertThat(bridge.read(REGION, 0, bytes(8))).isEqualTo(-Errno.EINVAL.number());
      assertThat(bridge.write(REGION, 0, bytes(8))).isEqualTo(-Errno.EINVAL.number());
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aBarWithoutDecodeIsAnErrorSince58(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi);
        VfioDevice gpu = gpu(host)) {
      boolean checked = abi.since(8);
      RegionMapping mapping = gpu.mmap(0, 0, PAGE);
      assertThat(gpu.read(0, 0, bytes(4))).isEqualTo(4);
      command(gpu, 0);

      assertThat(gpu.read(0, 0, bytes(4))).isEqualTo(checked ? -Errno.EIO.number() : 4);
      assertThat(gpu.write(0, 0, bytes(4))).isEqualTo(checked ? -Errno.EIO.number() : 4);
      assertThat(gpu.mmap(0, 0, PAGE).touch(0))
          .isEqualTo(checked ? RegionMapping.FAULT_SIGBUS : RegionMapping.FAULT_NOPAGE);
      assertThat(gpu.read(REGION, 0, bytes(4))).as("the region is not checked").isEqualTo(4);

      command(gpu, 2);
      assertThat(gpu.read(0, 0, bytes(4))).isEqualTo(4);
      assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_NOPAGE);
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aGuestKnownBeforeTheOpenGetsTheGpu(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      host.group(Hosts.GPU).attach(new KvmAttachment(0x12));
      int before = host.opalCalls().size();
      VfioDevice gpu = gpu(host);
      assertThat(calls(host, before))
          .containsExactly(
              "attach 0004:04:00.0 DESTROY_CONTEXT -> 0",
              "attach 0004:04:00.0 MAP_LPAR(lpid 0x0) -> 0",
              "attach 0004:05:00.0 DESTROY_CONTEXT -> 0",
              "attach 0004:05:00.0 MAP_LPAR(lpid 0x0) -> 0",
              "open   0004:04:00.0 MAP_LPAR(lpid 0x12) -> 0",
              "open   0004:04:00.0 INIT_CONTEXT(msr PR+DR) -> 0");

      before = host.opalCalls().size();
      gpu.close();
      assertThat(calls(host, before))
          .containsExactly(
              "close  0004:04:00.0 DESTROY_CONTEXT -> 0",
              "close  0004:04:00.0 MAP_LPAR(lpid 0x0) -> 0",
              "detach 0004:04:00.0 MAP_LPAR(lpid 0x0) -> 0",
              "detach 0004:04:00.0 INIT_CONTEXT(msr HV+PR+DR) -> 0",
              "detach 0004:05:00.0 MAP_LPAR(lpid 0x0) -> 0",
              "detach 0004:05:00.0 INIT_CONTEXT(msr HV+PR+DR) -> 1");
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void aGuestKnownAfterTheOpenDoesNotGetTheGpu(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      VfioDevice gpu = gpu(host);
      int before = host.opalCalls().size();
      host.group(Hosts.GPU).attach(new KvmAttachment(0x12));
      assertThat(host.opalCalls()).hasSize(before);

      gpu.close();
      assertThat(calls(host, before).getFirst())
          .as("a GPU that no guest had is left as it is")
          .isEqualTo("close  0004:04:00.0 DESTROY_CONTEXT -> -1");
    }
  }

  @ParameterizedTest
  @MethodSource("abis")
  void oneGroupHoldsAnNpusGpusAndBridges(HostAbi abi) {
    try (EmulatedHost host = Hosts.host(abi)) {
      assertThat(host.group(Hosts.GPU).members())
          .extracting(Object::toString)
          .containsExactly(
              "0004:04:00.0",
              "0004:05:00.0",
              "0006:00:00.0",
              "0006:00:00.1",
              "0006:00:00.2",
              "0006:00:01.0",
              "0006:00:01.1",
              "0006:00:01.2");
      assertThat(host.group(Hosts.BRIDGE)).isSameAs(host.group(Hosts.GPU));
    }
  }

  private static List<String> calls(EmulatedHost host, int from) {
    List<OpalCall> all = host.opalCalls();
    return all.subList(from, all.size()).stream().map(OpalCall::toString).toList();
  }
}
