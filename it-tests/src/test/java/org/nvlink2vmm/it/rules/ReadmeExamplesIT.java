package org.nvlink2vmm.it.rules;

import static org.nvlink2vmm.dt.assertions.DeviceTreeAssertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.BuiltinMachines;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** The code of the README, word for word. */
class ReadmeExamplesIT {
  @TempDir private Path folder;

  @Test
  void treesAreAsserted() throws Exception {
    PluginCatalogue plugins = PluginCatalogue.installed();
    DeviceTree tree;
    try (Machine machine =
        Machine.build(BuiltinMachines.readOrBuiltin("witherspoon-6gpu", plugins), plugins)) {
      tree = machine.spapr().tree(SpaprMachine.Boot.NONE);
    }
    Path file = folder.resolve("guest.dtb");
    Files.write(file, FdtWriter.bytes(tree));

    assertThat(tree).passesGuestRules();
    assertThat(tree)
        .node("/pci@800000020000000/3d-controller@1")
        .hasPhandleList(
            "ibm,npu",
            "/pci@800000020000000/unknown-bridge@4",
            "/pci@800000020000000/unknown-bridge@4,1");
    assertThat(tree).isSameTreeAs(file);
  }

  @Test
  void aDeviceIsServed() throws Exception {
    Path socket = folder.resolve("counter.sock");
    try (VfioUserServer server = serveCounter(socket);
        VfioDevice client = VfioUserDevice.connect(socket);
        Arena arena = Arena.ofConfined()) {
      var word = arena.allocate(4);
      Assertions.assertThat(client.read(0, 8, word)).isEqualTo(4);
      Assertions.assertThat(word.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
      Assertions.assertThat(server.path()).isEqualTo(socket);
    }
  }

  private static VfioUserServer serveCounter(Path socket) {
    var rules = new AccessRules(1, 8, true, 4, ByteOrder.LITTLE_ENDIAN);
    var config = new ConfigSpace(256).set32(0, 0x11e8_1234, 0, 0);
    var bar = new RegionBacking.Trapped(rules, new Counter());
    var device = DirectDevice.builder("counter").config(256, config).bar(0, 4096, bar).build();
    return VfioUserServer.listen(socket, device);
  }

  /** A register that counts how often it is read. */
  static final class Counter extends MmioHandler {
    private final AtomicLong reads = new AtomicLong();

    @Override
    public long read(long offset, int size) {
      return reads.incrementAndGet();
    }

    @Override
    public void write(long offset, int size, long value) {
      reads.set(value);
    }
  }
}
