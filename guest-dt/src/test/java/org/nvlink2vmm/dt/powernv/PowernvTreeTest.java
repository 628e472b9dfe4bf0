package org.nvlink2vmm.dt.powernv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.tree.DeviceTreeException;
import org.nvlink2vmm.dt.tree.Node;

class PowernvTreeTest {
  private final HostTreeFixture fixture = new HostTreeFixture();

  @Test
  void functionsArePlacedByDomainAndReg() {
    assertThat(fixture.read().functions())
        .extracting(function -> function.bdf().toString())
        .containsExactly("0004:02:0a.0", "0004:04:00.0", "0006:00:00.0", "0006:00:00.1");
  }

  @Test
  void aGpuLeadsToItsBridgesLinksAndMemory() {
    PowernvTree host = fixture.read();
    HostGpu gpu = host.gpus().getFirst();

    assertThat(gpu.bridges()).isEqualTo(host.bridges());
    assertThat(gpu.npu()).contains(host.npus().getFirst());
    assertThat(gpu.memory().flatMap(GpuMemory::window))
        .contains(new MemoryWindow(0x40000000000L, 0x2000000000L));
    assertThat(gpu.slotLabel()).contains("GPU0");
    assertThat(gpu.peerCount()).isEqualTo(2);
    assertThat(gpu.peer(1)).contains(host.bridges().get(1));
    assertThat(gpu.peer(2)).isEmpty();
  }

  @Test
  void aBridgeLeadsToItsGpuLinkAndNpu() {
    HostBridge bridge = fixture.read().bridges().get(1);

    assertThat(bridge.gpu()).map(HostGpu::node).contains(fixture.gpu);
    assertThat(bridge.link()).map(HostLink::node).contains(fixture.link1);
    assertThat(bridge.link().orElseThrow().index()).hasValue(1);
    assertThat(bridge.tgt()).hasValue(0x40000000000L);
    assertThat(bridge.linkSpeed()).hasValue(8);
    assertThat(bridge.npu().domain()).isEqualTo(6);
  }

  @Test
  void anNpuKnowsItsUnitItsLinksItsBridgesAndItsGpus() {
    PowernvTree host = fixture.read();
    HostNpu npu = host.npus().getFirst();

    assertThat(npu.unit()).contains(fixture.unit);
    assertThat(npu.links())
        .extracting(HostLink::node)
        .containsExactly(fixture.link0, fixture.link1);
    assertThat(npu.bridges()).isEqualTo(host.bridges());
    assertThat(npu.gpus()).isEqualTo(host.gpus());
    assertThat(npu.registers()).contains(new MemoryWindow(0x6030200000000L, 0x1000000));
    assertThat(npu.mmioWindow()).contains(new MemoryWindow(0x6030201600000L, 0x120000));
    assertThat(npu.chipId()).hasValue(0);
  }

  @Test
  void atsdRegistersAreFoundByUnsignedIndex() {
    HostNpu npu = fixture.read().npus().getFirst();

    assertThat(npu.atsdCount()).isEqualTo(2);
    assertThat(npu.atsd(1)).hasValue(0x6030200810000L);
    assertThat(npu.atsd(2)).isEmpty();
    assertThat(npu.atsd(-1)).isEmpty();
  }

  @Test
  void aDanglingReferenceIsPresentAsNumberAndAbsentAsNode() {
    fixture.bridge0.setU32("memory-region", 0xdead).setU32("ibm,nvlink", 0xbeef);
    HostBridge bridge = fixture.read().bridges().getFirst();

    assertThat(bridge.memoryPhandle()).hasValue(0xdead);
    assertThat(bridge.memory()).isEmpty();
    assertThat(bridge.linkPhandle()).hasValue(0xbeef);
    assertThat(bridge.link()).isEmpty();
  }

  @Test
  void missingPropertiesLeaveTheOthersReadable() {
    fixture.bridge0.removeProperty("ibm,device-tgt-addr");
    fixture.bridge0.removeProperty("ibm,nvlink-speed");
    fixture.bridge0.removeProperty("ibm,gpu");
    fixture.npuHostBridge.removeProperty("ibm,mmio-atsd");
    HostBridge bridge = fixture.read().bridges().getFirst();

    assertThat(bridge.tgt()).isEmpty();
    assertThat(bridge.linkSpeed()).isEmpty();
    assertThat(bridge.gpu()).isEmpty();
    assertThat(bridge.npu().atsd(0)).isEmpty();
    assertThat(bridge.memory()).isPresent();
  }

  @Test
  void aMemoryRegThatIsNotExactlyTwoNumbersIsNoWindow() {
    for (long[] reg : new long[][] {{1}, {1, 2, 3}, {}}) {
      fixture.memory.setU64("reg", reg);
      assertThat(fixture.read().bridges().getFirst().memory().orElseThrow().window()).isEmpty();
    }
  }

  @Test
  void theListOfBridgesEndsAtTheFirstEntryThatNamesNone() {
    fixture.gpu.setU32("ibm,npu", 0x700, 0x310, 0x701);

    assertThat(fixture.read().gpus().getFirst().bridges())
        .extracting(HostBridge::node)
        .containsExactly(fixture.bridge0);
  }

  @Test
  void aPhandleOfANodeThatIsNoPciFunctionNamesNoFunction() {
    fixture.bridge0.setU32("ibm,gpu", 0x310);

    assertThat(fixture.read().bridges().getFirst().gpuFunction()).isEmpty();
  }

  @Test
  void aHostBridgeWithoutDomainIsLeftOutWithARemark() {
    fixture.npuHostBridge.removeProperty("ibm,opal-phbid");
    PowernvTree host = fixture.read();

    assertThat(host.npus()).isEmpty();
    assertThat(host.bridges()).isEmpty();
    assertThat(host.gpus().getFirst().npuFunction(0)).isEmpty();
    assertThat(host.remarks()).singleElement().asString().contains("/second", "ibm,opal-phbid");
  }

  @Test
  void aFunctionWithoutRegIsLeftOutWithARemark() {
    fixture.bridge1.removeProperty("reg");
    PowernvTree host = fixture.read();

    assertThat(host.bridges()).hasSize(1);
    assertThat(host.remarks()).singleElement().asString().contains("/second/y", "no reg");
  }

  @Test
  void twoFunctionsAtOneAddressAreAnErrorThatNamesBoth() {
    fixture.bridge1.setU32("reg", 0, 0, 0, 0, 0);

    assertThatThrownBy(fixture::read)
        .isInstanceOf(DeviceTreeException.class)
        .hasMessageContainingAll("/second/y", "0006:00:00.0", "/second/x");
  }

  @Test
  void twoHostBridgesOfOneDomainAreAnErrorThatNamesBoth() {
    fixture.npuHostBridge.setU64("ibm,opal-phbid", 4);

    assertThatThrownBy(fixture::read)
        .isInstanceOf(DeviceTreeException.class)
        .hasMessageContainingAll("/second", "0004", "/first");
  }

  @Test
  void aBridgeOutsideAnNpuIsAnOrdinaryFunction() {
    Node stray = HostTreeFixture.function(fixture.gpuHostBridge, "stray", 0x100, 0x1014, 0x04ea);
    PowernvTree host = fixture.read();

    assertThat(host.bridges()).hasSize(2);
    assertThat(host.function(stray)).get().isInstanceOf(HostOtherFunction.class);
  }

  @Test
  void functionsAreFoundByAddress() {
    PowernvTree host = fixture.read();

    assertThat(host.function(HostBdf.parse("0006:00:00.1"))).contains(host.bridges().get(1));
    assertThat(host.function(HostBdf.parse("0006:00:00.2"))).isEmpty();
  }
}
