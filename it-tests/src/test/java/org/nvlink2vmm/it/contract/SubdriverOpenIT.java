package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.host.KernelFaults;
import org.nvlink2vmm.vmm.host.KernelStep;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * What the subdrivers' init hooks look at, in the kernel's order, and what each missing thing
 * answers: the v4 patch, mainline 5.0, and the releases that changed an answer.
 */
class SubdriverOpenIT {
  private static final long APERTURE = 0x2000000000L;
  private static final long PAGE = 0x10000;

  /** What opening a function comes to. */
  sealed interface Outcome {
    /** It has region 9 of this size. */
    record Region(long size) implements Outcome {}

    /** ENODEV, which is ignored: an ordinary device. */
    record Plain() implements Outcome {}

    /** The open fails. */
    record Fails(Errno errno) implements Outcome {}
  }

  private static final Outcome GPU_REGION = new Outcome.Region(APERTURE);
  private static final Outcome ATSD_REGION = new Outcome.Region(PAGE);
  private static final Outcome EMPTY_REGION = new Outcome.Region(0);
  private static final Outcome PLAIN = new Outcome.Plain();
  private static final Outcome EINVAL = new Outcome.Fails(Errno.EINVAL);
  private static final Outcome EFAULT = new Outcome.Fails(Errno.EFAULT);
  private static final Outcome ENOMEM = new Outcome.Fails(Errno.ENOMEM);

  /**
   * A row of the table.
   *
   * @param said what the one line must say; empty where nothing is wrong
   */
  record Row(
      String name,
      HostBdf function,
      Consumer<PowernvTree> change,
      KernelFaults faults,
      Function<HostAbi, Outcome> expected,
      String said) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Row row(
      String name,
      HostBdf function,
      Consumer<PowernvTree> change,
      Function<HostAbi, Outcome> expected,
      String said) {
    return new Row(name, function, change, KernelFaults.NONE, expected, said);
  }

  private static Row failing(
      KernelStep step, HostBdf function, Function<HostAbi, Outcome> expected, String said) {
    return new Row(
        step + " fails at " + function, function, tree -> {}, each -> each == step, expected, said);
  }

  private static Consumer<PowernvTree> without(HostBdf function, String property) {
    return tree -> Hosts.node(tree, function).removeProperty(property);
  }

  private static Consumer<PowernvTree> withU32(HostBdf function, String property, int... cells) {
    return tree -> Hosts.node(tree, function).setU32(property, cells);
  }

  private static Consumer<PowernvTree> memoryReg(int... cells) {
    return tree -> Hosts.memory(tree).setU32("reg", cells);
  }

  private static Consumer<PowernvTree> atsd(long... pages) {
    return tree -> Hosts.npuHostBridge(tree).setU64("ibm,mmio-atsd", pages);
  }

  private static Node link(PowernvTree tree, HostBdf bridge) {
    return tree.byPhandle(Hosts.node(tree, bridge).u32("ibm,nvlink")).orElseThrow();
  }

  private static Function<HostAbi, Outcome> always(Outcome outcome) {
    return abi -> outcome;
  }

  private static List<Row> gpuRows() {
    HostBdf gpu = Hosts.GPU;
    HostBdf bridge = Hosts.BRIDGE;
    Function<HostAbi, Outcome> noMemory = abi -> abi.since(11) ? PLAIN : EINVAL;
    return List.of(
        row("a whole GPU", gpu, tree -> {}, always(GPU_REGION), ""),
        row("no ibm,npu", gpu, without(gpu, "ibm,npu"), always(PLAIN), "has no ibm,npu"),
        row(
            "ibm,npu names no node",
            gpu,
            withU32(gpu, "ibm,npu", 0x999),
            always(PLAIN),
            "ibm,npu 0x999 is no PCI function"),
        row(
            "no memory-region",
            gpu,
            without(bridge, "memory-region"),
            noMemory,
            "has no memory-region"),
        row(
            "memory-region names no node",
            gpu,
            withU32(bridge, "memory-region", 0x999),
            always(EINVAL),
            "memory-region 0x999 is no node"),
        row(
            "reg cut short",
            gpu,
            memoryReg(0x400, 0, 0x20),
            always(EINVAL),
            "reg has 12 bytes, expected 16"),
        row(
            "reg too long",
            gpu,
            memoryReg(0x400, 0, 0x20, 0, 0, 0),
            always(EINVAL),
            "reg has 24 bytes, expected 16"),
        row(
            "no reg",
            gpu,
            tree -> Hosts.memory(tree).removeProperty("reg"),
            always(EINVAL),
            "reg has 0 bytes, expected 16"),
        row(
            "no target address",
            gpu,
            without(bridge, "ibm,device-tgt-addr"),
            always(EFAULT),
            "has no ibm,device-tgt-addr"),
        row(
            "target address cut short",
            gpu,
            withU32(bridge, "ibm,device-tgt-addr", 0x400),
            always(EFAULT),
            "has no ibm,device-tgt-addr"),
        failing(KernelStep.ALLOCATE, gpu, always(ENOMEM), "no memory for the GPU's state"),
        failing(
            KernelStep.REMAP,
            gpu,
            abi -> abi.draft() ? ENOMEM : GPU_REGION,
            "0x2000000000 bytes of host memory at 0x40000000000 cannot be mapped"),
        failing(KernelStep.NOTIFIER, gpu, always(EINVAL), "the group notifier cannot be"),
        failing(KernelStep.REGISTER_REGION, gpu, always(ENOMEM), "no memory for a region"));
  }

  private static List<Row> bridgeRows() {
    HostBdf bridge = Hosts.BRIDGE;
    HostBdf second = Hosts.SECOND_BRIDGE;
    long first = 0x6030200800000L;
    return List.of(
        row("a whole bridge", bridge, tree -> {}, always(ATSD_REGION), ""),
        row("no ibm,gpu", bridge, without(bridge, "ibm,gpu"), always(PLAIN), "has no ibm,gpu"),
        row(
            "ibm,gpu names no node",
            bridge,
            withU32(bridge, "ibm,gpu", 0x999),
            always(PLAIN),
            "ibm,gpu 0x999 is no PCI function"),
        row(
            "no memory-region at a bridge",
            second,
            without(second, "memory-region"),
            abi -> abi.since(11) ? PLAIN : ATSD_REGION,
            "has no memory-region"),
        row(
            "no ibm,nvlink",
            second,
            without(second, "ibm,nvlink"),
            always(PLAIN),
            "has no ibm,nvlink"),
        row(
            "no link index",
            second,
            tree -> link(tree, second).removeProperty("ibm,npu-link-index"),
            always(PLAIN),
            "has no ibm,npu-link-index"),
        row(
            "no ATSD at all",
            bridge,
            tree -> Hosts.npuHostBridge(tree).removeProperty("ibm,mmio-atsd"),
            abi -> abi.draft() ? EFAULT : EMPTY_REGION,
            "ibm,mmio-atsd has no entry for link 0"),
        row("one ATSD, link 0", bridge, atsd(first), always(ATSD_REGION), ""),
        row(
            "one ATSD, link 1",
            second,
            atsd(first),
            abi -> abi.draft() || abi.since(7) ? ATSD_REGION : EMPTY_REGION,
            ""),
        row(
            "an ATSD at address 0",
            bridge,
            atsd(0),
            abi -> abi.draft() ? ENOMEM : EMPTY_REGION,
            ""),
        row(
            "no target address at a bridge",
            bridge,
            without(bridge, "ibm,device-tgt-addr"),
            always(EFAULT),
            "has no ibm,device-tgt-addr"),
        row(
            "no link speed",
            bridge,
            without(bridge, "ibm,nvlink-speed"),
            always(EFAULT),
            "has no ibm,nvlink-speed"),
        failing(KernelStep.ALLOCATE, bridge, always(ENOMEM), "no memory for the bridge's state"),
        failing(
            KernelStep.REMAP,
            bridge,
            always(ENOMEM),
            "0x10000 bytes of host memory at 0x6030200800000 cannot be mapped"),
        failing(KernelStep.REGISTER_REGION, bridge, always(ENOMEM), "no memory for a region"));
  }

  static List<Arguments> rows() {
    List<Row> rows = new ArrayList<>(gpuRows());
    rows.addAll(bridgeRows());
    List<Arguments> all = new ArrayList<>();
    for (Row row : rows) {
      for (HostAbi abi : Hosts.ABIS) {
        all.add(Arguments.of(row, abi));
      }
    }
    return all;
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("rows")
  void aFunctionOpensAsTheKernelOpensIt(Row row, HostAbi abi) {
    try (EmulatedHost host =
        Hosts.host(row.change, builder -> builder.abi(abi).faults(row.faults))) {
      Outcome expected = row.expected.apply(abi);
      Outcome found = open(host, row.function);

      assertThat(found).isEqualTo(expected);
      if (!(expected instanceof Outcome.Region) && !row.said.isEmpty()) {
        assertThat(host.log())
            .filteredOn(line -> line.contains(row.said))
            .singleElement()
            .satisfies(
                line -> assertThat(line).startsWith(row.function + ": ").doesNotContain("\n"));
      }
      assertNothingLeft(host);
    }
  }

  /** Another function of the host is none the worse, except for one that shares what is missing. */
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("rows")
  void theOtherChipsFunctionsOpenAllTheSame(Row row, HostAbi abi) {
    try (EmulatedHost host = Hosts.host(row.change, builder -> builder.abi(abi))) {
      open(host, row.function);
      List<HostPciFunction> others = new ArrayList<>();
      others.addAll(host.tree().gpus());
      others.addAll(host.tree().bridges());
      for (HostPciFunction other : others) {
        if (other.bdf().domain() == 0x35 || other.bdf().domain() == 7) {
          Outcome whole = other.bdf().domain() == 7 ? ATSD_REGION : GPU_REGION;
          assertThat(open(host, other.bdf())).as(other.toString()).isEqualTo(whole);
        }
      }
    }
  }

  private static Outcome open(EmulatedHost host, HostBdf function) {
    VfioDevice device;
    try {
      device = host.open(function, "device");
    } catch (VfioException e) {
      assertThat(e.getMessage()).startsWith(function + ": ").doesNotContain("\n");
      return new Outcome.Fails(e.errno());
    }
    try (device) {
      int regions = device.info().numRegions();
      if (regions == 9) {
        assertThat(catchThrowableOfType(VfioException.class, () -> device.regionInfo(9)).errno())
            .isEqualTo(Errno.EINVAL);
        return PLAIN;
      }
      assertThat(regions).isEqualTo(10);
      return new Outcome.Region(device.regionInfo(9).size());
    }
  }

  private static void assertNothingLeft(EmulatedHost host) {
    assertThat(host.openFunctions()).isZero();
    assertThat(host.kernelMappings()).isZero();
    assertThat(host.userMappings()).isZero();
    assertThat(host.pinnedMemory().count()).isZero();
  }
}
