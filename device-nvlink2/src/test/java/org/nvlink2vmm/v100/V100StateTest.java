package org.nvlink2vmm.v100;

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
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** A V100's state taken out and put into another one. */
final class V100StateTest {
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long PTIMER_LOW = 0x9400;
  private static final int CONFIG = 7;

  /** Registers that keep what is written, among others. */
  private static final int[] STORAGE = {
    0x160, 0x164, 0x180, 0x200, 0x204, 0x1100, 0x1140, 0x1580, 0x15fc, 0x1700, 0x1714, 0x9084,
    0x9140, 0x9480, 0x100cbc, 0x12004c, 0x122204, 0xa00148, 0x88004
  };

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment word = arena.allocate(4);
  private final VfioDevice from = device("v100-sxm2-16gb");
  private final VfioDevice to = device("v100-sxm2-16gb");

  private static VfioDevice device(String model) {
    return new V100Plugin()
        .described(
            "gpu",
            new DeviceOptions("d.vfio", Map.of("tgt", 0x40000000000L, "ram", 16L << 30)),
            new DeviceOptions("d", Map.of("model", model)));
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
    arena.close();
  }

  private int read(VfioDevice device, int region, long offset) {
    assertThat(device.read(region, offset, word)).isEqualTo(4);
    return word.get(WORD, 0);
  }

  private void write(VfioDevice device, int region, long offset, int value) {
    word.set(WORD, 0, value);
    device.write(region, offset, word);
  }

  private static byte[] save(VfioDevice device) throws IOException {
    Migratable migration = device.migration().orElseThrow();
    migration.running(false);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ReadableByteChannel channel = migration.save()) {
      ByteBuffer piece = ByteBuffer.allocate(65_537);
      while (channel.read(piece.clear()) >= 0) {
        bytes.write(piece.array(), 0, piece.position());
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

  /** Random writes to registers, configuration space and memory, as a guest may make them. */
  private void live(VfioDevice device, Random random) {
    for (int i = 0; i < 200; i++) {
      write(device, 0, STORAGE[random.nextInt(STORAGE.length)], random.nextInt());
      write(device, CONFIG, 4L * random.nextInt(1024), random.nextInt());
    }
    for (int i = 0; i < 20; i++) {
      write(device, 1, 4 * random.nextLong(4L << 30), random.nextInt());
      write(device, 3, 4 * random.nextLong(8 << 20), random.nextInt());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void anotherDeviceBecomesTheSame(long seed) throws IOException {
    Random random = new Random(seed);
    live(from, random);
    live(to, random);

    byte[] state = save(from);
    restore(to, state);

    assertThat(save(to)).as("seed %d", seed).isEqualTo(state);
    for (int offset : STORAGE) {
      assertThat(read(to, 0, offset)).isEqualTo(read(from, 0, offset));
    }
    for (int offset = 0; offset < 4096; offset += 4) {
      assertThat(read(to, CONFIG, offset)).isEqualTo(read(from, CONFIG, offset));
    }
    RegionBacking.Direct memory = (RegionBacking.Direct) from.backing(3);
    RegionBacking.Direct restored = (RegionBacking.Direct) to.backing(3);
    assertThat(memory.segment().mismatch(restored.segment())).isEqualTo(-1);
  }

  @Test
  void untouchedMemoryCostsNothing() throws IOException {
    write(from, 1, 8L << 30, 0x12345678);

    byte[] state = save(from);
    restore(to, state);

    assertThat(state).hasSizeLessThan(16_384);
    assertThat(read(to, 1, 8L << 30)).isEqualTo(0x12345678);
  }

  @Test
  void theTimerGoesOnFromWhereItWas() throws IOException {
    byte[] state = save(from);
    int stopped = read(from, 0, PTIMER_LOW);
    assertThat(read(from, 0, PTIMER_LOW)).isEqualTo(stopped);

    restore(to, state);

    assertThat(read(to, 0, PTIMER_LOW)).isEqualTo(stopped);
    to.migration().orElseThrow().running(true);
    while (read(to, 0, PTIMER_LOW) == stopped) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theStateOfAnotherModelIsRefused() throws IOException {
    VfioDevice larger = device("v100-sxm2-32gb");
    byte[] state = save(larger);
    larger.close();

    assertThatThrownBy(() -> restore(to, state))
        .isInstanceOf(IOException.class)
        .hasMessage("the state of a \"v100-sxm2-32gb\", expected \"v100-sxm2-16gb\"");
  }

  @Test
  void aRefusedStateLeavesADeviceAsAfterPowerOn() throws IOException {
    byte[] fresh = save(device("v100-sxm2-16gb"));
    write(from, 1, 0x5000, 1);
    byte[] state = save(from);
    state[state.length - 5] ^= 1;
    write(to, 1, 0x7000, 7);
    write(to, 0, 0x1700, 7);

    assertThatThrownBy(() -> restore(to, state)).isInstanceOf(IOException.class);

    byte[] after = save(to);
    assertThat(after).hasSameSizeAs(fresh);
    assertThat(read(to, 1, 0x7000)).isZero();
    assertThat(read(to, 1, 0x5000)).isZero();
    assertThat(read(to, 0, 0x1700)).isZero();
  }

  /** Where a record's bytes begin. */
  private static int find(byte[] state, String name) {
    for (int at = 0; at + 8 < state.length; at++) {
      if (new String(state, at, name.length(), java.nio.charset.StandardCharsets.US_ASCII)
          .equals(name)) {
        return at + 8;
      }
    }
    throw new AssertionError("No record " + name);
  }

  @Test
  void readOnlyConfigurationBitsMustFit() throws IOException {
    byte[] state = save(from);
    state[find(state, "config")] ^= 1;

    assertThatThrownBy(() -> restore(to, state))
        .hasMessageContaining("configuration space at 0x0 is 0x1db110df");
  }

  @Test
  void bitsThatARegisterDoesNotHaveAreRefused() throws IOException {
    write(from, 0, 0x204, 0);
    byte[] state = save(from);
    int at = find(state, "bar0");
    ByteBuffer record = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
    while (record.getInt(at) != 0x204) {
      at += 8;
    }
    record.putInt(at + 4, -1);

    assertThatThrownBy(() -> restore(to, state)).hasMessageContaining("0x000204");
  }
}
