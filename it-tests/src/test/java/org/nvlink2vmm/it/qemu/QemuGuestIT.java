package org.nvlink2vmm.it.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.serve.ServedMachine;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;

/**
 * Real guests in a real QEMU: Linux finds the V100 and its bridges that {@code vmm serve} offers,
 * reads its registers, writes its memory, and takes its interrupt.
 */
class QemuGuestIT {
  private static final String V100 = "10de:1db1";
  private static final String V100_32GB = "10de:1db5";
  private static final String BRIDGE = "1014:04ea";
  private static final long GIB = 1L << 30;
  private static final int CONFIG_BYTES = 4096;
  private static final int BAR1 = 1;

  /** Linux include/linux/ioport.h: IORESOURCE_MEM, _PREFETCH, _MEM_64. */
  private static final long MEM = 0x200;

  private static final long PREFETCH_64 = 0x102200;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir Path work;
  private Qemu qemu;

  @BeforeEach
  void findQemu() {
    Optional<Qemu> installed = Qemu.installed();
    assumeTrue(
        installed.isPresent(),
        "no QEMU with vfio-user-pci: run it-tests/qemu/install-qemu.sh, or set VMM_QEMU_ROOT");
    qemu = installed.get();
  }

  private static String init() throws IOException {
    try (InputStream text = QemuGuestIT.class.getResourceAsStream("init.sh")) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aPseriesGuestUsesAGpuAndFindsItsBridges() throws Exception {
    try (ServedMachine served =
        ServedMachine.start(work, "witherspoon-6gpu", "gpu0", "npu0", "npu1")) {
      MemorySegment config = config(served.socket("gpu0"));

      Console console = new Console(qemu.bootPseries(work, init(), served.sockets()));

      assertUsesGpu(console, served.socket("gpu0"), V100, 16 * GIB);
      assertThat(changed(config, console.functions(V100).getFirst().config()))
          .containsExactlyEntriesOf(Map.of(0x80, "00002910, in the guest 0000291f"));
      assertThat(console.functions(BRIDGE)).as("%s", console).hasSize(2);
      for (Console.Function bridge : console.functions(BRIDGE)) {
        assertThat(bridge.pciClass()).isEqualTo("068001");
        assertThat(bridge.bars()).extracting(Console.Bar::index).containsExactly(0, 2);
        assertThat(bridge.bars()).extracting(Console.Bar::size).containsExactly(1L << 17, 1L << 16);
      }
    }
  }

  @Test
  void aPcGuestUsesALargerGpu() throws Exception {
    Path machine =
        Files.writeString(
            work.resolve("pc.yaml"),
            """
            phbs:
              - index: 0
                devices:
                  - { slot: 1, device: v100, vfio: { tgt: 0x40000000000 } }
            """);
    try (ServedMachine served = ServedMachine.start(work, machine.toString(), "gpu0")) {
      MemorySegment config = config(served.socket("gpu0"));

      Console console = new Console(qemu.bootPc(work, init(), served.sockets()));

      assertUsesGpu(console, served.socket("gpu0"), V100_32GB, 32 * GIB);
      assertThat(changed(config, console.functions(V100_32GB).getFirst().config()).keySet())
          .as("QEMU makes an endpoint of a root complex of it, which has no link")
          .containsExactly(0x78, 0x80, 0x84, 0x88, 0xa4, 0xa8);
    }
  }

  private static void assertUsesGpu(Console console, Path socket, String ids, long memory) {
    assertThat(console.functions(ids)).as("%s", console).hasSize(1);
    Console.Function gpu = console.functions(ids).getFirst();
    assertThat(gpu.pciClass()).isEqualTo("030200");
    assertBars(gpu.bars(), memory);
    assertThat(console.after("BOOT_0")).isEqualToIgnoringCase("0x140000a1");
    assertThat(console.after("PATTERN")).isEqualToIgnoringCase("0x5ca1ab1e 0x1122334455667788");
    assertThat(console.after("INTERRUPTS")).as("%s", console).isEqualTo("1");
    assertThat(console.after("PENDING")).isEqualTo("0x00000001 0x00100000");
    assertThat(console.after("CLEARED")).isEqualTo("0x00000000 0x00000000");
    assertThat(console.after("LINE")).as("%s", console).contains("uio_pci_generic");
    assertThat(console.toString()).contains("GUEST-DONE");
    try (VfioUserDevice device = VfioUserDevice.connect(socket)) {
      assertThat(read(device, BAR1, 0x1000, 4).get(U32, 0)).isEqualTo(0x5ca1ab1e);
      assertThat(read(device, BAR1, 0x3_ffff_fff8L, 8).get(U64, 0))
          .isEqualTo(0x1122_3344_5566_7788L);
    }
  }

  /** Sizes as the board has them; addresses that the guest gave, each a multiple of the size. */
  private static void assertBars(List<Console.Bar> bars, long memory) {
    assertThat(bars).extracting(Console.Bar::index).containsExactly(0, 1, 3);
    assertThat(bars).extracting(Console.Bar::size).containsExactly(16L << 20, memory, 32L << 20);
    assertThat(bars)
        .allSatisfy(bar -> assertThat(bar.start()).isPositive())
        .allSatisfy(bar -> assertThat(bar.start() % bar.size()).isZero());
    assertThat(bars.get(0).flags() & (MEM | PREFETCH_64)).isEqualTo(MEM);
    assertThat(bars.get(1).flags() & PREFETCH_64).isEqualTo(PREFETCH_64);
    assertThat(bars.get(2).flags() & PREFETCH_64).isEqualTo(PREFETCH_64);
  }

  /** Configuration space as a client reads it, before the guest comes. */
  private static MemorySegment config(Path socket) {
    try (VfioUserDevice device = VfioUserDevice.connect(socket)) {
      return read(device, VfioPciIndex.CONFIG_REGION, 0, CONFIG_BYTES);
    }
  }

  private static MemorySegment read(VfioUserDevice device, int region, long offset, int size) {
    MemorySegment target = Arena.ofAuto().allocate(size, 8);
    assertThat(device.read(region, offset, target)).isEqualTo(size);
    return target;
  }

  /**
   * Words in which the guest's space is another one than ours, but for those that it owns: Command
   * and Status, cache line, BARs, interrupt line.
   */
  private static SortedMap<Integer, String> changed(MemorySegment ours, MemorySegment guests) {
    SortedMap<Integer, String> found = new TreeMap<>();
    for (int offset = 0; offset < CONFIG_BYTES; offset += 4) {
      boolean guestsOwn =
          offset == 4 || offset == 0xc || (offset >= 0x10 && offset < 0x28) || offset == 0x3c;
      int before = ours.get(U32, offset);
      int after = guests.get(U32, offset);
      if (before != after && !guestsOwn) {
        found.put(offset, "%08x, in the guest %08x".formatted(before, after));
      }
    }
    return found;
  }
}
