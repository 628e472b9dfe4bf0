package org.nvlink2vmm.npu2;

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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.npu2.atsd.ShootdownJournal;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.npu2.regs.ErrorRegisters;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.state.SavableDevice;

/** A bridge's state taken out and put into another one. */
final class LinkStateTest {
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CONFIG = 7;
  private static final int ATSD = 9;
  private static final long STATUS = 0x84;
  private static final long CONTROL = 0x88;
  private static final int[] TRAINING = {4, 5, 6, 7, 8, 9, 10, 13};

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment bytes = arena.allocate(8, 8);
  private long now = 5_000;
  private final VfioDevice from = device();
  private final VfioDevice to = device();

  private static VfioDevice device() {
    return new Npu2Plugin()
        .described(
            "npu",
            new DeviceOptions("d.vfio", Map.of("tgt", 0x40000000000L)),
            new DeviceOptions("d", Map.of()));
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
    arena.close();
  }

  private long read(VfioDevice device, int region, long offset, int size) {
    assertThat(device.read(region, offset, bytes.asSlice(0, size))).isEqualTo(size);
    return size == 8
        ? bytes.get(ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN), 0)
        : bytes.get(WORD, 0);
  }

  private void write(VfioDevice device, int region, long offset, int size, long value) {
    bytes.set(ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN), 0, value);
    device.write(region, offset, bytes.asSlice(0, size));
  }

  private void train(VfioDevice device, int steps) {
    for (int i = 0; i < steps; i++) {
      write(device, CONFIG, CONTROL, 4, TRAINING[i]);
      while ((read(device, CONFIG, STATUS, 4) & 1 << 30) == 0) {
        Thread.onSpinWait();
      }
    }
  }

  private static byte[] save(VfioDevice device) throws IOException {
    Migratable migration = device.migration().orElseThrow();
    migration.running(false);
    return bytes(migration.save());
  }

  private static byte[] bytes(ReadableByteChannel state) throws IOException {
    ByteArrayOutputStream saved = new ByteArrayOutputStream();
    try (ReadableByteChannel channel = state) {
      ByteBuffer piece = ByteBuffer.allocate(999);
      while (channel.read(piece.clear()) >= 0) {
        saved.write(piece.array(), 0, piece.position());
      }
    }
    return saved.toByteArray();
  }

  private static void restore(VfioDevice device, byte[] state) throws IOException {
    Migratable migration = device.migration().orElseThrow();
    migration.running(false);
    try (WritableByteChannel channel = migration.restore()) {
      channel.write(ByteBuffer.wrap(state));
    }
  }

  private void live(VfioDevice device, Random random) {
    for (int i = 0; i < 50; i++) {
      write(device, 0, 0x10000 + 8 * random.nextInt(0x2000), 8, random.nextLong());
      write(device, CONFIG, 4L * random.nextInt(64), 4, random.nextInt());
      write(device, ATSD, 8L * random.nextInt(2), 8, random.nextLong());
    }
    write(device, 0, 0xfff4, 4, random.nextInt());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anotherBridgeBecomesTheSame(long seed) throws IOException {
    Random random = new Random(seed);
    train(from, random.nextInt(TRAINING.length + 1));
    live(from, random);
    live(to, random);

    byte[] state = save(from);
    restore(to, state);

    assertThat(Arrays.mismatch(save(to), state)).as("seed %d", seed).isEqualTo(-1);
    for (int offset = 0; offset < 256; offset += 4) {
      assertThat(read(to, CONFIG, offset, 4)).isEqualTo(read(from, CONFIG, offset, 4));
    }
    for (int register = 0; register < 3; register++) {
      assertThat(read(to, ATSD, 8L * register, 8)).isEqualTo(read(from, ATSD, 8L * register, 8));
    }
  }

  @Test
  void aTrainedLinkIsTrainedAfterwards() throws IOException {
    train(from, TRAINING.length);

    restore(to, save(from));
    to.migration().orElseThrow().running(true);

    assertThat(read(to, CONFIG, STATUS, 4)).isEqualTo(1 << 30);
    assertThat(read(to, CONFIG, CONTROL, 4)).isEqualTo(13);
    assertThat(read(to, CONFIG, 0x8c, 4) & 0x200).as("DL out of reset").isEqualTo(0x200);
    assertThat(read(to, 0, 0x10500, 8)).as("fence status").isZero();
  }

  private Npu2Link link() {
    Npu2Chip chip =
        new Npu2Chip(
            "npu",
            List.of(new Npu2Chip.Wiring(0, 0, PhyFault.NONE)),
            () -> now,
            0,
            ErrorRegisters.PES,
            new ShootdownJournal());
    return new Npu2Link(
        new HostBdf(0, 0, 0, 0),
        chip.brick(0),
        true,
        0,
        0,
        new AddressSpace("npu", Long.MAX_VALUE),
        chip.atsd(0),
        (index, offset, brick) -> {});
  }

  @Test
  void aProcedureGoesOnWhereItWas() throws IOException {
    Npu2Link source = link();
    Npu2Link target = link();
    SavableDevice saved = new SavableDevice(source.wholeState());
    SavableDevice restored = new SavableDevice(target.wholeState());
    source.config().write(CONTROL, 4, 4);
    assertThat(source.config().read(STATUS, 4)).isEqualTo(1L << 31);
    saved.running(false);
    restored.running(false);
    now += 1_000_000_000_000L;

    try (WritableByteChannel into = restored.restore()) {
      into.write(ByteBuffer.wrap(bytes(saved.save())));
    }

    assertThat(target.config().read(STATUS, 4)).as("time stands still").isEqualTo(1L << 31);
    restored.running(true);
    assertThat(target.config().read(STATUS, 4)).isEqualTo(1L << 31);
    now += 2_000;
    assertThat(target.config().read(STATUS, 4)).isEqualTo(1L << 30);
  }

  private static int find(byte[] state, String name) {
    for (int at = 0; at + 8 < state.length; at++) {
      if (new String(state, at, name.length(), java.nio.charset.StandardCharsets.US_ASCII)
          .equals(name)) {
        return at + 8;
      }
    }
    throw new AssertionError("No record " + name);
  }

  @ParameterizedTest
  @CsvSource({
    "brick, 0, 1, fence 0x1",
    "brick, 5, 1, flags 0x",
    "train, 0, 2, procedure 2",
    "train, 4, 9, in step 9",
    "train, 9, 1, with status 0x",
    "atsd, 16, 8, flags 0x8",
    "atsd, 8, 1, AVA 0x1",
    "windows, 0, 4, BAR",
    "config, 0, 1, configuration space at 0x0",
    "config, 140, 1, configuration space at 0x8c"
  })
  void whatNoBridgeCanBeIsRefused(String record, int at, int value, String message)
      throws IOException {
    byte[] state = save(from);
    state[find(state, record) + at] = (byte) value;
    train(to, TRAINING.length);

    assertThatThrownBy(() -> restore(to, state))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);

    assertThat(read(to, CONFIG, CONTROL, 4)).as("cleared").isZero();
    assertThat(read(to, 0, 0x10500, 8)).as("fenced").isEqualTo(0xc0L);
  }
}
