package org.nvlink2vmm.dt.powernv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.tree.Node;

class BuiltinHostTreesTest {
  static List<String> names() {
    return BuiltinHostTrees.names();
  }

  private static PowernvTree host(String name) {
    return new PowernvTree(BuiltinHostTrees.load(name).orElseThrow());
  }

  @Test
  void anUnknownNameIsNoTree() {
    assertThat(BuiltinHostTrees.load("witherspoon-5gpu")).isEmpty();
    assertThat(BuiltinHostTrees.load("../tree/x")).isEmpty();
  }

  @Test
  void eachLoadIsACopyOfItsOwn() {
    assertThat(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow())
        .isNotSameAs(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow());
  }

  @Test
  void fourGpusAreAtTheirAddressesWithTheirLabels() {
    assertThat(host("witherspoon-4gpu").gpus())
        .extracting(gpu -> gpu.bdf() + " " + gpu.locCode().orElse("?"))
        .containsExactly(
            "0004:04:00.0 GPU0", "0004:05:00.0 GPU1", "0035:03:00.0 GPU3", "0035:04:00.0 GPU4");
  }

  @Test
  void sixGpusAreAtTheirAddressesWithTheirLabels() {
    assertThat(host("witherspoon-6gpu").gpus())
        .extracting(gpu -> gpu.bdf() + " " + gpu.locCode().orElse("?"))
        .containsExactly(
            "0004:04:00.0 GPU0",
            "0004:05:00.0 GPU1",
            "0004:06:00.0 GPU2",
            "0035:03:00.0 GPU3",
            "0035:04:00.0 GPU4",
            "0035:05:00.0 GPU5");
  }

  @Test
  void bridgesAreNumberedByGpuAndLink() {
    assertThat(host("witherspoon-4gpu").bridges())
        .extracting(bridge -> bridge.bdf().toString())
        .containsExactly(
            "0006:00:00.0",
            "0006:00:00.1",
            "0006:00:00.2",
            "0006:00:01.0",
            "0006:00:01.1",
            "0006:00:01.2",
            "0007:00:00.0",
            "0007:00:00.1",
            "0007:00:00.2",
            "0007:00:01.0",
            "0007:00:01.1",
            "0007:00:01.2");
    assertThat(host("witherspoon-6gpu").npus().getFirst().bridges())
        .extracting(bridge -> bridge.bdf().toString())
        .containsExactly(
            "0006:00:00.0",
            "0006:00:00.1",
            "0006:00:01.0",
            "0006:00:01.1",
            "0006:00:02.0",
            "0006:00:02.1");
  }

  @ParameterizedTest
  @MethodSource("names")
  void npusAreThoseOfChips0And8(String name) {
    List<HostNpu> npus = host(name).npus();

    assertThat(npus).extracting(HostNpu::domain).containsExactly(6, 7);
    assertThat(npus).extracting(npu -> npu.chipId().orElse(-1)).containsExactly(0, 8);
    assertThat(npus).extracting(npu -> npu.index().orElse(-1)).containsExactly(0, 1);
    for (HostNpu npu : npus) {
      long chip = (long) npu.chipId().orElseThrow() << 42;
      assertThat(npu.registers()).contains(new MemoryWindow(0x6030200000000L + chip, 0x1000000));
      assertThat(npu.mmioWindow()).contains(new MemoryWindow(0x6030201600000L + chip, 0x120000));
      assertThat(npu.atsdCount()).isEqualTo(8);
      for (int i = 0; i < 8; i++) {
        assertThat(npu.atsd(i)).hasValue(0x6030200800000L + chip + 0x10000L * i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void linksAreSixAnNpuAndTheirGroupIsTheBridgesDevice(String name) {
    PowernvTree host = host(name);

    for (HostNpu npu : host.npus()) {
      assertThat(npu.links())
          .extracting(link -> link.index().orElse(-1))
          .containsExactlyElementsOf(IntStream.range(0, 6).boxed().toList());
      assertThat(npu.links()).allMatch(link -> link.bitsPerSecond().orElse(0) == 25781250000L);
    }
    for (HostBridge bridge : host.bridges()) {
      HostLink link = bridge.link().orElseThrow();
      assertThat(link.groupId()).hasValue(bridge.bdf().device());
      assertThat(link.speedCode()).isEqualTo(bridge.linkSpeed());
      assertThat(link.slotLabel()).isEqualTo(bridge.gpu().orElseThrow().slotLabel());
      assertThat(link.node().parent()).isEqualTo(bridge.npu().unit());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void gpusAndBridgesNameEachOtherAndShareMemoryAndTarget(String name) {
    PowernvTree host = host(name);

    for (HostGpu gpu : host.gpus()) {
      assertThat(gpu.bridges()).hasSize(12 / host.gpus().size());
      GpuMemory memory = gpu.memory().orElseThrow();
      MemoryWindow window = memory.window().orElseThrow();
      assertThat(window.size()).isEqualTo(128L << 30);
      assertThat(memory.usableMemory()).contains(new MemoryWindow(window.base(), 0));
      for (HostBridge bridge : gpu.bridges()) {
        assertThat(bridge.gpu()).contains(gpu);
        assertThat(bridge.memory()).contains(memory);
        assertThat(bridge.tgt()).hasValue(TargetAddress.fromBase(window.base()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void memoryNodesCountDownFrom255(String name) {
    List<GpuMemory> memories = host(name).gpuMemories();

    for (int i = 0; i < memories.size(); i++) {
      int id = 255 - i;
      assertThat(memories.get(i).chipId()).hasValue(id);
      assertThat(memories.get(i).associativity()).containsExactly(4, id, id, id, id);
    }
    assertThat(memories).hasSameSizeAs(host(name).gpus());
  }

  @Test
  void peersOfFourGpusAreTheSiblingAndTheBridgesInTurn() {
    PowernvTree host = host("witherspoon-4gpu");
    HostGpu gpu = host.gpus().getFirst();

    assertThat(gpu.peerCount()).isEqualTo(6);
    for (int link = 0; link < 6; link += 2) {
      assertThat(gpu.peer(link)).contains(host.gpus().get(1));
      assertThat(gpu.peer(link + 1)).contains(gpu.bridges().get(link / 2));
    }
  }

  @Test
  void peersOfSixGpusAreTwoBridgesAndBothSiblings() {
    PowernvTree host = host("witherspoon-6gpu");
    List<HostGpu> gpus = host.npus().getFirst().gpus();
    List<HostBridge> bridges = host.npus().getFirst().bridges();

    assertThat(peers(gpus.get(0)))
        .containsExactly(
            gpus.get(1), bridges.get(0), gpus.get(2), gpus.get(2), gpus.get(1), bridges.get(1));
    assertThat(peers(gpus.get(1)))
        .containsExactly(
            gpus.get(0), bridges.get(2), gpus.get(2), gpus.get(2), gpus.get(0), bridges.get(3));
    assertThat(peers(gpus.get(2)))
        .containsExactly(
            gpus.get(1), gpus.get(0), gpus.get(1), bridges.get(4), gpus.get(0), bridges.get(5));
  }

  private static List<HostPciFunction> peers(HostGpu gpu) {
    return IntStream.range(0, gpu.peerCount()).mapToObj(i -> gpu.peer(i).orElseThrow()).toList();
  }

  @ParameterizedTest
  @MethodSource("names")
  void nothingIsLeftOut(String name) {
    assertThat(host(name).remarks()).isEmpty();
  }

  /** Node names carry no meaning, so with others everything is found as before. */
  @ParameterizedTest
  @MethodSource("names")
  void nothingIsFoundByName(String name) {
    PowernvTree host = host(name);
    PowernvTree renamed = new PowernvTree(TreeCopies.withOtherNames(host.tree()));

    assertThat(renamed.functions())
        .extracting(HostPciFunction::bdf)
        .isEqualTo(host.functions().stream().map(HostPciFunction::bdf).toList());
    assertThat(renamed.npus().stream().map(HostNpu::chipId).toList())
        .isEqualTo(host.npus().stream().map(HostNpu::chipId).toList());
    assertThat(renamed.gpus().stream().map(gpu -> gpu.memory().orElseThrow().window()).toList())
        .isEqualTo(host.gpus().stream().map(gpu -> gpu.memory().orElseThrow().window()).toList());
    assertThat(renamed.bridges())
        .extracting(bridge -> bridge.link().orElseThrow().node())
        .extracting(Node::name)
        .allMatch(linkName -> linkName.startsWith("n"));
  }
}
