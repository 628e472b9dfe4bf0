package org.nvlink2vmm.dt.powernv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.TreeDamage;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.DeviceTreeException;

/** A damaged host tree is read as far as it goes; only contradictions are errors. */
class DamagedHostTreesTest {
  private static final int ROUNDS = 25;

  static Stream<Long> seeds() {
    return LongStream.range(0, 8).boxed();
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everythingThatIsLeftCanBeRead(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      DeviceTree tree = BuiltinHostTrees.load("witherspoon-6gpu").orElseThrow();
      TreeDamage.damage(tree, random, 1 + random.nextInt(30));
      assertThatCode(() -> readAll(tree))
          .as("seed %d, round %d", seed, round)
          .doesNotThrowAnyException();
    }
  }

  private static void readAll(DeviceTree tree) {
    PowernvTree host;
    try {
      host = new PowernvTree(tree);
    } catch (DeviceTreeException contradiction) {
      assertThat(contradiction).hasMessageContaining("which /");
      return;
    }
    for (HostPciFunction function : host.functions()) {
      assertThat(host.function(function.bdf())).contains(function);
      function.vendorId();
      function.deviceId();
      function.classCode();
      function.revisionId();
      function.locCode();
    }
    for (HostGpu gpu : host.gpus()) {
      gpu.bridges();
      gpu.npu();
      gpu.memory();
      gpu.slotLabel();
      for (int i = 0; i < gpu.peerCount(); i++) {
        gpu.peer(i);
      }
    }
    host.npus().forEach(DamagedHostTreesTest::readAll);
    host.bridges().forEach(DamagedHostTreesTest::readAll);
    host.gpuMemories().forEach(DamagedHostTreesTest::readAll);
  }

  private static void readAll(HostNpu npu) {
    npu.index();
    npu.chipId();
    npu.registers();
    npu.mmioWindow();
    npu.peCount();
    npu.links().forEach(DamagedHostTreesTest::readAll);
    npu.gpus();
    for (int i = -1; i <= npu.atsdCount(); i++) {
      npu.atsd(i);
    }
  }

  private static void readAll(HostBridge bridge) {
    bridge.gpu();
    bridge.link().ifPresent(DamagedHostTreesTest::readAll);
    bridge.memory().ifPresent(DamagedHostTreesTest::readAll);
    bridge.tgt();
    bridge.linkSpeed();
    bridge.link().ifPresent(link -> link.index().ifPresent(bridge.npu()::atsd));
  }

  private static void readAll(HostLink link) {
    link.index();
    link.groupId();
    link.brickId();
    link.workbookLinkId();
    link.phy();
    link.laneMask();
    link.slotLabel();
    link.bitsPerSecond();
    link.speedCode();
    link.type();
  }

  private static void readAll(GpuMemory memory) {
    memory.window();
    memory.usableMemory();
    memory.chipId();
    memory.associativity();
  }
}
