package org.nvlink2vmm.vmm.vfio.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.memory.RamBlock;

/** The stream of a device's state: what is saved comes back, and nothing else is taken. */
final class StateStreamTest {
  private static final long MEMORY = 1L << 34;
  private static final int PAGE = StateFormat.PAGE;

  private final List<Toy> toys = new ArrayList<>();

  @AfterEach
  void close() {
    toys.forEach(toy -> toy.memory.close());
  }

  /** Two records and a sparse memory of 16 GiB. */
  private static final class Toy implements DeviceState {
    final RamBlock memory;
    final Bytes small = new Bytes("small", 13);
    final Bytes large = new Bytes("largest8", 70_000);
    String kind = "toy";
    int cleared;

    Toy(long size) {
      memory = RamBlock.ofShareable("toy", size);
    }

    @Override
    public String kind() {
      return kind;
    }

    @Override
    public List<StateRecord> records() {
      return List.of(small, large);
    }

    @Override
    public Optional<RamBlock> memory() {
      return Optional.of(memory);
    }

    @Override
    public void running(boolean run) {}

    @Override
    public void clear() {
      cleared++;
      Arrays.fill(small.bytes, (byte) 0);
      Arrays.fill(large.bytes, (byte) 0);
      memory.zero();
    }
  }

  /** Bytes of which the first must not be 0xff. */
  private static final class Bytes implements StateRecord {
    final String name;
    final byte[] bytes;

    Bytes(String name, int size) {
      this.name = name;
      bytes = new byte[size];
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int size() {
      return bytes.length;
    }

    @Override
    public void save(ByteBuffer target) {
      target.put(bytes);
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      if (source.get(0) == -1) {
        throw new StateException("0xff is no state");
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      source.get(bytes);
    }
  }

  private Toy toy() {
    Toy toy = new Toy(MEMORY);
    toys.add(toy);
    return toy;
  }

  private static void randomize(Toy toy, Random random) {
    random.nextBytes(toy.small.bytes);
    random.nextBytes(toy.large.bytes);
    toy.small.bytes[0] = 1;
    toy.large.bytes[0] = 2;
    for (int i = random.nextInt(20); i > 0; i--) {
      byte[] some = new byte[1 + random.nextInt(3 * PAGE)];
      random.nextBytes(some);
      long at = random.nextLong(MEMORY - some.length);
      toy.memory.segment().asSlice(at, some.length).asByteBuffer().put(some);
    }
  }

  /** Reads a state in random pieces. */
  private static byte[] save(DeviceState state, Random random) throws IOException {
    var bytes = new java.io.ByteArrayOutputStream();
    try (ReadableByteChannel channel = new SavedState(state)) {
      while (true) {
        ByteBuffer piece = ByteBuffer.allocate(1 + random.nextInt(100_000));
        if (channel.read(piece) < 0) {
          return bytes.toByteArray();
        }
        bytes.write(piece.array(), 0, piece.position());
      }
    }
  }

  /** Writes a state in random pieces. */
  private static void restore(DeviceState state, byte[] bytes, Random random) throws IOException {
    try (WritableByteChannel channel = new RestoredState(state)) {
      for (int at = 0; at < bytes.length; ) {
        int size = Math.min(bytes.length - at, 1 + random.nextInt(50_000));
        channel.write(ByteBuffer.wrap(bytes, at, size));
        at += size;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whatIsSavedIsRestoredToTheLastByte(long seed) throws IOException {
    Random random = new Random(seed);
    Toy from = toy();
    Toy to = toy();
    randomize(from, random);
    randomize(to, random);
    byte[] saved = save(from, random);

    restore(to, saved, random);

    assertThat(to.small.bytes).isEqualTo(from.small.bytes);
    assertThat(to.large.bytes).isEqualTo(from.large.bytes);
    assertThat(save(to, random)).as("seed %d", seed).isEqualTo(saved);
  }

  @Test
  void memoryThatWasOnlyReadIsNotSaved() throws IOException {
    Toy toy = toy();
    byte[] empty = save(toy, new Random(1));
    toy.memory.segment().asSlice(1 << 20, 1 << 20).mismatch(toy.memory.segment());
    toy.memory.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, 5L * PAGE, (byte) 0);

    assertThat(save(toy, new Random(1))).isEqualTo(empty);
    assertThat(empty).hasSizeLessThan(71_000);
  }

  @Test
  void noCallLooksThroughAllOfAMemoryThatIsZero() throws IOException {
    Toy toy = toy();
    toy.memory.segment().asSlice(1L << 30, 80 << 20).fill((byte) 0);
    ByteBuffer stream = ByteBuffer.allocate(1 << 18);

    try (ReadableByteChannel channel = new SavedState(toy)) {
      assertThat(channel.read(stream)).as("some zeros are sent").isEqualTo(1 << 18);
      while (channel.read(stream) >= 0) {
        stream = ByteBuffer.allocate(stream.capacity() + (1 << 18)).put(stream.flip());
      }
    }

    Toy to = toy();
    restore(to, Arrays.copyOf(stream.array(), stream.position()), new Random(1));
    assertThat(to.memory.nextTouched(0)).as("and not kept").isEqualTo(MEMORY);
  }

  @Test
  void neighbouringPagesGoTogetherAndALargePieceIsSplit() throws IOException {
    Toy toy = toy();
    toy.memory.segment().asSlice(PAGE, (2 << 20) + PAGE).fill((byte) 7);

    byte[] saved = save(toy, new Random(1));
    int bare = StateFormat.HEADER + 3 * StateFormat.PREFIX + 13 + 70_000;

    assertThat(saved).hasSize(bare + 3 * StateFormat.PREFIX + (2 << 20) + PAGE);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 55, 56, 57, 71, 72, 84, 85, 70_000, -1, -16, -17})
  void aStreamThatEndsEarlyLeavesTheDeviceClear(int length) throws IOException {
    Toy from = toy();
    randomize(from, new Random(3));
    byte[] saved = save(from, new Random(3));
    Toy to = toy();
    randomize(to, new Random(4));
    int size = length < 0 ? saved.length + length : length;

    assertThatThrownBy(() -> restore(to, Arrays.copyOf(saved, size), new Random(5)))
        .isInstanceOf(StateException.class)
        .hasMessage("the state ends after " + size + " bytes");

    assertClear(to);
  }

  private void assertClear(Toy toy) throws IOException {
    assertThat(save(toy, new Random(1))).isEqualTo(save(toy(), new Random(1)));
  }

  @ParameterizedTest
  @CsvSource({
    "0, no saved state: magic",
    "8, a state of version",
    "12, a state of version",
    "16, the state of a device with 0x4000000ff bytes of memory",
    "24, expected \"toy\"",
    "30, expected \"toy\"",
    "56, a piece of type 0xff",
    "60, 'record \"small\" of 255 bytes, expected 13'",
    "64, expected \"small\"",
    "72, 0xff is no state",
    "85, a piece of type 0xff",
    "93, expected \"largest8\""
  })
  void aFieldThatIsWrongIsNamed(int at, String message) throws IOException {
    Toy from = toy();
    byte[] saved = save(from, new Random(1));
    saved[at] = (byte) 0xff;

    assertRefused(saved, message);
  }

  private void assertRefused(byte[] stream, String message) throws IOException {
    Toy to = toy();
    randomize(to, new Random(2));
    assertThatThrownBy(() -> restore(to, stream, new Random(3)))
        .isInstanceOf(StateException.class)
        .hasMessageContaining(message);
    assertClear(to);
  }

  @Test
  void aByteThatChangedUnderwayIsNoticed() throws IOException {
    Toy from = toy();
    byte[] saved = save(from, new Random(1));
    saved[200] ^= 1;

    assertRefused(saved, "checksum");
  }

  @Test
  void bytesBehindTheEndAreRefused() throws IOException {
    byte[] saved = save(toy(), new Random(1));

    assertRefused(Arrays.copyOf(saved, saved.length + 1), "1 bytes follow the end");
  }

  /** A stream with pieces of memory that no device would send, and a checksum that is right. */
  private byte[] withMemory(long... sizesAndOffsets) throws IOException {
    byte[] saved = save(toy(), new Random(1));
    ByteBuffer stream = ByteBuffer.allocate(4 << 20).order(ByteOrder.LITTLE_ENDIAN);
    stream.put(saved, 0, saved.length - StateFormat.PREFIX);
    long sum = 0;
    for (int i = 0; i < sizesAndOffsets.length; i += 2) {
      int size = (int) sizesAndOffsets[i];
      stream.putInt(StateFormat.PAGES).putInt(size).putLong(sizesAndOffsets[i + 1]);
      if (size > 0 && size <= StateFormat.MOST_PAGES) {
        stream.position(stream.position() + size);
        sum += size;
      }
    }
    CRC32C crc = new CRC32C();
    crc.update(stream.duplicate().flip());
    stream.putInt(StateFormat.END).putInt((int) crc.getValue()).putLong(sum);
    return Arrays.copyOf(stream.array(), stream.position());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 0",
    "4095, 0",
    "-4096, 0",
    "1052672, 0",
    "2147483647, 0",
    "4096, 1",
    "4096, -4096",
    "4096, 17179869184",
    "8192, 17179865088",
    "4096, 9223372036854771712"
  })
  void memoryOutsideOfTheDevicesIsRefused(long size, long offset) throws IOException {
    assertRefused(withMemory(size, offset), "the device has 0x400000000");
  }

  @Test
  void memoryThatComesTwiceOrBackwardsIsRefused() throws IOException {
    assertRefused(withMemory(PAGE, PAGE, PAGE, PAGE), "memory at 0x1000 after memory up to 0x2000");
    assertRefused(withMemory(2 * PAGE, 0, PAGE, PAGE), "memory at 0x1000");
    assertRefused(withMemory(PAGE, 8 * PAGE, PAGE, 0), "memory at 0x0");
    Toy good = toy();
    restore(good, withMemory(PAGE, 0, PAGE, PAGE, PAGE, MEMORY - PAGE), new Random(1));
  }

  @Test
  void anEndThatAnnouncesOtherMemoryIsRefused() throws IOException {
    byte[] saved = save(toy(), new Random(1));
    saved[saved.length - 1] = 1;

    assertRefused(saved, "bytes of memory were announced");
  }

  @Test
  void theStateOfAnotherKindOrSizeIsRefused() throws IOException {
    Toy other = toy();
    other.kind = "toy2";
    assertRefused(save(other, new Random(1)), "the state of a \"toy2\", expected \"toy\"");
    Toy smaller = new Toy(MEMORY / 2);
    toys.add(smaller);
    assertRefused(save(smaller, new Random(1)), "0x200000000 bytes of memory, expected");
  }

  @Test
  void afterARefusalNothingMoreIsTaken() throws IOException {
    Toy to = toy();
    WritableByteChannel channel = new RestoredState(to);
    assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(56)))
        .isInstanceOf(StateException.class);
    assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
        .hasMessage("the state was refused before");
    assertThatThrownBy(channel::close).hasMessage("the state was refused before");
    assertThat(to.cleared).isEqualTo(2);
  }

  @Test
  void randomDamageIsNeverTaken() throws IOException {
    Toy from = toy();
    randomize(from, new Random(9));
    byte[] saved = save(from, new Random(9));
    Toy to = new Toy(MEMORY);
    toys.add(to);
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] damaged = saved.clone();
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
      }
      if (!Arrays.equals(damaged, saved)) {
        assertThatThrownBy(() -> restore(to, damaged, random))
            .as("seed %d", seed)
            .isInstanceOf(StateException.class);
      }
    }
    assertClear(to);
  }

  @Test
  void aRunningDeviceIsNeitherSavedNorRestored() throws IOException {
    SavableDevice device = new SavableDevice(toy());
    assertThatThrownBy(device::save).isInstanceOf(StateException.class);
    assertThatThrownBy(device::restore).isInstanceOf(StateException.class);
    device.running(false);
    device.save().close();
  }
}
