package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/**
 * Functions of an emulated host over sockets: their state goes from one server to another, and a
 * GPU's memory is handed out as a file while its links carry.
 */
@Timeout(120)
class ServedHostIT {
  private static final Logger LOG = Logger.getLogger("org.nvlink2vmm");
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int[] TRAINING = {4, 5, 6, 7, 8, 9, 10, 13};
  private static final int CONFIG = 7;
  private static final int COHERENT = 9;

  @TempDir Path folder;
  private final int descriptorsBefore = OwnedFd.live();
  private final int mappingsBefore = Mapping.live();
  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final MemorySegment word = Arena.ofAuto().allocate(4);
  private int sockets;

  ServedHostIT() {
    LOG.setLevel(Level.OFF);
  }

  @AfterEach
  void close() throws Exception {
    while (!open.isEmpty()) {
      open.removeLast().close();
    }
    assertThat(OwnedFd.live()).isEqualTo(descriptorsBefore);
    assertThat(Mapping.live()).isEqualTo(mappingsBefore);
  }

  private EmulatedHost host() {
    EmulatedHost host = Hosts.host(HostAbi.LATEST);
    open.add(host);
    return host;
  }

  /** A function of a host, served, as a client has it. */
  private VfioUserDevice serve(EmulatedHost host, HostBdf function, ServerOptions options) {
    VfioDevice device = host.open(function, function.toString());
    open.add(device);
    VfioUserServer server = VfioUserServer.listen(folder.resolve("s" + sockets++), device, options);
    open.add(server);
    VfioUserDevice client = VfioUserDevice.connect(server.path());
    open.add(client);
    word.set(WORD, 0, 6);
    client.write(CONFIG, 4, word.asSlice(0, 2));
    return client;
  }

  private VfioUserDevice serve(EmulatedHost host, HostBdf function) {
    return serve(host, function, ServerOptions.DEFAULT);
  }

  private int read(VfioDevice device, int region, long offset) {
    assertThat(device.read(region, offset, word)).isEqualTo(4);
    return word.get(WORD, 0);
  }

  private void write(VfioDevice device, int region, long offset, int value) {
    word.set(WORD, 0, value);
    assertThat(device.write(region, offset, word)).isEqualTo(4);
  }

  private void train(VfioDevice bridge) {
    for (int procedure : TRAINING) {
      write(bridge, CONFIG, 0x88, procedure);
      while ((read(bridge, CONFIG, 0x84) & 1 << 30) == 0) {
        Thread.onSpinWait();
      }
    }
  }

  private static byte[] save(VfioDevice device) throws IOException {
    Migratable migration = device.migration().orElseThrow();
    migration.running(false);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ReadableByteChannel channel = migration.save()) {
      ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
      while (channel.read(piece.clear()) >= 0) {
        byte[] got = new byte[piece.flip().remaining()];
        piece.get(got);
        bytes.write(got);
      }
    }
    return bytes.toByteArray();
  }

  private static void restore(VfioDevice device, byte[] state) throws IOException {
    Migratable migration = device.migration().orElseThrow();
    migration.running(false);
    try (WritableByteChannel channel = migration.restore()) {
      channel.write(ByteBuffer.wrap(state));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aGpuMovesToAnotherServer(long seed) throws IOException {
    Random random = new Random(seed);
    VfioUserDevice from = serve(host(), Hosts.GPU);
    VfioUserDevice to = serve(host(), Hosts.GPU);
    for (int i = 0; i < 40; i++) {
      write(from, 1, 4 * random.nextLong(4L << 30), random.nextInt());
      write(to, 1, 4 * random.nextLong(4L << 30), random.nextInt());
    }
    write(from, 0, 0x1700, 0x123456);
    write(from, 0, 0xf00018, 0x5555);
    write(from, CONFIG, 0x6c, 0xfee00000);

    byte[] state = save(from);
    restore(to, state);

    assertThat(Arrays.mismatch(save(to), state)).as("seed %d", seed).isEqualTo(-1);
    assertThat(state.length).isLessThan(500_000);
    to.migration().orElseThrow().running(true);
    assertThat(read(to, 0, 0x1700)).isEqualTo(0x123456);
    assertThat(read(to, 0, 0xf00018)).as("test engine").isEqualTo(0x5555);
    assertThat(read(to, CONFIG, 0x6c)).isEqualTo(0xfee00000);
    assertThat(read(to, CONFIG, 4) & 0xffff).isEqualTo(6);
  }

  @Test
  void aTrainedBridgeMovesAndItsGpusMemoryIsThere() throws IOException {
    EmulatedHost target = host();
    VfioUserDevice from = serve(host(), Hosts.BRIDGE);
    VfioUserDevice to = serve(target, Hosts.BRIDGE);
    VfioUserDevice gpu = serve(target, Hosts.GPU);
    train(from);
    write(gpu, 1, 0x4000, 0x600d);
    assertThat(read(gpu, COHERENT, 0x4000)).as("no link").isEqualTo(-1);

    restore(to, save(from));
    to.migration().orElseThrow().running(true);

    assertThat(read(gpu, COHERENT, 0x4000)).isEqualTo(0x600d);
    assertThat(read(to, CONFIG, 0x84)).isEqualTo(1 << 30);
  }

  @Test
  void aStateThatIsRefusedIsAnErrorThatAResetMends() throws IOException {
    VfioUserDevice bridge = serve(host(), Hosts.BRIDGE);
    VfioUserDevice gpu = serve(host(), Hosts.GPU);
    byte[] state = save(gpu);

    assertThatThrownBy(() -> restore(bridge, state)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> bridge.migration().orElseThrow().running(true))
        .isInstanceOf(VfioException.class);

    bridge.reset();
    train(bridge);
  }

  @Test
  void aClientThatLeavesInTheMiddleOfAStateLeavesTheDeviceClear() throws Exception {
    VfioUserDevice from = serve(host(), Hosts.GPU);
    write(from, 1, 0x5000, 0x1234);
    write(from, 0, 0x1700, 0x77);
    byte[] state = save(from);
    VfioUserDevice leaving = serve(host(), Hosts.GPU);
    Path socket = folder.resolve("s" + (sockets - 1));
    write(leaving, 0, 0x1700, 0x55);
    write(leaving, 1, 0x9000, 0x55);
    leaving.migration().orElseThrow().running(false);
    WritableByteChannel half = leaving.migration().orElseThrow().restore();
    half.write(ByteBuffer.wrap(state, 0, state.length - 20));
    leaving.close();

    VfioUserDevice next = reconnect(socket);
    open.add(next);
    word.set(WORD, 0, 6);
    next.write(CONFIG, 4, word.asSlice(0, 2));
    assertThat(read(next, 0, 0x1700)).isZero();
    assertThat(read(next, 1, 0x9000)).isZero();
    assertThat(read(next, 1, 0x5000)).isZero();
  }

  /** Attaches once the server has seen that the client before is gone. */
  private static VfioUserDevice reconnect(Path socket) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try {
        return VfioUserDevice.connect(socket);
      } catch (VfioException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  private VfioUserDevice trainedGpu(ServerOptions.MapMemory when) {
    EmulatedHost host = host();
    VfioUserDevice gpu = serve(host, Hosts.GPU, ServerOptions.DEFAULT.withMapMemory(when));
    train(serve(host, Hosts.BRIDGE));
    return gpu;
  }

  @Test
  void gpuMemoryIsMappedOnceALinkCarries() {
    EmulatedHost host = host();
    VfioUserDevice gpu = serve(host, Hosts.GPU);
    assertThatThrownBy(() -> gpu.mmap(COHERENT, 0, 4096)).isInstanceOf(VfioException.class);
    train(serve(host, Hosts.BRIDGE));

    long size = 16L << 30;
    try (RegionMapping mapping = gpu.mmap(COHERENT, 0, size)) {
      MemorySegment memory = ((RegionBacking.Direct) mapping.backing()).segment();
      memory.set(WORD, size - 4, 0x1234);
      assertThat(read(gpu, COHERENT, size - 4)).isEqualTo(0x1234);
      assertThat(read(gpu, 1, size - 4)).as("BAR 1 shows the same").isEqualTo(0x1234);
      write(gpu, COHERENT, 0x10000, 0x77);
      assertThat(memory.get(WORD, 0x10000)).isEqualTo(0x77);
    }
    assertThat(read(gpu, COHERENT, size)).as("above the memory").isEqualTo(-1);
    assertThatThrownBy(() -> gpu.mmap(COHERENT, size, 4096)).isInstanceOf(VfioException.class);
    assertThatThrownBy(() -> gpu.mmap(COHERENT, size - 4096, 8192))
        .isInstanceOf(VfioException.class);
  }

  @Test
  void aFenceEndsWhatIsHandedOutNotWhatIsMapped() {
    EmulatedHost host = host();
    VfioUserDevice gpu = serve(host, Hosts.GPU);
    VfioUserDevice bridge = serve(host, Hosts.BRIDGE);
    train(bridge);
    RegionMapping mapping = gpu.mmap(COHERENT, 0, 4096);
    bridge.reset();

    assertThatThrownBy(() -> gpu.mmap(COHERENT, 0, 4096)).isInstanceOf(VfioException.class);
    assertThat(read(gpu, COHERENT, 0)).isEqualTo(-1);
    assertThat(((RegionBacking.Direct) mapping.backing()).segment().get(WORD, 0)).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void anOptionSaysWhenMemoryIsHandedOut(ServerOptions.MapMemory when) {
    VfioUserDevice trained = trainedGpu(when);
    VfioUserDevice untrained = serve(host(), Hosts.GPU, ServerOptions.DEFAULT.withMapMemory(when));

    assertThat(canMap(trained)).isEqualTo(when != ServerOptions.MapMemory.NEVER);
    assertThat(canMap(untrained)).isEqualTo(when == ServerOptions.MapMemory.ALWAYS);
  }

  private static boolean canMap(VfioDevice gpu) {
    try (RegionMapping _ = gpu.mmap(COHERENT, 0, 1 << 20)) {
      return true;
    } catch (VfioException _) {
      return false;
    }
  }

  @Test
  void registersOfABridgeAreNeverMapped() {
    EmulatedHost host = host();
    VfioUserDevice bridge =
        serve(
            host,
            Hosts.BRIDGE,
            ServerOptions.DEFAULT.withMapMemory(ServerOptions.MapMemory.ALWAYS));

    assertThat(canMap(bridge)).isFalse();
  }

  @Test
  void memoryThatNobodyTouchesCostsNothing() throws IOException {
    long before = sharedPages();
    VfioUserDevice gpu = trainedGpu(ServerOptions.MapMemory.TRAINED);
    try (RegionMapping mapping = gpu.mmap(COHERENT, 0, 16L << 30)) {
      ((RegionBacking.Direct) mapping.backing()).segment().set(WORD, 5L << 30, 1);

      assertThat(sharedPages() - before).isLessThan(64 << 20);
    }
  }

  /** Bytes of files in memory that this process holds. */
  private static long sharedPages() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssShmem:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .sum();
  }
}
